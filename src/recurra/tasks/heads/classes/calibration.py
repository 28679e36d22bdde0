"""The temperature that makes a classifier's probabilities honest, and when the validation part cannot tell it.

Not here: measuring calibration (metrics.py).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recurra.metrics import log_loss
from recurra.nets.run import softmax

GRID = 1.05 ** np.arange(-33, 62)
"""Temperatures that are tried: 0.2 to 20."""
FEWEST = 20
"""Validation rows below which nothing is fitted on them."""


class Temperature(NamedTuple):
    """What divides the logits; where it is 1 because none could be fitted, why."""

    value: float
    reason: str = ""
    doubtful: bool = False
    """Whether that is worth a warning: few rows alone are not."""

    @property
    def told(self) -> list[str]:
        """The reason as a line, where there is one."""
        return [f"no temperature was fitted, probabilities are the net's own: {self.reason}"] if self.reason else []


def fit_temperature(logits: NDArray[Any], targets: NDArray[np.int64]) -> Temperature:
    """Return the best temperature; or 1, and why there is none.

    Where every row is right a lower temperature is better for ever, and where a class has no row nobody pays for being
    too sure of the others: the loss then falls to the end of what is tried, which is no minimum.
    """
    reason = unfit(targets, classes=logits.shape[1])
    if reason:
        return Temperature(1.0, reason, doubtful=_absent(targets, logits.shape[1]) > 0)
    temperature = best_temperature(logits, targets)
    if GRID[0] < temperature < GRID[-1]:
        return Temperature(temperature)
    falling = f"the loss on the validation part falls as far as was tried, {GRID[0]:.1f} to {GRID[-1]:.0f}"
    return Temperature(1.0, falling, doubtful=True)


def unfit(targets: NDArray[np.int64], *, classes: int) -> str:
    """Tell why nothing may be fitted on a validation part; empty: it may."""
    absent = _absent(targets, classes)
    if absent:
        return f"the validation part has no row of {absent} of {classes} classes"
    return f"the validation part has {len(targets)} rows, {FEWEST} are needed" if len(targets) < FEWEST else ""


def _absent(targets: NDArray[np.int64], classes: int) -> int:
    return int((np.bincount(targets, minlength=classes) == 0).sum())


def best_temperature(logits: NDArray[Any], targets: NDArray[np.int64]) -> float:
    """Return the temperature of lowest log loss on a grid of ratios 1.05 between 0.2 and 20 (Guo et al. 2017)."""
    losses = [log_loss(targets, softmax(logits.astype(np.float64) / value)) for value in GRID]
    best = int(np.argmin(losses))
    # The grid's ends stay what they are, so that they can be told from what lies within.
    return float(GRID[best] if best in (0, len(GRID) - 1) else round(GRID[best], 4))
