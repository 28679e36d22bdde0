"""One of several classes in an order as an answer.

Not here: names; import each from its own file.
"""
