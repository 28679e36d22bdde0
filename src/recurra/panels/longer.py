"""A longer season beside the season of a panel, such as a week beside a day: found, cut, and told to nets of segments.

What stood a week ago at the same hour says more than what stood a day ago where Sundays differ from Mondays. It is read
from the series itself, so that windows need not reach that far back. Not here: the season (seasons.py), windows
(windows.py), other features (features.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recurra.panels.beside import FARTHEST
from recurra.panels.seasons import ASKED
from recurra.panels.series import Mask, Panel, Values

Places = NDArray[np.int64]
TIMES = 3
"""How many longer seasons ago, at most, are read."""
LEAST_REACH = 4
"""Steps, at least, whose mean is the level of a while ago."""
ADDED = 2
"""Simple forecasts that it adds."""
CLOSER = 0.95
"""How much smaller changes since a longer season ago must be than those since a season more or fewer."""
VOTES = 0.25
"""The share of series in which they must be."""
BESIDE = {1: 52, 5: 260, 7: 364} | {day: 7 * day for day in (24, 48, 96, 144, 288, 1440)}
"""The longer season that goes with a season: a year of weeks and of days, a week of hours and of parts of hours."""


@dataclass(frozen=True, eq=False)
class Ago:
    """What stood one, two and three longer seasons before the horizon of some windows, and right before that."""

    values: Values
    """(windows, 3, reach + ahead): `reach` steps before it, then as many as the horizon has, at most one season."""
    there: Mask
    reach: int


def longer_season_of(series: Sequence[Values], season: int, usual: Sequence[int] = ()) -> int:
    """Return the steps of a longer season that enough of the series show; 1: none.

    `usual` are the seasons of their rhythm; without any it is one that often goes with the season. A longer season is
    believed where values resemble those a longer season ago more than those a season before or after that.
    """
    # A year of days has no whole number of weeks, and the nearest weekday says more than the date.
    multiples = {round(each / season) * season for each in usual if each > 1.5 * season}
    shares = {each: _share(series, season, each) for each in sorted(multiples or {BESIDE.get(season, 0)} - {0})}
    best = max(shares, key=lambda each: shares[each], default=1)
    return best if shares.get(best, 0.0) >= VOTES else 1


def _share(series: Sequence[Values], season: int, longer: int) -> float:
    """Return the share of the longest series in which changes since a longer season ago are the smaller ones."""
    reach, longest = reach_of(season), sorted(series, key=len, reverse=True)[:ASKED]
    asked = [values for values in longest if len(values) >= 2 * longer + season + reach]
    return sum(_closer(values, season, longer, reach) for values in asked) / max(len(longest), 1)


def _closer(values: Values, season: int, longer: int, reach: int) -> bool:
    begins = longer + season + reach
    level = np.convolve(values, np.full(reach, 1 / reach), "valid")
    # Each value less the mean of the `reach` values before it: how the level moved in between is nothing to compare.
    above = values[reach:] - level[:-1]

    def changes(lag: int) -> float:
        return float(np.abs(above[begins:] - above[begins - lag : len(above) - lag]).mean())

    return changes(longer) < CLOSER * min(changes(longer - season), changes(longer + season))


def reach_of(season: int) -> int:
    """Return the steps whose mean is the level of a while ago."""
    return max(season, LEAST_REACH)


def ahead_of(longer: int, horizon: int) -> int:
    """Return the steps that are read behind the reach: a horizon of more than a longer season begins again."""
    return min(horizon, longer)


def ago_at(panel: Panel, rows: Places, origins: Places, *, season: int, longer: int, horizon: int) -> Ago:
    """Return what stood longer seasons before the horizons that begin at `origins` (windows,), which are behind it."""
    reach = reach_of(season)
    steps = np.arange(-reach, ahead_of(longer, horizon)) - longer * np.arange(1, TIMES + 1)[:, None]
    places = steps[None] + origins[:, None, None]
    found = panel.starts[rows][:, None, None] + np.maximum(places, 0)
    return Ago(panel.flat[found], (places >= 0) & panel.known[found], reach)


def extra_inputs(longer: int, horizon: int) -> int:
    """Return how many extras a window has besides; 0 without a longer season."""
    return 2 * ahead_of(longer, horizon) + TIMES if longer else 0


def told_of(ago: Ago, told: Values, *, newest: Values, usual: Values, spread: Values) -> tuple[Values, Values]:
    """Return two simple forecasts (windows, 2, horizon) and extras (windows, 2 · ahead + 3).

    `told` are the values of `ago` in the units of `newest` (windows, reach), the end of each window. Both forecasts
    are what stood there at today's level, of one longer season ago, and the mean of three; where nothing is known
    they are `usual` (windows, horizon). The extras are the same in spreads, 0 where unknown, and how much is known.
    """
    there, reach = ago.there.astype(np.float64), ago.reach
    before, coming = there[:, :, :reach], there[:, :, reach:]
    counted = before.sum(axis=2)
    then = (told[:, :, :reach] * before).sum(axis=2) / np.maximum(counted, 1)
    known = coming * (counted > 0)[:, :, None]
    lifted = (told[:, :, reach:] + (newest.mean(axis=1)[:, None] - then)[:, :, None]) * known
    times = known.sum(axis=1)
    last, mean = lifted[:, 0], lifted.sum(axis=1) / np.maximum(times, 1)
    # A horizon of more than a longer season begins again.
    turns = np.arange(usual.shape[1]) % last.shape[1]
    first = np.where(known[:, 0, turns] > 0, last[:, turns], usual)
    simple = np.stack([first, np.where(times[:, turns] > 0, mean[:, turns], usual)], axis=1)
    extras = np.clip(np.concatenate([last, mean], axis=1) / spread, -FARTHEST, FARTHEST)
    return simple, np.concatenate([extras, known.mean(axis=2)], axis=1)
