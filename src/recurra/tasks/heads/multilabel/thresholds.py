"""Thresholds of labels that are best for F1.

Not here: what they are chosen on (finish.py, measure.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEWEST = 10
"""Rows of a label from which on it has a threshold of its own."""
LEAST = 0.02
"""Below it a label is never said: of rare labels alone F1 would say it of every row."""


def best_thresholds(
    wanted: NDArray[np.bool_], shares: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return the threshold of each label (labels,) of best F1 on these rows: wanted and shares are (rows, labels).

    Rows count by their `weights` (rows,), where there are any.
    """
    rows = np.ones(len(wanted)) if weights is None else weights
    together = _best(wanted.ravel(), shares.ravel(), np.repeat(rows, wanted.shape[1]))
    return np.array(
        [
            _best(wanted[:, label], shares[:, label], rows) if wanted[:, label].sum() >= FEWEST else together
            for label in range(wanted.shape[1])
        ]
    )


def _best(wanted: NDArray[np.bool_], shares: NDArray[np.float64], rows: NDArray[np.float64]) -> float:
    order = np.argsort(-shares, kind="stable")
    hits = np.cumsum((wanted * rows)[order])
    # With the first n rows said: 2 TP / (n + all that are so).
    f1 = 2 * hits / (np.cumsum(rows[order]) + (wanted * rows).sum())
    # Rows of one probability are said together: F1 counts where the next row has another.
    last = np.append(np.diff(shares[order]) != 0, True)
    best = int(np.where(last, f1, -1.0).argmax())
    high = shares[order][best]
    low = shares[order][best + 1] if best + 1 < len(order) else 0.0
    # Half-way to the next row: the row itself would be lost by rounding.
    return float(np.clip((high + low) / 2, LEAST, 1.0)) if hits[-1] else 0.5
