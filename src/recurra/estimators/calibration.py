"""The temperature that makes a classifier's probabilities honest.

Not here: measuring calibration (metrics.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.metrics import log_loss
from recurra.nets.run import softmax


def best_temperature(logits: NDArray[Any], targets: NDArray[np.int64]) -> float:
    """Return the temperature of lowest log loss on a grid of ratios 1.05 between 0.2 and 20 (Guo et al. 2017)."""
    grid = 1.05 ** np.arange(-33, 62)
    losses = [log_loss(targets, softmax(logits.astype(np.float64) / value)) for value in grid]
    return float(round(grid[int(np.argmin(losses))], 4))
