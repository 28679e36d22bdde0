"""An encoder gets used to texts without labels: its states guess the words beside each word.

Not here: what it is used for afterwards (heads/classes/).
"""
