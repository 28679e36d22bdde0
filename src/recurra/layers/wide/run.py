"""Linear log-odds of n-grams, running in NumPy: ragged token ids -> (sequences, 1).

Not here: where the weights come from (learn.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recurra.batches import Ragged
from recurra.layers.specs import WideSpec
from recurra.layers.types import Floats, Ids, Weights

PLACES = 2**24
"""Where n-grams are hashed to."""
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 / golden ratio (Knuth, TAOCP 3, 6.4): multiplicative hashing spreads neighbouring ids."""


def wide(spec: WideSpec, weights: Weights, ids: Ragged[Ids]) -> Floats:
    """Log-odds of each sequence: Σ weight / √(Σ square) over its distinct known n-grams, plus the bias."""
    owners, places = ngrams(ids, spec.longest)
    known = weights["place"].astype(np.int64)
    found = np.minimum(np.searchsorted(known, places), len(known) - 1)
    hit = known[found] == places
    rows, chosen = owners[hit], found[hit]
    sums, squares = (
        np.bincount(rows, weights=weights[name][chosen].astype(np.float64), minlength=ids.sequences)
        for name in ("weight", "square")
    )
    odds = sums / np.sqrt(np.maximum(squares, 1e-12)) + weights["bias"]
    return odds[:, None].astype(weights["weight"].dtype)


def ngrams(ids: Ragged[Ids], longest: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct places of each sequence's 1- to `longest`-grams: which sequence, which place; sorted."""
    owner = ids.owners()
    words = ids.values.astype(np.uint64) + np.uint64(1)
    gram = np.zeros(len(words), np.uint64)
    keys = [np.zeros(0, np.uint64)]
    with np.errstate(over="ignore"):
        for length in range(min(longest, len(words))):
            gram = (gram[: len(words) - length] * MULTIPLIER) ^ words[length:]
            inside = owner[: len(words) - length] == owner[length:]
            hashed = ((gram * MULTIPLIER) >> np.uint64(40)) % np.uint64(PLACES)
            keys.append((owner[: len(words) - length].astype(np.uint64) * np.uint64(PLACES) + hashed)[inside])
    distinct = np.unique(np.concatenate(keys)).astype(np.int64)
    return distinct // PLACES, distinct % PLACES
