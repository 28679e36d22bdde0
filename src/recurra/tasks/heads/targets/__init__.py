"""What heads share whose net gives a column for each target: regression, several labels, classes in order.

Not here: names; import each from its own file.
"""
