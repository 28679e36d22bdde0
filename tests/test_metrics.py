"""Metrics against hand-computed values, scikit-learn and properties.

Not here: whether a model is good.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from recurra import metrics
from recurra.errors import DataError

steady = settings(deadline=None, derandomize=True)
LABELS = ["bad", "good", "so-so"]
numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))
pairs = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=30)
labelled = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=40)
scored = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40).filter(
    lambda rows: len({row[0] for row in rows}) == 2
)


def probabilities(rows: int, classes: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.integers(0, classes, rows), generator.dirichlet(np.ones(classes), rows)


@steady
@given(labelled)
def test_label_metrics_equal_scikit_learns(rows: list[tuple[str, str]]) -> None:
    wanted, found = [row[0] for row in rows], [row[1] for row in rows]
    assert metrics.accuracy(wanted, found) == pytest.approx(reference.accuracy_score(wanted, found), abs=1e-12)
    matrix = metrics.confusion_matrix(wanted, found, labels=LABELS)
    assert matrix.tolist() == [
        [sum(w == down and f == across for w, f in rows) for across in LABELS] for down in LABELS
    ]
    ours = metrics.macro_f1(wanted, found)
    assert ours == pytest.approx(reference.f1_score(wanted, found, average="macro", zero_division=0.0), abs=1e-12)
    binary = reference.f1_score([w == "good" for w in wanted], [f == "good" for f in found], zero_division=0.0)
    assert metrics.f1(wanted, found, positive="good") == pytest.approx(binary, abs=1e-12)


def test_confusion_matrix_follows_the_given_order_and_refuses_strangers() -> None:
    assert metrics.confusion_matrix(["b", "a", "b"], ["a", "a", "b"], labels=["b", "a"]).tolist() == [[1, 1], [0, 1]]
    with pytest.raises(DataError, match=r"unknown label; found .*'c'"):
        metrics.confusion_matrix(["b"], ["c"], labels=["b", "a"])


@steady
@given(scored)
def test_roc_auc_with_ties_equals_scikit_learns(rows: list[tuple[bool, int]]) -> None:
    wanted, scores = [row[0] for row in rows], [row[1] for row in rows]
    assert metrics.roc_auc(wanted, scores) == pytest.approx(reference.roc_auc_score(wanted, scores), abs=1e-12)


def test_roc_auc_counts_a_tie_as_a_half_and_refuses_one_class() -> None:
    assert metrics.roc_auc([0, 1], [0.5, 0.5]) == 0.5
    assert metrics.roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) == 0.75
    with pytest.raises(DataError, match="one class"):
        metrics.roc_auc([1, 1], [0.1, 0.2])


@pytest.mark.parametrize("classes", [2, 5])
def test_log_loss_equals_scikit_learns(classes: int) -> None:
    wanted, table = probabilities(200, classes, seed=1)
    expected = reference.log_loss(wanted, table, labels=range(classes))
    assert metrics.log_loss(wanted, table) == pytest.approx(expected, abs=1e-12)


def test_log_loss_of_a_certain_mistake_is_finite() -> None:
    assert metrics.log_loss([1], [0.0]) == pytest.approx(-math.log(np.finfo(float).eps))
    assert metrics.log_loss([1], [1.0]) == 0.0


def test_the_calibration_error_equals_the_one_worked_out_by_hand() -> None:
    table = np.array([[0.9, 0.1], [0.88, 0.12], [0.38, 0.62], [0.3, 0.7]])
    bins = metrics.calibration_bins([0, 1, 1, 1], table, bins=5)
    assert [(b.count, b.accuracy) for b in bins] == [(2, 1.0), (2, 0.5)]
    assert [b.confidence for b in bins] == pytest.approx([0.66, 0.89])
    assert metrics.calibration_error([0, 1, 1, 1], table, bins=5) == pytest.approx((2 * 0.34 + 2 * 0.39) / 4)
    assert metrics.calibration_error([0, 1, 1, 1], table[:, 1], bins=5) == pytest.approx((2 * 0.34 + 2 * 0.39) / 4)


def test_bins_hold_every_row_and_their_upper_edge() -> None:
    wanted, table = probabilities(500, 3, seed=2)
    bins = metrics.calibration_bins(wanted, table)
    assert sum(b.count for b in bins) == 500
    assert sum(b.count * b.accuracy for b in bins) == pytest.approx(np.sum(table.argmax(axis=1) == wanted))
    assert [b.count for b in metrics.calibration_bins([1, 1], [0.6, 0.61], bins=5)] == [1, 1]


def test_a_calibrated_model_has_a_small_error_and_a_boastful_one_a_large_error() -> None:
    generator = np.random.default_rng(3)
    chance = generator.random(50_000)
    happened = (generator.random(50_000) < chance).astype(int)
    assert metrics.calibration_error(happened, chance) < 0.01
    assert metrics.calibration_error(happened, np.where(chance > 0.5, 0.999, 0.001)) > 0.2


def test_perplexity_is_the_exponent_of_the_mean_loss() -> None:
    assert metrics.perplexity(10 * math.log(50), 10) == pytest.approx(50)
    assert metrics.perplexity(1e6, 10) == math.inf
    with pytest.raises(DataError, match="no tokens"):
        metrics.perplexity(0.0, 0)


@steady
@given(pairs)
def test_error_metrics_equal_scikit_learns(rows: list[tuple[float, float]]) -> None:
    wanted, found = np.array(rows).T
    squared = reference.mean_squared_error(wanted, found)
    assert metrics.mae(wanted, found) == pytest.approx(reference.mean_absolute_error(wanted, found), rel=1e-12)
    assert metrics.mse(wanted, found) == pytest.approx(squared, rel=1e-12)
    assert metrics.rmse(wanted, found) == pytest.approx(math.sqrt(squared), rel=1e-12)
    pinball = reference.mean_pinball_loss(wanted, found, alpha=0.2)
    assert metrics.pinball(wanted, found, quantile=0.2) == pytest.approx(pinball, rel=1e-12, abs=1e-12)


def test_mase_equals_the_one_worked_out_by_hand() -> None:
    assert metrics.mase([5, 7], [4, 9], history=[1, 2, 4, 7]) == pytest.approx(1.5 / 2)
    assert metrics.mase([5, 7], [4, 9], history=[1, 2, 4, 7], season=2) == pytest.approx(1.5 / 4)


@steady
@given(st.lists(numbers, min_size=4, max_size=30), st.integers(1, 3))
def test_seasonal_naive_scores_one_on_its_own_history(history: list[float], season: int) -> None:
    values = np.array(history)
    error = metrics.mae(values[season:], values[:-season])
    if error > 1e-6:
        assert metrics.mase(values[season:], values[:-season], history=values, season=season) == pytest.approx(1.0)


def test_mase_is_defined_for_series_without_change() -> None:
    assert metrics.mase([3, 3], [3, 3], history=[3, 3, 3]) == 0.0
    assert metrics.mase([6, 3], [3, 3], history=[3, 3, 3]) == 0.5
    assert metrics.mase([1, 2], [0, 0], history=[0, 0, 0]) == 1.5
    assert metrics.naive_scale([0.1, 0.1 + 1e-17, 0.30000000000000004 - 0.2], season=1) == pytest.approx(0.1)
    assert metrics.naive_scale([1, 5, 1, 5, 1], season=2) == 4.0


def test_mase_needs_more_than_a_season() -> None:
    with pytest.raises(DataError, match="found 2 values; allowed: 3 or more"):
        metrics.mase([1], [1], history=[1, 2], season=2)


def test_smape_equals_the_one_worked_out_by_hand_and_takes_zero_over_zero_as_zero() -> None:
    assert metrics.smape([100, 0], [300, 0]) == pytest.approx(50.0)
    assert metrics.smape([0, 1], [1, -1]) == pytest.approx(200.0)


@steady
@given(pairs)
def test_smape_is_symmetric_and_bounded(rows: list[tuple[float, float]]) -> None:
    wanted, found = np.array(rows).T
    figure = metrics.smape(wanted, found)
    assert 0 <= figure <= 200 + 1e-9
    assert figure == pytest.approx(metrics.smape(found, wanted))


def test_owa_weighs_both_against_the_reference() -> None:
    assert metrics.owa(smape=9, mase=3, reference_smape=10, reference_mase=2) == pytest.approx((0.9 + 1.5) / 2)
    assert metrics.owa(smape=0, mase=3, reference_smape=0, reference_mase=3) == 1.0
    assert metrics.owa(smape=1, mase=3, reference_smape=0, reference_mase=3) == math.inf


def test_pinball_equals_the_one_worked_out_by_hand_and_is_least_at_the_quantile() -> None:
    assert metrics.pinball([10, 10], [8, 12], quantile=0.9) == pytest.approx((1.8 + 0.2) / 2)
    values = np.random.default_rng(4).normal(size=4001)
    losses = {q: metrics.pinball(values, np.full(4001, np.quantile(values, q)), quantile=0.8) for q in (0.7, 0.8, 0.9)}
    assert losses[0.8] == min(losses.values())
    with pytest.raises(DataError, match="above 0 and below 1"):
        metrics.pinball([1], [1], quantile=1.0)


def test_coverage_counts_both_ends() -> None:
    assert metrics.coverage([1, 2, 3, 4], [1, 0, 4, 0], [5, 2, 5, 3]) == 0.5


def test_bootstrap_agrees_with_drawing_rows_one_by_one() -> None:
    generator = np.random.default_rng(5)
    first, second = generator.random(400) < 0.85, generator.random(400) < 0.80
    rows = generator.integers(0, 400, (4000, 400))
    plain = (first.astype(float) - second)[rows].mean(axis=1)
    found = metrics.paired_bootstrap(first, second, seed=6)
    assert found.difference == pytest.approx(first.mean() - second.mean())
    assert [found.low, found.high] == pytest.approx(np.quantile(plain, [0.025, 0.975]), abs=0.005)
    assert found.p == pytest.approx(2 * min(np.mean(plain <= 0), np.mean(plain >= 0)), abs=0.02)


def test_bootstrap_repeats_itself_and_knows_the_extremes() -> None:
    right, wrong = np.ones(100), np.zeros(100)
    assert metrics.paired_bootstrap(right, wrong, draws=999) == (1.0, 1.0, 1.0, 2 / 1000)
    assert metrics.paired_bootstrap(right, right) == (0.0, 0.0, 0.0, 1.0)
    scores = np.random.default_rng(7).normal(size=(2, 50))
    assert metrics.paired_bootstrap(*scores, seed=1) == metrics.paired_bootstrap(*scores, seed=1)
    assert metrics.paired_bootstrap(*scores, seed=1) != metrics.paired_bootstrap(*scores, seed=2)


@pytest.mark.parametrize("function", [metrics.accuracy, metrics.mae, metrics.smape, metrics.roc_auc])
def test_empty_and_unequal_inputs_are_refused(function: object) -> None:
    assert callable(function)
    with pytest.raises(DataError, match="0 rows"):
        function([], [])
    with pytest.raises(DataError, match="shapes differ"):
        function([1, 0], [1])


def test_values_that_are_not_finite_or_not_probabilities_are_refused() -> None:
    with pytest.raises(DataError, match="not finite"):
        metrics.mae([1.0], [math.nan])
    with pytest.raises(DataError, match="not a probability"):
        metrics.log_loss([0], [1.5])
    with pytest.raises(DataError, match="unknown class"):
        metrics.log_loss([2], [0.5])
