"""Numbers as answers.

Not here: names; import each from its own file.
"""
