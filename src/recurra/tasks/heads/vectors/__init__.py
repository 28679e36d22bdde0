"""Vectors as answers: texts of like meaning lie near each other.

Not here: names; import each from its own file.
"""
