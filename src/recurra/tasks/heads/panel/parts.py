"""What a net of segments learns from: a panel, its windows, batches of an epoch, and windows that tell when to stop.

Not here: drawing them (learn.py), and how a panel came about (tasks/panels.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recurra.config import TrainingConfig
from recurra.panels.series import Panel, Values
from recurra.panels.windows import Places, least_past, scales

LEAST_HELD = 30
"""Windows without which no score tells when to stop: a few are right or wrong by chance."""
MOST_HELD = 4096
"""The same, at most: more say no more, and cost time after each epoch."""


@dataclass(frozen=True, eq=False)
class Held:
    """Windows behind what is learnt from: the series of a panel, their origins, and `scales` (windows,)."""

    panel: Panel
    rows: Places
    origins: Places
    scales: Values


@dataclass(frozen=True, eq=False)
class Taught:
    """A panel with the windows of its series: the first origin and how many (series,); `scales` (series,)."""

    panel: Panel
    firsts: Places
    counts: Places
    scales: Values
    batches: int
    """Of an epoch."""
    held: Held | None = None
    """Newer windows that tell when to stop; None: too few, or nobody asks."""

    def passes(self, training: TrainingConfig) -> float:
        """Return how often a net that learns in full sees each window, about."""
        return self.batches * training.epochs * training.batch_size / max(float(self.counts.sum()), 1.0)


def held_windows(panel: Panel, backs: Sequence[int], season: int) -> Held | None:
    """Return the windows that begin `backs` steps before the end, of series long enough; None: too few.

    They are those that weigh the parts of a forecast, and no net that is stopped by them has learnt from them.
    """
    before = np.maximum(panel.lengths[:, None] - np.array(backs, np.int64), 0)
    rows, which = np.nonzero(before >= least_past(season))
    if len(rows) < LEAST_HELD:
        return None
    kept = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_HELD)).astype(np.int64))
    rows, which = rows[kept], which[kept]
    units = scales(panel.without_last(max(backs)), season)
    return Held(panel, rows, before[rows, which], units[rows])
