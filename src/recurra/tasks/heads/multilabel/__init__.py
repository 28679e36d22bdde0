"""Any number of labels for each text as an answer.

Not here: names; import each from its own file.
"""
