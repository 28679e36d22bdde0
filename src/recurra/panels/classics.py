"""Classical forecasts of all series of a panel at once: Theta, damped Holt, simple smoothing, the last season.

Theta: Fiorucci et al. 2016 (theta.py). Damped Holt: Gardner & McKenzie 1985. Series that are seasonal are adjusted by
classical indices first, as in the M3 and M4 competitions. Rates come from a grid, by the errors of one step ahead.

Not here: automatic models of one series (baselines/statistical.py), and what each forecast counts (blend.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recurra.panels.series import Panel, Values
from recurra.panels.theta import theta

CLASSICS = ("theta", "holt", "ses", "seasonal naive")
LONGEST = 600
"""Newest values that smoothing reads: older ones weigh nothing, and would only take time."""
AT_ONCE = 1_000_000
"""Numbers of a grid that are held at once."""
RATES = np.array([0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99])
GRID = np.array([(a, b, p) for a in (0.05, 0.15, 0.3, 0.5, 0.7, 0.9) for b in (0.02, 0.08, 0.2, 0.4)
                 for p in (0.85, 0.93, 0.98)])  # fmt: skip
"""Damped Holt's rates of level and slope, and its damping."""


def classics(panel: Panel, *, season: int, horizon: int) -> dict[str, Values]:
    """Forecast every series by each of `CLASSICS`: (series, horizon).

    A series of one value repeats it; one of none gives NaN. Where no value is negative, no forecast is.
    """
    answers = {name: np.full((len(panel), horizon), np.nan) for name in CLASSICS}
    # Like lengths together: a short series in a long table would be swept over nothing.
    order = np.argsort(panel.lengths, kind="stable")
    order = order[panel.lengths[order] > 0]
    series = panel.series()
    at = 0
    while at < len(order):
        longest = min(int(panel.lengths[order[min(at + 4096, len(order)) - 1]]), LONGEST)
        rows = order[at : at + max(1, min(4096, AT_ONCE // max(len(GRID), longest)))]
        for name, forecasts in _together([series[row] for row in rows], season, horizon).items():
            answers[name][rows] = forecasts
        at += len(rows)
    return answers


def _together(series: list[Values], season: int, horizon: int) -> dict[str, Values]:
    """Forecast a few series of at least one value each."""
    repeated = np.stack([np.resize(values[-min(season, len(values)) :], horizon) for values in series])
    # Far beyond float64's middle a square would overflow: all is computed in units of the series.
    units = np.array([np.abs(values).max() or 1.0 for values in series])[:, None]
    adjusted, indices, factors = [], np.zeros((len(series), horizon)), np.zeros(len(series), np.bool_)
    for row, values in enumerate(series):
        unit = values / units[row, 0]
        index = seasonal_index(unit, season)
        factors[row] = index is not None and unit.min() > 0
        if index is not None:
            places = np.arange(len(unit) + horizon) % season
            indices[row] = index[places[len(unit) :]]
            past = index[places[: len(unit)]]
            unit = unit / past if factors[row] else unit - past
        adjusted.append(unit[-LONGEST:])
    table = np.full((len(series), max(map(len, adjusted))), np.nan)
    for row, values in enumerate(adjusted):
        table[row, -len(values) :] = values
    ahead = np.arange(1, horizon + 1)[None]
    answers = {"theta": theta(table, horizon, RATES), "holt": _holt(table, ahead)}
    answers["ses"] = np.repeat(_smoothed(table)[:, None], horizon, 1)
    positive = np.array([values.min() >= 0 for values in series])[:, None]
    for name, forecasts in answers.items():
        whole = np.where(factors[:, None], forecasts * indices, forecasts + indices)
        answers[name] = np.where(positive, np.maximum(whole, 0), whole) * units
    return answers | {"seasonal naive": repeated}


def seasonal_index(values: Values, season: int) -> Values | None:
    """Return what each place of a season adds, or what it is multiplied by where all values are positive: (season,).

    None where the autocorrelation at the season is not significant at 90 %, or there are not two seasons and a value.
    """
    if season < 2 or len(values) < 2 * season + 1 or not is_seasonal(values, season):
        return None
    level, trend, places = around_trend(values, season)
    ratios = level / trend if values.min() > 0 else level - trend
    # The newest eight seasons, and the median of them: a season changes, and one strike must not stay in it.
    index = np.array([np.median(ratios[places == place][-8:]) for place in range(season)])
    balanced: Values = index / index.mean() if values.min() > 0 else index - index.mean()
    return balanced


def is_seasonal(values: Values, season: int) -> bool:
    """Tell whether the autocorrelation at the season is significant at 90 %: of more than `season` values (steps,)."""
    correlations = autocorrelations(values, range(1, season + 1))
    # Bartlett's formula; 1.645 is the two-sided 90 % of a normal distribution.
    limit = 1.645 * np.sqrt((1 + 2 * np.sum(correlations[:-1] ** 2)) / len(values))
    return bool(abs(correlations[-1]) > limit)


def autocorrelations(values: Values, lags: Sequence[int]) -> Values:
    """Return how alike values (steps,) are after each of the lags: (lags,), from -1 to 1; 0 where they never move."""
    centred = values - values.mean()
    power = float(centred @ centred)
    return np.array([float(centred[lag:] @ centred[:-lag]) / power if power > 0 else 0.0 for lag in lags])


def around_trend(values: Values, season: int) -> tuple[Values, Values, NDArray[np.int64]]:
    """Return values that have a centred moving average over a season, that average, and their places in the season."""
    # An even season has no middle step: the two outer ones count a half each.
    weights = np.ones(season) if season % 2 else np.concatenate([[0.5], np.ones(season - 1), [0.5]])
    trend: Values = np.convolve(values, weights / season, mode="valid")
    # The moving average begins half a season into the series.
    first = (len(weights) - 1) // 2
    return values[first : first + len(trend)], trend, (first + np.arange(len(trend))) % season


def _smoothed(table: Values) -> Values:
    """Return the level at which simple smoothing at its best rate ends, for each row; NaN stands before a series."""
    first = np.argmax(np.isfinite(table), axis=1)
    level = np.repeat(table[np.arange(len(table)), first][:, None], len(RATES), 1)
    squares = np.zeros_like(level)
    for step in range(table.shape[1]):
        there = (step > first)[:, None]
        error = np.where(there, table[:, step : step + 1] - level, 0.0)
        squares += error * error
        level += RATES * error
    ended: Values = level[np.arange(len(table)), squares.argmin(axis=1)]
    return ended


def _holt(table: Values, ahead: NDArray[np.int64]) -> Values:
    rows = np.arange(len(table))
    first = np.argmax(np.isfinite(table), axis=1)
    start = table[rows, first]
    second = table[rows, np.minimum(first + 1, table.shape[1] - 1)]
    rates, slopes, damping = GRID.T
    level = np.repeat(start[:, None], len(GRID), 1)
    # A part of the first step alone: the whole of it is mostly noise.
    trend = np.repeat((second - start)[:, None] * 0.3, len(GRID), 1)
    squares = np.zeros_like(level)
    for step in range(table.shape[1]):
        there = (step > first)[:, None]
        told = level + damping * trend
        error = np.where(there, table[:, step : step + 1] - told, 0.0)
        squares += error * error
        level = np.where(there, told + rates * error, level)
        trend = np.where(there, damping * trend + rates * slopes * error, trend)
    best = squares.argmin(axis=1)
    level, trend, damping = level[rows, best], trend[rows, best], damping[best]
    coming: Values = level[:, None] + trend[:, None] * np.cumsum(damping[:, None] ** ahead, axis=1)
    return coming
