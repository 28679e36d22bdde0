"""The data sets known by name: what they are, how they come here, and their rows; and made-up reviews.

Not here: files of users. Import each name from the module that defines it.
"""
