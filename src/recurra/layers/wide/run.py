"""Linear log-odds of n-grams, running in NumPy: ragged token ids -> (sequences, 1).

Not here: where the weights come from (a linear rival's log-odds, hashed once after it was fitted).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recurra.batches import Ragged
from recurra.layers.specs import WideSpec
from recurra.layers.types import Floats, Ids, Weights

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 / golden ratio (Knuth, TAOCP 3, 6.4): multiplicative hashing spreads neighbouring ids."""


def wide(spec: WideSpec, weights: Weights, ids: Ragged[Ids]) -> Floats:
    """Add up the weights of each sequence's distinct n-grams, and the bias."""
    table, rows = weights["weight"], []
    for row in range(ids.sequences):
        places = buckets(ids.values[ids.offsets[row] : ids.offsets[row + 1]], spec)
        rows.append(table[places].sum(dtype=np.float64))
    return (np.array(rows)[:, None] + weights["bias"]).astype(table.dtype)


def buckets(ids: Ids, spec: WideSpec) -> NDArray[np.int64]:
    """Return the distinct buckets of all 1- to `longest`-grams of one sequence, sorted."""
    keys = [np.zeros(0, np.uint64)]
    words = ids.astype(np.uint64) + np.uint64(1)
    gram = np.zeros(len(words), np.uint64)
    with np.errstate(over="ignore"):
        for length in range(min(spec.longest, len(words))):
            gram = (gram[: len(words) - length] * MULTIPLIER) ^ words[length:]
            keys.append(gram * MULTIPLIER)
    mixed = np.concatenate(keys)
    return np.unique(((mixed >> np.uint64(32)) % np.uint64(spec.buckets)).astype(np.int64))
