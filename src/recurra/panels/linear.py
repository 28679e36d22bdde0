"""A linear forecast of long series that share a scale: ridge regression of what came on what stood in the window.

One window in spreads of all values tells each coming step by a row of weights (Zeng et al. 2023 show how far that
goes). Not here: nets, which learn more of more series, and what it counts beside them (blend.py).
"""

from __future__ import annotations

import numpy as np

from recurra.layers.layer import Floats
from recurra.panels.series import Panel, Values
from recurra.panels.windows import windows_at

MOST = 40_000
"""Windows that are fitted on, at most: further ones overlap with these."""
PENALTY = 2e-3
"""Of the squared weights, a window; five times less or fifty times more make no difference on long series."""
ENOUGH = 10
"""Windows for each weight of a step, at least."""


def fits_line(panel: Panel, *, length: int, horizon: int) -> bool:
    """Tell whether a panel has enough windows of so many values for a linear forecast."""
    return int(_counts(panel, length, horizon).sum()) >= ENOUGH * length


def line_of(
    panel: Panel, *, length: int, horizon: int, season: int, among: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Return weights (horizon, length) and bias (horizon,), float32, of windows in spreads around a mean (`among`).

    The bias is 0: a free one learns where values went to in these months, and they come back to their mean.
    """
    counts = _counts(panel, length, horizon)
    rows = np.repeat(np.arange(len(panel)), counts)
    origins = length + np.concatenate([np.arange(count) for count in counts])
    every = -(-len(rows) // MOST)
    cut = windows_at(panel, rows[::every], origins[::every], length=length, horizon=horizon, season=season)
    mean, spread = among
    read, told = (cut.contexts - mean) / spread, (cut.targets - mean) / spread
    held = PENALTY * len(read) * np.eye(length)
    weights = np.linalg.solve(read.T @ read + held, read.T @ told).astype(np.float32)
    return np.ascontiguousarray(weights.T), np.zeros(horizon, np.float32)


def along(weight: Floats, bias: Floats, panel: Panel, *, season: int, among: tuple[float, float]) -> Values:
    """Return the linear forecasts of the coming values of each series: (series, horizon)."""
    (mean, spread), rows = among, np.arange(len(panel))
    cut = windows_at(panel, rows, panel.lengths, length=weight.shape[1], horizon=1, season=season)
    told: Values = ((cut.contexts - mean) / spread) @ weight.T.astype(np.float64) + bias
    return told * spread + mean


def _counts(panel: Panel, length: int, horizon: int) -> np.ndarray:
    return np.maximum(panel.lengths - length - horizon + 1, 0)
