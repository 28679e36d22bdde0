"""The output layer of a language model that shares the embedding's table, running in NumPy.

Not here: learning.
"""

from __future__ import annotations

from recurra.layers.types import Floats, Weights


def tied(weights: Weights, hidden: Floats, table: Floats) -> Floats:
    """Score all words: (rows, size) -> (rows, words)."""
    return hidden @ table.T + weights["bias"][:, 0]
