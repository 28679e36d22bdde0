"""The dynamic optimised Theta model of many series at once.

Fiorucci et al. 2016 ("Models for optimising the theta method and their relationship to state space models"). One step
ahead it tells l + k (q^(t-1) a + (1 - q^t) / r b): l is a level smoothed at the rate r, q is 1 - r, and a + b t is the
line through all values up to then. Theta is 1 / (1 - k): 2 is the method that won M3.

For a given rate the answers are linear in k and in the first level, so the least squares of both stand in sums that one
sweep over time collects for all rates. Not here: seasons (classics.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recurra.panels.series import Values

HALF = 0.5
"""The k of the first Theta method."""
AS_MANY = 8.0
"""Values that want this k, beside those of the series: few values say little about it. On what comes before the test
parts of M3 and M4, MASE is 3.09 with it and 3.12 without for years, 0.873 and 0.875 for months, the same elsewhere."""
FIRST = 2
"""Values that no error is counted of: a line needs two."""


@dataclass
class _Line:
    """The least-squares line through the values so far, of each series, and how many there were: (series,) each."""

    count: Values
    mean: Values
    slope: Values

    @property
    def start(self) -> Values:
        """What the line says at time 0."""
        return self.mean - self.slope * (self.count + 1) / 2

    def read(self, values: Values, there: NDArray[np.bool_]) -> None:
        """Take one more value of each series that has one `there`."""
        count = np.where(there, self.count + 1, self.count)
        several = np.maximum(count, 2)
        slope = ((several - 2) * self.slope + 6 * (values - self.mean) / several) / (several + 1)
        self.slope = np.where(there & (count > 1), slope, self.slope)
        self.mean = np.where(there, self.mean + (values - self.mean) / np.maximum(count, 1), self.mean)
        self.count = count

    def drift(self, decayed: Values, rates: Values) -> Values:
        """Return what k stands at, (series, rates), where q^(count) is `decayed`."""
        return decayed * self.start[:, None] + (1 - decayed * (1 - rates)) / rates * self.slope[:, None]


@dataclass
class _Sums:
    """Sums over time of products of q^(t-1), of what k stands at, and of the error without both: (series, rates)."""

    level: Values
    level_drift: Values
    drift: Values
    level_error: Values
    drift_error: Values
    error: Values

    def read(self, decayed: Values, drift: Values, error: Values) -> None:
        """Take the terms of one step."""
        pairs = (
            (decayed, decayed), (decayed, drift), (drift, drift), (decayed, error), (drift, error), (error, error)
        )  # fmt: skip
        for total, (left, right) in zip(vars(self).values(), pairs, strict=True):
            np.add(total, left * right, out=total)

    def solved(self, wanted: Values) -> tuple[Values, Values, Values]:
        """Return the first level's correction, k and the least squares; so much of `drift` pulls k towards a half."""
        drift, drift_error = self.drift + wanted, self.drift_error + wanted * HALF
        space = self.level * drift - self.level_drift**2
        # Terms of one direction alone tell nothing apart: there is no drift then.
        apart = space > 1e-12 * self.level * drift
        share = (self.level * drift_error - self.level_drift * self.level_error) / np.where(apart, space, 1.0)
        share = np.where(apart, np.clip(share, 0.0, 1.0), 0.0)
        there = self.level > 1e-12
        level = np.where(there, (self.level_error - share * self.level_drift) / np.where(there, self.level, 1.0), 0.0)
        squares = self.error - 2 * level * self.level_error - 2 * share * self.drift_error
        squares += level**2 * self.level + 2 * level * share * self.level_drift + share**2 * self.drift
        return level, share, squares + wanted * (share - HALF) ** 2


def theta(table: Values, horizon: int, rates: Values) -> Values:
    """Forecast series that end together, (series, steps) with NaN before each: (series, horizon).

    Of each series the rate is the one of `rates` with the least squared error of one step ahead; the last of equals.
    """
    first = np.argmax(np.isfinite(table), axis=1)
    # Around its first value: a series far from 0 that hardly moves would leave its movement in the last digits.
    start = table[np.arange(len(table)), first][:, None]
    table = table - start
    shape = (len(table), len(rates))
    level, decayed = np.zeros(shape), np.ones(shape)
    line, sums = _Line(*np.zeros((3, len(table)))), _Sums(*np.zeros((6, *shape)))
    for step in range(table.shape[1]):
        there = step >= first
        column = there[:, None]
        error = np.where(column, table[:, step : step + 1] - level, 0.0)
        counts = (step >= first + FIRST)[:, None]
        sums.read(decayed * counts, line.drift(decayed, rates) * counts, error * counts)
        level += rates * error
        decayed = np.where(column, decayed * (1 - rates), decayed)
        line.read(np.where(there, table[:, step], 0.0), there)
    counted = np.maximum(line.count - FIRST, 1)[:, None]
    correction, share, squares = sums.solved(AS_MANY * sums.drift / counted)
    best = len(rates) - 1 - squares[:, ::-1].argmin(axis=1)
    rows = np.arange(len(table))
    ended, share = (level + correction * decayed)[rows, best], share[rows, best]
    told: Values = start + _ahead(line, ended, share, decayed[rows, best], rates[best], horizon)
    return told


def _ahead(line: _Line, level: Values, share: Values, decayed: Values, rate: Values, horizon: int) -> Values:
    """Go on from the last values; each forecast is read as if it were the next value."""
    told = np.zeros((len(level), horizon))
    for step in range(horizon):
        drift = line.drift(decayed[:, None], rate[:, None])[:, 0]
        told[:, step] = level + share * drift
        level = level + rate * share * drift
        decayed = decayed * (1 - rate)
        line.read(told[:, step], np.ones(len(level), np.bool_))
    return told
