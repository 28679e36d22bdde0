"""What a net of segments reads of a window, and the simple forecasts around which it learns; all causal.

Each window is normalised by its own level and spread, so that one net serves series of any size: a net that learnt
from thousands of series says how many usual steps up or down the coming values are. Not here: cutting windows
(windows.py), the net (layers/segments/).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recurra.panels.beside import FARTHEST, Around, beside_features
from recurra.panels.longer import Ago, told_of
from recurra.panels.series import Mask, Values

Singles = NDArray[np.float32]
SKIPS = 5
"""Naive, seasonal naive, mean season, the same with a damped trend, mean of the last season."""
UNKNOWN = 0.1
"""The usual change of a window in which no two values stand side by side."""
STANDING = 4
"""Figures of where a window stands among all values."""
SMALLEST = 1e-3
"""Factor of the level below which a logarithm is cut off."""


@dataclass(frozen=True, eq=False)
class Features:
    """Of some windows, float32; everything but `segments` and `extras` is in units of the level (or logarithms)."""

    segments: Singles
    """(windows, segments, 3 · steps): values, changes since a season ago, and whether they are known."""
    extras: Singles
    """(windows, extras): the newest values and changes again, how wide they swing, how many are known."""
    skips: Singles
    """(windows, 5, horizon): simple forecasts less the mean, the fourth without its trend; 7 with a longer season."""
    slope: Singles
    """(windows, 1): the trend a step."""
    spread: Singles
    """(windows, 1): the usual change."""
    level: Values
    """(windows,): what values are divided by; float64, for sizes beyond float32."""
    mean: Values
    """(windows,): what `skips` and answers are told from, in units of the level; float64, for small steps high up."""
    steps: Singles | None = None
    """(windows, horizon, features): what is known of each coming step, and stood at its place in seasons before."""


def extras_of(season: int, segment: int) -> int:
    """Return how many extras a window has."""
    return 2 * max(season, segment) + 4


def features(
    contexts: Values, there: Mask, beside: Around | None = None, *, season: int, segment: int, horizon: int, log: bool,
    among: tuple[float, float] | None = None, ago: Ago | None = None,
) -> Features:  # fmt: skip
    """Return the features of windows (windows, length), `length` a multiple of `segment` and at least two seasons.

    `among` are mean and spread of all values that were learnt from, where a window is told by its place among them;
    `ago` is what stood longer seasons ago.
    """
    count, length = contexts.shape
    real = there.astype(np.float64)
    level = level_of(contexts, season)
    values = in_levels(contexts, level, log=log)
    mean = values[:, -max(season, 2) :].mean(axis=1, keepdims=True)
    single, spread = usual_changes(values, real, season)
    # A floor of a hundredth of the level, which falls with spreads far below it: nearly constant series move, too.
    spread = spread + 0.01 * spread / (spread + 1e-3) + 1e-9
    scaled = np.clip((values - mean) / spread, -FARTHEST, FARTHEST)
    changes = np.concatenate([np.zeros((count, season)), (values[:, season:] - values[:, :-season]) / spread], 1)
    changes = np.clip(changes, -FARTHEST, FARTHEST)
    # Side by side for each segment: its values, then their changes, then what is known.
    read = np.stack([scaled * real, changes * real, real], axis=-1).reshape(count, length // segment, 3 * segment)
    tail = max(season, segment)
    told = [np.log(spread), real.mean(axis=1, keepdims=True), single / spread, (values[:, -1:] - mean) / spread]
    told += [standing(contexts, season, among)] if among else []
    extras = np.concatenate([scaled[:, -tail:], changes[:, -tail:], *told], axis=1)
    skips, slope = _skips(values - mean, real, season, horizon)
    if ago is not None:
        before = in_levels(ago.values.reshape(count, -1), level, log=log).reshape(ago.values.shape) - mean[:, :, None]
        simple, then = told_of(ago, before, newest=(values - mean)[:, -ago.reach :], usual=skips[:, 2], spread=spread)
        skips, extras = np.concatenate([skips, simple], axis=1), np.concatenate([extras, then], axis=1)
    parts = (read, extras, skips, slope, spread)
    singles: list[Singles] = [part.astype(np.float32) for part in parts]
    own = Features(singles[0], singles[1], singles[2], singles[3], singles[4], level, mean[:, 0])
    if beside is None:
        return own
    more = beside_features(beside, scaled * real, season=season, segment=segment, horizon=horizon)
    segments = np.concatenate([own.segments, more.segments], axis=2)
    sides = np.concatenate([own.extras, more.extras], axis=1)
    return replace(own, segments=segments, extras=sides, steps=more.steps if more.steps.shape[2] else None)


def standing(contexts: Values, season: int, among: tuple[float, float]) -> Values:
    """Return where windows (windows, length) stand among values of a mean and a spread: (windows, 4).

    Their newest season and all of it, in spreads of all values; the season in spreads of the window, and these spreads.
    """
    mean, spread = among
    newest = contexts[:, -max(season, 2) :].mean(axis=1, keepdims=True) - mean
    own = contexts.std(axis=1, keepdims=True) / spread
    every = (contexts.mean(axis=1, keepdims=True) - mean) / spread
    told = [newest / spread, newest / spread / np.maximum(own, 0.05), every, np.log(own + SMALLEST)]
    clipped: Values = np.clip(np.concatenate(told, axis=1), -FARTHEST, FARTHEST)
    return clipped


def level_of(contexts: Values, season: int) -> Values:
    """Return what values of windows (windows, length) are divided by: (windows,), above 0."""
    newest = min(contexts.shape[1], max(2 * season, 8))
    level = np.abs(contexts[:, -newest:]).mean(axis=1) + 1e-6 * np.abs(contexts).max(axis=1)
    return np.where(level > 0, level, 1.0)


def in_levels(values: Values, level: Values, *, log: bool) -> Values:
    """Return values (windows, steps) in units of the level (windows,), or the logarithms of that."""
    unit = values / level[:, None]
    return np.log(np.maximum(unit, SMALLEST)) if log else unit


def from_levels(told: Values, level: Values, *, log: bool) -> Values:
    """Return quantiles (windows, horizon, 9) in units of the level, or logarithms, in the unit of the series."""
    return (np.exp(np.clip(told, -30, 30)) if log else told) * level[:, None, None]


def usual_changes(values: Values, real: Values, season: int) -> tuple[Values, Values]:
    """Return the usual change from step to step, and from season to season where enough is known: (windows, 1) each."""

    def usual(lag: int) -> tuple[Values, Values]:
        both = real[:, lag:] * real[:, :-lag]
        count = both.sum(axis=1, keepdims=True)
        changes = (np.abs(values[:, lag:] - values[:, :-lag]) * both).sum(axis=1, keepdims=True)
        return changes / np.maximum(count, 1), count

    single, pairs = usual(1)
    # Of a single value nothing is known: a tenth of its level is as good as any.
    single = np.where(pairs > 0, single, UNKNOWN)
    seasonal, count = usual(season)
    return single, np.where(count >= max(season // 2, 2), seasonal, single)


def _skips(values: Values, real: Values, season: int, horizon: int) -> tuple[Values, Values]:
    """Return the simple forecasts (windows, 5, horizon) of values less a mean, and a trend's slope (windows, 1)."""
    count, length = values.shape
    seasons = max(1, min(3, length // season))
    shaped = values[:, -seasons * season :].reshape(count, seasons, season)
    means = shaped.mean(axis=2, keepdims=True)
    turns = np.arange(horizon) % season
    naive = np.repeat(values[:, -1:], horizon, 1)
    repeated = shaped[:, -1][:, turns]
    usual = ((shaped - means).mean(axis=1) + means[:, -1])[:, turns]
    if season == 1:
        reach = min(length, 12)
        known = real[:, -reach:].sum(axis=1, keepdims=True)
        slope = np.where(known >= 3, (values[:, -1:] - values[:, -reach : -reach + 1]) / max(reach - 1, 1), 0.0)
        begun = naive
    else:
        slope = (means[:, -1] - means[:, -2]) / season if seasons > 1 else np.zeros((count, 1))
        begun = usual
    return np.stack([naive, repeated, usual, begun, np.zeros_like(naive)], axis=1), slope
