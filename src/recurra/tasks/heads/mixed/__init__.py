"""Losses of texts whose vectors are moved, and of texts without labels.

Not here: those of labelled texts (heads/classes/).
"""
