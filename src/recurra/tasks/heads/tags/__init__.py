"""A tag for each token as an answer.

Not here: names; import each from its own file.
"""
