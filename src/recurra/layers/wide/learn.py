"""Linear log-odds of n-grams, learning: an NB-SVM fitted in one go on hashed n-grams, not by gradient steps.

Not here: how much the log-odds count beside the net (estimators/wide.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recurra.batches import Ragged
from recurra.errors import DataError
from recurra.layers.layer import TokenIds, Weights
from recurra.layers.wide.run import WideSpec, ngrams

SEEN = 2
"""Texts that must hold an n-gram for it to be learnt."""


class Fitted(NamedTuple):
    """What a linear fit over 0/1 features gives: log-odds = f · weights / √(f · squares) + bias."""

    weights: NDArray[np.float64]
    squares: NDArray[np.float64]
    bias: float


def learn_wide(
    ids: Ragged[TokenIds],
    positive: NDArray[np.bool_],
    *,
    fit: Callable[[Any, NDArray[np.bool_]], Any],
    longest: int = 3,
) -> tuple[WideSpec, Weights]:
    """Fit log-odds of the positive class on whole, untruncated texts; `fit` takes a CSR matrix (texts, n-grams)."""
    from scipy.sparse import csr_matrix

    owners, places = ngrams(ids, longest)
    kept, columns, counts = np.unique(places, return_inverse=True, return_counts=True)
    # An n-gram of one text alone names that text; its log-odds would be learnt by heart.
    often = counts >= SEEN
    if not often.any():
        raise DataError(f"no n-gram stands in {SEEN} texts", advice="give more texts, or leave wide out")
    # Numbers the kept places one after another: kept place -> its column.
    column = np.cumsum(often) - 1
    chosen = often[columns]
    cells = (owners[chosen].astype(np.int32), column[columns[chosen]].astype(np.int32))
    matrix = csr_matrix((np.ones(len(cells[0])), cells), shape=(ids.sequences, int(often.sum())))
    fitted = Fitted(*fit(matrix, positive))
    weights: Weights = {
        # Exact: places are below 2^24, and float32 holds every whole number up to there.
        "place": kept[often].astype(np.float32),
        "weight": fitted.weights.astype(np.float32),
        "square": fitted.squares.astype(np.float32),
        "bias": np.array([fitted.bias], np.float32),
    }
    return WideSpec(entries=int(often.sum()), longest=longest), weights
