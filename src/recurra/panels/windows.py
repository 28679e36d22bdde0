"""Windows of a panel: what a net reads before an origin, what comes after it, and which of both is known.

Not here: features of a window (features.py), and drawing windows to learn from (tasks/heads/panel/learn.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recurra.panels.beside import Around
from recurra.panels.longer import Ago, ago_at
from recurra.panels.series import Mask, Panel, Values

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Windows:
    """Some windows: contexts (windows, length) with `there` for true values, targets (windows, horizon) with `asked`.

    A context that begins before its series repeats the first season there: a net reads whole seasons only.
    """

    contexts: Values
    there: Mask
    targets: Values
    asked: Mask
    beside: Around | None = None
    """What stands beside them, where the panel has covariates or a calendar."""
    ago: Ago | None = None
    """What stood longer seasons ago, where the net reads that."""


def windows_at(
    panel: Panel, rows: Places, origins: Places, *, length: int, horizon: int, season: int, longer: int = 0
) -> Windows:
    """Return the windows of the series `rows` whose first target is at `origins` (windows,), at least 1.

    `longer` is a longer season of which values are read, too; 0: none.
    """
    starts, sizes = panel.starts[rows][:, None], panel.lengths[rows][:, None]
    before = np.arange(-length, 0)[None] + origins[:, None]
    real = before >= 0
    # Not more than what stands before the origin: the repeated season must not tell what comes.
    repeated = np.remainder(before, np.minimum(season, origins)[:, None])
    places = starts + np.where(real, before, repeated)
    ahead = np.arange(horizon)[None] + origins[:, None]
    inside = ahead < sizes
    coming = starts + np.minimum(ahead, sizes - 1)
    beside = None if panel.beside is None else panel.beside.around(rows, origins, length=length, horizon=horizon)
    there, asked = real & panel.known[places], inside & panel.known[coming]
    ago = ago_at(panel, rows, origins, season=season, longer=longer, horizon=horizon) if longer else None
    return Windows(panel.flat[places], there, panel.flat[coming], asked, beside, ago)


def least_past(season: int) -> int:
    """Return the values before a window without which no forecast of it says anything."""
    return max(season + 2, 3)


def scales(panel: Panel, season: int) -> Values:
    """Return each series' mean step over a season, in which its errors are counted: (series,), above 0.

    Not below a fiftieth of its mean size: a series that hardly ever moves must not drown the others.
    """
    found = []
    for values, known in zip(panel.series(), panel.masks(), strict=True):
        both = known[season:] & known[:-season]
        steps = np.abs(values[season:] - values[:-season])[both]
        size = float(np.abs(values).mean()) if len(values) else 0.0
        step = float(steps.mean()) if steps.size else 0.1 * size
        found.append(max(step, 0.02 * size) or 1.0)
    return np.array(found)
