"""Tables of series: columns, times, numbers and rhythms of files and frames, checked and cut into series.

Not here: opening files, windows and scalers. Import each name from the module that defines it.
"""
