"""Records (history, scores, settings) become one self-contained HTML page and the same as JSON.

Not here: nets, data sets or measuring; a report is told plain numbers and texts.
"""
