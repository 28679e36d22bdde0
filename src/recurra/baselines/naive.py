"""What anybody can forecast without a model: the last value, the last season, M4's Naive 2.

Not here: models of words (nb_svm.py, kneser_ney.py) and of series (statistical.py); intervals and errors (metrics.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recurra.errors import DataError, UsageError
from recurra.panels.classics import around_trend, is_seasonal

_Floats = NDArray[np.float64]


def naive(history: ArrayLike, *, horizon: int) -> _Floats:
    """Repeat the last value: (…, steps) -> (…, horizon)."""
    return seasonal_naive(history, horizon=horizon, season=1)


def seasonal_naive(history: ArrayLike, *, horizon: int, season: int) -> _Floats:
    """Repeat the last `season` values in turn: (…, steps) -> (…, horizon); raises DataError for less than a season."""
    values = _checked(history, horizon=horizon, season=season, least=season)
    last = values[..., values.shape[-1] - season :]
    return np.asarray(last[..., np.arange(horizon) % season])


def naive2(history: ArrayLike, *, horizon: int, season: int) -> _Floats:
    """Repeat the last value without its seasonal factor, times the factors to come: M4's reference for OWA.

    Factors come from classical multiplicative decomposition, and only where the autocorrelation at `season` is
    significant at 90 % over 3 seasons or more and all values are positive; else it is `naive`. (steps,) -> (horizon,).
    Makridakis, Spiliotis & Assimakopoulos 2020, "The M4 competition", and its public code.
    """
    # Less than three seasons are no error here: they are simply not seasonal.
    values = _checked(history, horizon=horizon, season=season, least=1)
    if values.ndim != 1:
        raise DataError("not one series", found=f"shape {values.shape}", allowed="(steps,)")
    if not _is_seasonal(values, season=season):
        return naive(values, horizon=horizon)
    factors = _seasonal_factors(values, season=season)
    # The series goes on where it stands in the season.
    ahead = factors[(len(values) + np.arange(horizon)) % season]
    return np.asarray(values[-1] / factors[(len(values) - 1) % season] * ahead)


def _is_seasonal(values: _Floats, *, season: int) -> bool:
    """Ask for three seasons of positive values before the test of the autocorrelation."""
    return season >= 2 and len(values) >= 3 * season and values.min() > 0 and is_seasonal(values, season)


def _seasonal_factors(values: _Floats, *, season: int) -> _Floats:
    """Mean ratio to the centred moving average at each place in the season, scaled to mean 1: (season,)."""
    level, trend, places = around_trend(values, season)
    ratios = level / trend
    means = np.bincount(places, weights=ratios, minlength=season) / np.bincount(places, minlength=season)
    return np.asarray(means / means.mean())


def _checked(history: ArrayLike, *, horizon: int, season: int, least: int) -> _Floats:
    values = np.asarray(history, dtype=np.float64)
    if horizon < 1 or season < 1:
        raise UsageError("horizon and season count steps", found=f"{horizon} and {season}", allowed="1 or more")
    steps = values.shape[-1] if values.ndim else 0
    if steps < least:
        raise DataError("too little history", found=f"{steps} values", allowed=f"{least} or more")
    return values
