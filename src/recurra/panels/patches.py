"""What the pre-trained net reads of a window of any rhythm: patches of values, simple forecasts, step by step.

All is told in units of the window's own level and spread, and nothing has a size that depends on the season, so that
one net serves every series. Not here: cutting windows (windows.py), the net (layers/patches/), and nets that learn one
panel's season (features.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recurra.panels.beside import FARTHEST
from recurra.panels.features import Singles, from_levels, in_levels, level_of, usual_changes
from recurra.panels.series import Mask, Values

PATCH = 16
"""Values of a token."""
CHANNELS = 4
"""Of each value: itself, its change since a season ago, since a second season ago, whether it is known."""
SIMPLE = 9
"""Naive, seasonal naive, mean season, two damped trends, level, second season, the same at today's level, smoothed."""
TOLD = 12
"""Numbers that tell of a whole window."""
SEEN = SIMPLE + 2
"""Numbers of a step that differ from window to window."""
PHASES = 5
"""Numbers of a step that do not."""
DAMPINGS = (0.9, 0.98)
KEPT = 0.7
"""What the smoothed level keeps of its weight from one step to the one before."""
SMOOTHED = 16
"""Steps that it looks back."""
LARGEST_SIMPLE = 1e4
"""Spreads beyond which a simple forecast is cut off, far beyond any that helps."""


@dataclass(frozen=True, eq=False)
class Patches:
    """Of some windows; everything but `level` and `mean` is told in spreads, less the mean."""

    tokens: Singles
    """(windows, tokens, 4 · 16)."""
    told: Singles
    """(windows, 12): how long, how regular, of which rhythm."""
    simple: Singles
    """(windows, 9, horizon): forecasts."""
    seen: Singles
    """(windows, horizon, 11): the same, cut off, and what stood two and three seasons before."""
    phases: Singles
    """(horizon, 5): how far ahead, and where in the season."""
    spread: Values
    """(windows, 1): the usual change, in units of the level (or in logarithms)."""
    level: Values
    """(windows,): what values are divided by."""
    mean: Values
    """(windows, 1): what is told from, in units of the level (or a logarithm)."""

    def answered(self, quantiles: Singles, log: bool) -> Values:
        """Return quantiles (windows, horizon, …) in the unit of the series, float64."""
        wide = quantiles.astype(np.float64) * self.spread[:, :, None] + self.mean[:, :, None]
        return from_levels(wide, self.level, log=log)

    def asked(self, targets: Values, log: bool) -> Singles:
        """Return true values (windows, horizon) as the net tells them."""
        values = in_levels(targets, self.level, log=log)
        told: Singles = ((values - self.mean) / self.spread).astype(np.float32)
        return told


def patches(contexts: Values, there: Mask, *, season: int, second: int, horizon: int, log: bool) -> Patches:
    """Return what is read of windows (windows, length), `length` a multiple of 16 and at least two seasons.

    `second` is a longer period that is known to be there too, of at most the length; 0: none.
    """
    count, length = contexts.shape
    real = there.astype(np.float64)
    level = level_of(contexts, season)
    values = in_levels(contexts, level, log=log)
    mean = values[:, -max(season, 4) :].mean(axis=1, keepdims=True)
    single, spread = usual_changes(values, real, season)
    # A floor in the series' own steps, and one that keeps what never moves finite.
    spread = spread + 0.05 * single + 1e-6
    scaled = (values - mean) / spread
    changes = _changes(scaled, season)
    read = np.stack([scaled, changes, _changes(scaled, second), np.ones_like(scaled)], axis=-1)
    read = np.clip(read, -FARTHEST, FARTHEST) * real[:, :, None]
    # Side by side for each token: its values, then their changes, then what is known.
    tokens = read.reshape(count, length // PATCH, CHANNELS * PATCH)
    simple, before = _simple(scaled, real, season, second, horizon)
    limited = np.clip(simple, -FARTHEST, FARTHEST).transpose(0, 2, 1)
    seen = np.concatenate([limited, np.clip(before, -FARTHEST, FARTHEST)], axis=2)
    told = _told(scaled, real, single / spread, spread, season, second, log)
    singles: list[Singles] = [part.astype(np.float32) for part in (tokens, told, simple, seen)]
    return Patches(singles[0], singles[1], singles[2], singles[3], _phases(season, horizon), spread, level, mean)


def _changes(scaled: Values, lag: int) -> Values:
    """Return the change of each value since `lag` steps ago, 0 where there is none."""
    told = np.zeros_like(scaled)
    if 0 < lag < scaled.shape[1]:
        told[:, lag:] = scaled[:, lag:] - scaled[:, :-lag]
    return told


def _simple(scaled: Values, real: Values, season: int, second: int, horizon: int) -> tuple[Values, Values]:
    """Return nine simple forecasts (windows, 9, horizon), and how two and three seasons ago differ from the last."""
    count, length = scaled.shape
    seasons = max(1, min(3, length // season))
    shaped = scaled[:, -seasons * season :].reshape(count, seasons, season)
    means = shaped.mean(axis=2, keepdims=True)
    shape = (shaped - means).mean(axis=1)
    turns = np.arange(horizon) % season
    repeated = shaped[:, -1][:, turns]
    usual = (shape + means[:, -1])[:, turns]
    naive = np.repeat(scaled[:, -1:], horizon, 1)
    slope = _slope(scaled, real, means, season)
    trends = [usual + slope * _damped(damping, horizon) for damping in DAMPINGS]
    level = np.zeros_like(naive) + scaled[:, -max(season, 8) :].mean(axis=1, keepdims=True)
    ago, lifted = _of_second(scaled, season, second, horizon, repeated, usual)
    simple = np.stack(
        [naive, repeated, usual, *trends, level, ago, lifted, _smoothed(scaled, shape, season, turns)], axis=1
    )
    older = [shaped[:, max(seasons - back, 0)][:, turns] - repeated for back in (2, 3)]
    return np.clip(simple, -LARGEST_SIMPLE, LARGEST_SIMPLE), np.stack(older, axis=2)


def _slope(scaled: Values, real: Values, means: Values, season: int) -> Values:
    """Return the trend a step: (windows, 1)."""
    if season > 1:
        seasons = means.shape[1]
        return (means[:, -1] - means[:, -2]) / season if seasons > 1 else np.zeros((len(scaled), 1))
    reach = min(scaled.shape[1], 12)
    known = real[:, -reach:].sum(axis=1, keepdims=True)
    # What stands before the series is its first value repeated: the trend is that of the known part.
    run = np.maximum(known - 1, 1)
    return np.where(known >= 3, (scaled[:, -1:] - scaled[:, -reach : -reach + 1]) / run, 0.0)


def _of_second(
    scaled: Values, season: int, second: int, horizon: int, repeated: Values, usual: Values
) -> tuple[Values, Values]:
    """Return what stood a second season ago, and the same at today's level; without one, the season's own."""
    length = scaled.shape[1]
    if not second or second > length:
        return repeated, usual
    ago = scaled[:, length - second + np.arange(horizon) % second]
    if second + season > length:
        return ago, usual
    now, then = scaled[:, -season:], scaled[:, length - second - season : length - second]
    return ago, ago + (now.mean(axis=1) - then.mean(axis=1))[:, None]


def _smoothed(scaled: Values, shape: Values, season: int, turns: NDArray[np.int64]) -> Values:
    """Return the exponentially smoothed level without the season, and the season on top: (windows, horizon)."""
    reach = min(SMOOTHED, scaled.shape[1])
    # The newest step is the last of its season.
    phases = np.arange(-reach, 0) % season
    weights = KEPT ** np.arange(reach - 1, -1, -1.0)
    level = (scaled[:, -reach:] - shape[:, phases]) @ (weights / weights.sum())
    told: Values = level[:, None] + shape[:, turns]
    return told


def _damped(damping: float, horizon: int) -> Values:
    """Return φ + φ² + … for each step: (horizon,)."""
    return np.cumsum(damping ** np.arange(1, horizon + 1.0))


def _told(scaled: Values, real: Values, single: Values, spread: Values, season: int, second: int, log: bool) -> Values:
    """Return what tells of a whole window: (windows, 12)."""
    newest = np.abs(np.diff(scaled[:, -max(season, 8) :], axis=1)).mean(axis=1, keepdims=True)
    known = real.sum(axis=1, keepdims=True)
    still = (np.abs(_changes(scaled, 1)) < 1e-6).mean(axis=1, keepdims=True)
    each = [
        np.log(single + 1e-6) / 3, np.log(newest + 1e-6) / 3, np.clip(np.log(spread), -9, 3) / 4,
        np.log1p(known) / 4, np.log1p(known / season) / 3, known / real.shape[1],
        np.clip(scaled[:, -1:], -FARTHEST, FARTHEST) / 2, still,
    ]  # fmt: skip
    rhythm = [1 / season, np.log(season) / 3, float(0 < second <= real.shape[1]), float(log)]
    return np.concatenate([*each, np.tile(rhythm, (len(real), 1))], axis=1)


def _phases(season: int, horizon: int) -> Singles:
    """Return how far ahead a step is, and where in the season: (horizon, 5)."""
    ahead = np.arange(horizon)
    turn = 2 * np.pi * ((ahead + 1) % season) / season
    told: Singles = np.stack(
        [ahead / 64, np.log1p(ahead) / 4, np.sin(turn), np.cos(turn), (ahead < season) * 1.0], axis=1
    ).astype(np.float32)
    return told
