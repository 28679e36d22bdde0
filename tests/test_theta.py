"""The dynamic optimised Theta model against its formulas, one series and one step at a time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from recurra.panels.classics import RATES, classics
from recurra.panels.series import Values, panel_of
from recurra.panels.theta import AS_MANY, FIRST, HALF, theta

RANDOM = np.random.default_rng(5)


def terms(values: Values, rate: float) -> tuple[Values, Values, Values]:
    """What the first level and k stand at, and the error without both, of each step: by polyfit and a loop."""
    decays, drifts, errors, level = [], [], [], 0.0
    for count in range(len(values)):
        slope, start = line(values[:count])
        decay = (1 - rate) ** count
        decays.append(decay)
        drifts.append(decay * start + (1 - decay * (1 - rate)) / rate * slope)
        errors.append(values[count] - level)
        level += rate * errors[-1]
    return np.array(decays), np.array(drifts), np.array(errors)


def line(values: Values) -> tuple[float, float]:
    """Slope and start (at time 0) of the least-squares line through values at 1, 2, …"""
    if len(values) < 2:
        return 0.0, float(values.sum())
    slope, start = np.polyfit(np.arange(1, len(values) + 1), values, 1)
    return float(slope), float(start)


def by_the_book(values: Values, horizon: int) -> Values:
    """Least squares by scipy for each rate, and one step after another ahead."""
    best = (np.inf, 0.0, 0.0, 0.0)
    for rate in RATES[::-1]:
        decays, drifts, errors = (term[FIRST:] for term in terms(values - values[0], rate))
        pull = np.sqrt(AS_MANY * (drifts @ drifts) / len(drifts))
        table = np.column_stack([np.append(decays, 0), np.append(drifts, pull)])
        found = lsq_linear(table, np.append(errors, pull * HALF), ([-np.inf, 0], [np.inf, 1]), tol=1e-14)
        if 2 * found.cost < best[0] * (1 - 1e-12):
            best = (2 * found.cost, rate, *found.x)
    _, rate, first, share = best
    told = values - values[0]
    for _ in range(horizon):
        slope, start = line(told)
        level, decay = first * (1 - rate) ** len(told), (1 - rate) ** len(told)
        for age, value in enumerate(told[::-1]):
            level += rate * (1 - rate) ** age * value
        told = np.append(told, level + share * (decay * start + (1 - decay * (1 - rate)) / rate * slope))
    return told[-horizon:] + values[0]


@pytest.mark.parametrize("number", range(6))
def test_forecasts_are_those_of_the_papers_formulas_by_least_squares(number: int) -> None:
    steps = RANDOM.standard_normal(10 + 3 * number) + 0.3 * number
    values = np.cumsum(steps) + 20
    told = theta(values[None], 5, RATES)[0]
    np.testing.assert_allclose(told, by_the_book(values, 5), rtol=1e-6)


def test_a_series_among_longer_ones_has_the_bits_it_has_alone() -> None:
    short, long = RANDOM.standard_normal(9).cumsum(), RANDOM.standard_normal(40).cumsum()
    table = np.stack([np.concatenate([np.full(31, np.nan), short]), long])
    assert (theta(table, 4, RATES) == np.concatenate([theta(one[None], 4, RATES) for one in (short, long)])).all()


@pytest.mark.parametrize("count", [1, 2, 3, 30])
def test_what_never_moved_goes_on_so_at_any_size(count: int) -> None:
    for value in (0.0, -3.0, 1e-300, 1e12):
        assert (theta(np.full((1, count), value), 3, RATES) == value).all()


def test_two_values_have_no_trend_and_the_newest_counts() -> None:
    told = theta(np.array([[10.0, 20.0]]), 3, RATES)[0]
    assert (told > 19.8).all() and np.ptp(told) < 0.2


def test_a_line_goes_on_and_a_level_does_not_matter() -> None:
    line = np.arange(30.0)
    np.testing.assert_allclose(theta(line[None], 4, RATES)[0], line[-1] + np.arange(1, 5), rtol=0.02)
    far = theta(line[None] + 1e9, 4, RATES)[0] - 1e9
    np.testing.assert_allclose(far, theta(line[None], 4, RATES)[0], atol=1e-5)


def test_growth_that_eases_is_followed_more_closely_than_by_half_its_line() -> None:
    years = [np.sqrt(np.arange(1.0, 31)) * scale for scale in (1, 5, 30)]
    told = classics(panel_of([year[:-6] for year in years]), season=1, horizon=6)["theta"]
    half = [year[23] + 0.5 * np.polyfit(np.arange(24), year[:24], 1)[0] * np.arange(1, 7) for year in years]
    for year, one, other in zip(years, told, half, strict=True):
        assert np.abs(one - year[-6:]).mean() < np.abs(other - year[-6:]).mean()
