"""Streams that are read on: which key's state is kept, and what is answered to each line.

Not here: reading lines (datasets), and telling the answers (cli/streaming.py).
"""
