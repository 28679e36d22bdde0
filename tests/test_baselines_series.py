"""Naive and statistical forecasts: by hand, on clean patterns, and on series without change.

Not here: the error metrics (test_metrics.py).
"""

from __future__ import annotations

import sys

import numpy as np
import pytest

from recurra.baselines.naive import naive, naive2, seasonal_naive
from recurra.baselines.statistical import auto_ets, auto_theta
from recurra.errors import DataError, UsageError

FACTORS = np.array([0.5, 1.0, 1.5, 1.0])


def test_naive_repeats_the_last_value_of_every_series() -> None:
    assert naive([1, 2, 7], horizon=2).tolist() == [7, 7]
    assert naive([[1, 2], [3, 4]], horizon=3).tolist() == [[2, 2, 2], [4, 4, 4]]


def test_seasonal_naive_repeats_the_last_season_in_turn() -> None:
    assert seasonal_naive([9, 1, 2, 3], horizon=5, season=3).tolist() == [1, 2, 3, 1, 2]
    assert seasonal_naive([1, 2, 3, 4], horizon=1, season=3).tolist() == [2]


def test_naive2_carries_the_level_and_the_season() -> None:
    history = 100 * np.tile(FACTORS, 6)
    assert naive2(history, horizon=6, season=4) == pytest.approx(100 * np.tile(FACTORS, 2)[:6])
    begun = history[:-1]
    assert naive2(begun, horizon=2, season=4) == pytest.approx([100, 50])


def test_naive2_finds_the_factors_of_an_odd_season() -> None:
    history = 10 * np.tile([0.5, 1.0, 1.5], 8)
    assert naive2(history, horizon=4, season=3) == pytest.approx([5, 10, 15, 5])


@pytest.mark.parametrize(
    "history",
    [
        np.random.default_rng(1).normal(50, 1, 40),
        np.full(40, 7.0),
        np.tile([-1.0, 0.0, 1.0, 0.0], 10),
        np.tile(FACTORS, 2),
    ],
    ids=["noise", "constant", "negative", "short"],
)
def test_naive2_is_naive_without_a_proven_season(history: np.ndarray) -> None:
    assert naive2(history, horizon=3, season=4).tolist() == [history[-1]] * 3


def test_statistical_models_follow_a_trend_with_a_season() -> None:
    pytest.importorskip("statsforecast", reason="needs the extra `series`")
    steps = np.arange(80)
    values = 100 + steps + 10 * np.tile([0.0, 1.0, 0.0, -1.0], 20) + np.random.default_rng(2).normal(0, 0.5, 80)
    lazy = np.abs(seasonal_naive(values[:72], horizon=8, season=4) - values[72:]).mean()
    for model in (auto_ets, auto_theta):
        found = model(values[:72], horizon=8, season=4)
        assert found.shape == (8,)
        assert np.abs(found - values[72:]).mean() < 0.6 * lazy


def test_statistical_models_continue_a_constant_and_refuse_a_crumb() -> None:
    pytest.importorskip("statsforecast", reason="needs the extra `series`")
    for model in (auto_ets, auto_theta):
        assert model(np.full(12, 3.0), horizon=2) == pytest.approx([3.0, 3.0])
        with pytest.raises(DataError, match="too little history"):
            model([1.0, 2.0], horizon=2)
        with pytest.raises(UsageError, match="no such horizon"):
            model(np.full(12, 3.0), horizon=0)


def test_a_missing_statsforecast_is_told_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    with pytest.raises(UsageError, match=r"need statsforecast; pip install 'recurra\[series\]'"):
        auto_ets([1, 2, 3, 4], horizon=1)


def test_too_little_history_and_bad_steps_are_refused() -> None:
    with pytest.raises(DataError, match="found 2 values; allowed: 3 or more"):
        seasonal_naive([1, 2], horizon=1, season=3)
    with pytest.raises(DataError, match="found 0 values"):
        naive([], horizon=1)
    with pytest.raises(UsageError, match="1 or more"):
        naive([1], horizon=0)
    with pytest.raises(DataError, match="not one series"):
        naive2([[1, 2]], horizon=1, season=2)
