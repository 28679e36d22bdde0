"""Linear scores of n-grams beside a net.

Not here: names; import each from its own file.
"""
