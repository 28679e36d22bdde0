"""Linear log-odds of n-grams, as a record and in NumPy: ragged token ids -> (sequences, 1).

Not here: where the weights come from (learn.py).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from recurra.batches import Ragged
from recurra.layers.layer import Floats, LayerSpec, Shapes, TokenIds, Weights

PLACES = 2**24
"""Where n-grams are hashed to."""
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 / golden ratio (Knuth, TAOCP 3, 6.4): multiplicative hashing spreads neighbouring ids."""


class WideSpec(LayerSpec):
    """Linear log-odds of n-grams beside the net: hashed n-grams of token ids -> (sequences, 1).

    N-grams are hashed into 2^24 places, of which only the `entries` that were learnt are kept; 2^24 because a place is
    then exact in float32, the one type of all weights.
    """

    kind: Literal["wide"] = "wide"
    entries: int = Field(ge=1, le=2**24)
    longest: int = Field(default=3, ge=1, le=5)

    def weights(self) -> Shapes:
        """Return names and shapes of the weights."""
        kept = (self.entries,)
        return {"place": kept, "weight": kept, "square": kept, "bias": (1,)}

    @property
    def outputs(self) -> int:
        """Features that come out."""
        return 1


def wide(spec: WideSpec, weights: Weights, ids: Ragged[TokenIds]) -> Floats:
    """Log-odds of each sequence: Σ weight / √(Σ square) over its distinct known n-grams, plus the bias."""
    return odds(weights, *ngrams(ids, spec.longest), ids.sequences)


def odds(weights: Weights, owners: NDArray[np.int64], places: NDArray[np.int64], sequences: int) -> Floats:
    """Log-odds of so many sequences by the distinct places of their n-grams: (sequences, 1)."""
    known = weights["place"].astype(np.int64)
    # Places were saved in ascending order; one that is larger than all would point behind the end.
    found = np.minimum(np.searchsorted(known, places), len(known) - 1)
    hit = known[found] == places
    rows, chosen = owners[hit], found[hit]
    sums, squares = (
        np.bincount(rows, weights=weights[name][chosen].astype(np.float64), minlength=sequences)
        for name in ("weight", "square")
    )
    # As if each text were a vector of length 1 in the weighted features; a text of no known n-gram gets the bias.
    told = sums / np.sqrt(np.maximum(squares, 1e-12)) + weights["bias"]
    return told[:, None].astype(weights["weight"].dtype)


def ngrams(ids: Ragged[TokenIds], longest: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct places of each sequence's 1- to `longest`-grams: which sequence, which place; sorted."""
    owner = ids.owners()
    # From 1 on: a key of 0 times anything would forget the word.
    words = ids.values.astype(np.uint64) + np.uint64(1)
    gram = np.zeros(len(words), np.uint64)
    keys = [np.zeros(0, np.uint64)]
    # Products modulo 2^64 are what is wanted.
    with np.errstate(over="ignore"):
        for length in range(min(longest, len(words))):
            # Each round makes all n-grams one token longer, for every place in all texts at once.
            gram = (gram[: len(words) - length] * MULTIPLIER) ^ words[length:]
            # An n-gram must not begin in one text and end in the next.
            inside = owner[: len(words) - length] == owner[length:]
            # The highest bits of a product are its best mixed ones.
            hashed = ((gram * MULTIPLIER) >> np.uint64(40)) % np.uint64(PLACES)
            # Text and place in one number, so that one `unique` sorts both and drops what comes twice.
            keys.append((owner[: len(words) - length].astype(np.uint64) * np.uint64(PLACES) + hashed)[inside])
    distinct = np.unique(np.concatenate(keys)).astype(np.int64)
    return distinct // PLACES, distinct % PLACES
