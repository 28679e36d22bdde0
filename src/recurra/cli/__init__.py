"""The command line: results on stdout, talk on stderr; the only place that prints.

Not here: work. Each command calls the library and shows what comes back.
"""
