"""A trained net as one header and one source in C99, without allocation: for microcontrollers, audio, other languages.

Not here: the command (cli/exporting.py), and a cell's step in C (cells/backends/c.py).
"""
