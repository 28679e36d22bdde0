"""The sizes of the nets of a panel, and the windows that they learn from, by how many series there are and how long.

Not here: learning (learn.py), making the rest of a panel ready (tasks/panels.py).
"""

from __future__ import annotations

import numpy as np

from recurra.config import Settings
from recurra.layers.matrix.run import DenseSpec
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.layers.segments.run import SegmentsSpec
from recurra.panels.beside import LAGS
from recurra.panels.columns import BesideUnits
from recurra.panels.few import few_long, few_values, is_long
from recurra.panels.linear import fits_line
from recurra.panels.series import Panel
from recurra.panels.windows import scales
from recurra.tasks.heads.panel.parts import Taught

PASSES = 8
"""How often each window is drawn, about."""
FEWER_PASSES = {"beside": 3, "long": 2}
"""The same of nets that read what stands beside the values, and of a few long series: windows that overlap say the same
again and again, and many small steps learn days by heart."""
EPOCHS = 10
"""The usual epochs, among which the batches are shared out."""
STEPS = (300, 3600)
"""Batches, at least and at most."""
FEWER_STEPS = 75
"""At least, of few values: with more, nets learn them by heart."""
LEAST_WINDOWS = 12
"""Windows without which no net learns."""
LARGEST_SEGMENT = 96


def shape_of(panel: Panel, settings: Settings, units: BesideUnits | None = None, *, window: int = 0) -> SegmentsSpec:
    """Return the sizes of a member: segments of a season or of a piece of one, over two to fourteen seasons.

    `window` are the values to be read where they were chosen: as many whole segments hold them, and two seasons at
    least.
    """
    season, horizon = settings.series.season, settings.series.horizon
    segment, length = _segment_and_length(panel, season, horizon)
    length = max(window, 2 * season if season > 1 else 1) if window else length
    least = min((float(values.min()) for values in panel.series() if len(values)), default=0.0)
    net, beside = settings.net, (units or BesideUnits()).sizes
    recurrent = RecurrentSpec(
        cell=net.cell, activation=net.activation, reset_after=net.reset_after, precision=net.precision,
        inputs=net.hidden, hidden=net.hidden, layers=net.layers,
    )  # fmt: skip
    return SegmentsSpec(
        segment=segment, segments=-(-length // segment), season=season, horizon=horizon, log=least > 0,
        recurrent=recurrent, past=beside["past"], future=beside["future"], calendar=beside["calendar"],
        static=beside["static"], among=None if units else among_of(panel, horizon),
    )  # fmt: skip


def told_otherwise(spec: SegmentsSpec, longer: int) -> bool:
    """Tell whether nets, or a part beside them, read a longer season without being told that it is one.

    Coming steps that are read one by one have seven seasons ago beside them; of long series that share a scale a linear
    forecast reads all of the window.
    """
    return spec.among is not None or (spec.ahead > 0 and longer <= LAGS * spec.season)


def _segment_and_length(panel: Panel, season: int, horizon: int) -> tuple[int, int]:
    """Return the steps of a segment, and how many values are read."""
    if season > 1:
        pieces = [size for size in range(1, min(season, LARGEST_SEGMENT) + 1) if season % size == 0]
        segment = pieces[-1] if pieces[-1] >= min(season, 4) else min(season, 24)
        length = max(int(2.5 * max(horizon, season)), 2 * season)
        # Two weeks of hours: with a long history, the day a week ago is read too.
        twice = len(panel) > 0 and float(np.median(panel.lengths)) >= 28 * season
        return segment, max(length, 14 * season) if twice else length
    if is_long(panel, horizon):
        return min(horizon, LARGEST_SEGMENT), 10 * horizon
    return max(1, min(4, horizon // 2)), max(int(2.5 * horizon), 8)


def among_of(panel: Panel, horizon: int) -> tuple[float, float] | None:
    """Return mean and spread of all known values, where a window can be told by its place among them; else None.

    That is so of a few long series that share one scale and come back to it: then a window far up falls, by itself.
    """
    if not few_long(panel, horizon):
        return None
    series = [values[known] for values, known in zip(panel.series(), panel.masks(), strict=True) if known.any()]
    flat = np.concatenate(series)
    spread = float(np.sqrt(np.mean([values.var() for values in series])))
    means = np.array([values.mean() for values in series])
    # What wandered off has no place that it comes back to.
    drifts = [abs(values[-len(values) // 4 :].mean() - values.mean()) for values in series]
    apart = max(float(np.abs(means - flat.mean()).max()), float(np.median(drifts)))
    return (float(flat.mean()), spread) if apart < spread < 1e150 else None


def taught(panel: Panel, spec: SegmentsSpec, settings: Settings) -> Taught | None:
    """Return the windows that a panel has; None where they are too few to learn from.

    A short series gives windows of parts of the horizon, each with at least one value to tell.
    """
    least = min(spec.season + 2, spec.length) if spec.season > 1 else 5
    firsts = np.minimum(least, np.maximum(panel.lengths - spec.horizon, 2))
    counts = panel.lengths - firsts
    kept = np.flatnonzero(counts > 0)
    if counts[kept].sum() < LEAST_WINDOWS:
        return None
    panel, training = panel.taken(kept), settings.training
    fewest, most = FEWER_STEPS if few_values(panel, spec.horizon) else STEPS[0], STEPS[1]
    batches = int(np.clip(_passes(panel, spec) * counts[kept].sum() / training.batch_size, fewest, most))
    return Taught(
        panel,
        firsts[kept],
        counts[kept],
        scales(panel, spec.season),
        max(1, batches // EPOCHS),
    )


def _passes(panel: Panel, spec: SegmentsSpec) -> int:
    if any(spec.beside.values()):
        return FEWER_PASSES["beside"]
    return FEWER_PASSES["long"] if few_long(panel, spec.horizon) else PASSES


def linear_of(before: Taught | None, spec: SegmentsSpec) -> DenseSpec | None:
    """Return the sizes of a linear forecast beside the members, where series share a scale and have enough windows."""
    if before is None or spec.among is None:
        return None
    enough = fits_line(before.panel, length=spec.length, horizon=spec.horizon)
    return DenseSpec(inputs=spec.length, outputs=spec.horizon) if enough else None
