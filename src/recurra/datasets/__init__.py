"""Data in: files and folders become texts with labels, token text or long series frames; and the splits of them.

Not here: tokens, scalers and windows. Import each name from the module that defines it.
"""
