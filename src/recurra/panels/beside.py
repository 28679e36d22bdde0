"""What stands beside the values of a panel: covariates and the calendar, cut around an origin and told as features.

A net reads of the past all columns, and of the coming steps those that are known ahead: promotions, holidays, a weather
forecast. What is not known is 0, with a mask beside it. Not here: units and categories (columns.py), the values' own
features (features.py), the net (layers/segments/).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recurra.panels.series import Mask, Values

Singles = NDArray[np.float32]
Places = NDArray[np.int64]
FARTHEST = 12.0
"""Units beyond which an input, of values or of columns, is cut off: one strike must not hide the rest of a window."""
LAGS = 7
"""Seasons ago, at most, whose values a coming step reads directly: of days, the same weekday is among them."""
OF_STEP = 6
"""Features of a step for each column known ahead."""
HIDDEN = 0.1
"""Windows of training that lose all coming covariates, and, each by itself, the past or coming part of a column."""


@dataclass(frozen=True, eq=False)
class Around:
    """Of some windows, in time from their beginning to the end of the horizon."""

    columns: Singles
    """(windows, length + horizon, past + future): NaN where not known."""
    calendar: Singles
    """(places, waves): of all series, as `Beside` has it."""
    places: Places
    """(windows, length + horizon): where in `calendar` each step stands; before its series, that of the first step."""
    statics: Singles
    """(windows, figures)."""
    finer: Singles
    """(past + future,): as `Beside.finer`."""
    past: int
    """Columns that are known up to the origin alone; they stand first."""

    def hiding(self, hidden: Mask, length: int) -> Self:
        """Return the same without what `hidden` (windows, 2, past + future) says of the past and the coming part."""
        parts = np.repeat(hidden, [length, self.columns.shape[1] - length], axis=1)
        return replace(self, columns=np.where(parts, np.float32(np.nan), self.columns))


@dataclass(frozen=True, eq=False)
class Beside:
    """Covariates of all series one behind the other, each from its first value to as far ahead as they are known.

    A panel that is cut at its end keeps them whole: of what comes after an origin only columns known ahead are read.
    """

    columns: Singles
    """(places, past + future) in units of the training part: NaN where not known."""
    calendar: Singles
    """(places, waves)."""
    statics: Singles
    """(series, figures)."""
    finer: Singles
    """(past + future,): the usual spread of all values over that within a series."""
    starts: Places
    sizes: Places
    """(series,): where each series begins, and how many places it has."""
    past: int

    def taken(self, rows: Places) -> Self:
        """Return some of the series, in the order of `rows`."""
        return replace(self, statics=self.statics[rows], starts=self.starts[rows], sizes=self.sizes[rows])

    def later(self, steps: Places) -> Self:
        """Return the same without the first `steps` places of each series (series,)."""
        return replace(self, starts=self.starts + steps, sizes=self.sizes - steps)

    def around(self, rows: Places, origins: Places, *, length: int, horizon: int) -> Around:
        """Return what stands beside the windows of the series `rows` whose first target is at `origins` (windows,)."""
        places = np.arange(-length, horizon)[None] + origins[:, None]
        sizes = self.sizes[rows][:, None]
        inside = (places >= 0) & (places < sizes)
        found = self.starts[rows][:, None] + np.clip(places, 0, np.maximum(sizes - 1, 0))
        columns = self.columns[found]
        columns[~inside] = np.nan
        # What is measured only later is not known ahead, wherever it stands in the file.
        columns[:, length:, : self.past] = np.nan
        return Around(columns, self.calendar, found, self.statics[rows], self.finer, self.past)


@dataclass(frozen=True, eq=False)
class BesideFeatures:
    """Features of windows beside those of their values, float32."""

    segments: Singles
    """(windows, segments, columns · 2 · steps + waves): columns, whether they are known, the calendar of the first."""
    extras: Singles
    """(windows, extras): the newest of each column, its mean over the last season, the figures of the series."""
    steps: Singles
    """(windows, horizon, features): of each coming step."""


def segment_inputs(columns: int, waves: int, segment: int) -> int:
    """Return how many features a segment has besides."""
    return 2 * columns * segment + waves


def extra_inputs(columns: int, statics: int) -> int:
    """Return how many extras a window has besides."""
    return 2 * columns + statics


def step_inputs(future: int, waves: int, *, season: int, length: int) -> int:
    """Return how many features a coming step has; 0 where nothing is known ahead."""
    return OF_STEP * future + waves + len(lags_of(season, length)) if future or waves else 0


def beside_features(read: Around, scaled: Values, *, season: int, segment: int, horizon: int) -> BesideFeatures:
    """Return the features of windows whose values are `scaled` (windows, length), 0 where unknown."""
    count, length = scaled.shape
    known = np.isfinite(read.columns)
    columns = np.clip(np.where(known, read.columns, np.float32(0)), -FARTHEST, FARTHEST)
    past, there = columns[:, :length], known[:, :length].astype(np.float32)
    sides = np.concatenate([past, there], axis=2).reshape(count, length // segment, -1)
    # A segment begins on one weekday, at one hour: that of its first step tells all of it.
    told = np.concatenate([sides, read.calendar[read.places[:, :length:segment]]], axis=2)
    reach = reach_of(season, segment, length)
    newest = _mean(past[:, -reach:], there[:, -reach:])
    extras = np.concatenate([past[:, -1], newest, read.statics], axis=1)
    if not (len(read.finer) > read.past or read.calendar.shape[1]):
        return BesideFeatures(told, extras.astype(np.float32), np.zeros((count, horizon, 0), np.float32))
    ahead = _ahead(read, columns, known, season=season, reach=reach, horizon=horizon)
    steps: list[NDArray[Any]] = [ahead, read.calendar[read.places[:, length:]]]
    turns = _turns(horizon, season)
    steps += [scaled[:, length - lag * season + turns][:, :, None] for lag in lags_of(season, length)]
    return BesideFeatures(told, extras.astype(np.float32), np.concatenate(steps, axis=2).astype(np.float32))


def _ahead(read: Around, columns: Singles, known: Mask, *, season: int, reach: int, horizon: int) -> Singles:
    """Return of each coming step (windows, horizon, 6 · future): its columns, and how far they are from before.

    A forecast says what was a season ago; what changes it is how much warmer it is than then, and how warm the last
    hours were.
    """
    future = slice(read.past, None)
    values, there = columns[:, :, future], known[:, :, future].astype(np.float32)
    length, finer = values.shape[1] - horizon, read.finer[future]
    coming, sure = values[:, length:], there[:, length:]
    before = there[:, :length]
    mean, some = _mean(values[:, :length], before), _summed(before) > 0
    told = [coming, sure, (coming - mean[:, None]) * finer * sure * some[:, None]]
    lags = lags_of(season, length)
    for lag in (1, lags[-1] if lags else 1):
        places = length - lag * season + _turns(horizon, season)
        told.append((coming - values[:, places]) * finer * sure * there[:, places])
    # Of the newest `reach` steps up to each: a window has as many before the first.
    summed, counted = (np.cumsum(each[:, length - reach :], axis=1, dtype=np.float64) for each in (values, there))
    total, count = (each[:, reach:] - each[:, :horizon] for each in (summed, counted))
    told.append(total / np.maximum(count, 1))
    clipped: Singles = np.clip(np.concatenate(told, axis=2), -FARTHEST, FARTHEST).astype(np.float32)
    return clipped


def _summed(values: Singles) -> Singles:
    """Return the sums over time: (windows, columns)."""
    # As a product: to sum along the middle of three axes takes NumPy several times as long.
    summed: Singles = np.ones(values.shape[1], np.float32) @ values
    return summed


def _mean(values: Singles, known: Singles) -> Singles:
    """Return the means over time of what is known: (windows, columns); 0 where nothing is."""
    mean: Singles = np.divide(_summed(values), np.maximum(_summed(known), 1), dtype=np.float32)
    return mean


def lags_of(season: int, length: int) -> range:
    """Return how many seasons ago are read of each coming step, from windows of this length."""
    return range(1, min(LAGS, length // season) + 1) if season > 1 else range(0)


def reach_of(season: int, segment: int, length: int) -> int:
    """Return over how many of the newest steps columns are averaged."""
    return min(season if season > 1 else segment, length)


def _turns(horizon: int, season: int) -> Places:
    return np.arange(horizon) % season


def hidden_parts(random: np.random.Generator, windows: int, columns: int) -> Mask:
    """Draw what windows of training do without: (windows, 2, columns), of the past and of the coming part.

    A model that never missed a covariate could not answer without it.
    """
    hidden = random.random((windows, 2, columns)) < HIDDEN
    hidden[:, 1] |= random.random((windows, 1)) < HIDDEN
    return hidden
