"""How good predictions are: of labels, of probabilities, of words and of series; pure functions over arrays.

Not here: predicting, printing, choosing. Targets always come first; every figure is a plain float and never NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recurra.errors import DataError

_Floats = NDArray[np.float64]
SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class CalibrationBin:
    """Predictions of similar confidence: their mean confidence, the share that was right, and how many they are."""

    confidence: float
    accuracy: float
    count: int


class PairedDifference(NamedTuple):
    """Mean of a minus mean of b, its 95 % interval, and the two-sided p-value of "no difference"."""

    difference: float
    low: float
    high: float
    p: float


def accuracy(targets: ArrayLike, predictions: ArrayLike) -> float:
    """Share of rows whose predicted label is the target: (rows,), (rows,) -> float."""
    wanted, found = _same_length(targets, predictions)
    return float(np.mean(wanted == found))


def confusion_matrix(targets: ArrayLike, predictions: ArrayLike, *, labels: ArrayLike) -> NDArray[np.int64]:
    """Count rows by target (down) and prediction (across), both in the order of `labels`: (classes, classes)."""
    wanted, found = _same_length(targets, predictions)
    order = np.asarray(labels)
    matrix = np.zeros((len(order), len(order)), dtype=np.int64)
    # add.at counts equal places one by one; matrix[…] += 1 would count them once.
    np.add.at(matrix, (_positions(wanted, order), _positions(found, order)), 1)
    return matrix


def f1(targets: ArrayLike, predictions: ArrayLike, *, positive: str | int | bool) -> float:
    """F1 of one class: 2 TP / (2 TP + FP + FN), and 0 where nothing of the class was there or was predicted."""
    wanted, found = _same_length(targets, predictions)
    hits = int(np.sum((wanted == positive) & (found == positive)))
    mistakes = int(np.sum((wanted == positive) != (found == positive)))
    # TP, and FP + FN together; with no hit the quotient may be 0 / 0.
    return 2 * hits / (2 * hits + mistakes) if hits else 0.0


def macro_f1(targets: ArrayLike, predictions: ArrayLike) -> float:
    """Plain mean of `f1` over every class that occurs among targets or predictions."""
    wanted, found = _same_length(targets, predictions)
    classes = np.unique(np.concatenate([wanted, found])).tolist()
    return sum(f1(wanted, found, positive=label) for label in classes) / len(classes)


def roc_auc(targets: ArrayLike, scores: ArrayLike) -> float:
    """Chance that a positive row outscores a negative one, ties counting a half (Hanley & McNeil 1982).

    AUC = (sum of the positives' ranks - P (P + 1) / 2) / (P N), tied scores sharing their mean rank. Targets are 0/1
    or booleans (rows,); raises DataError where only one class occurs.
    """
    wanted, found = _same_length(targets, _numbers(scores))
    positive = wanted.astype(bool)
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        raise DataError("ROC AUC is not defined for one class", allowed="targets with both 0 and 1")
    ranks = _mean_ranks(found)
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def log_loss(targets: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean of -log p(target) in nats, p kept at or above 2.2e-16.

    Targets are class positions (rows,); probabilities (rows, classes), or (rows,) for the probability of class 1.
    """
    wanted, table = _classes_and_probabilities(targets, probabilities)
    chosen = table[np.arange(len(wanted)), wanted]
    return float(-np.mean(np.log(np.clip(chosen, SMALLEST_PROBABILITY, 1.0))))


def calibration_bins(targets: ArrayLike, probabilities: ArrayLike, *, bins: int = 15) -> list[CalibrationBin]:
    """Group rows by confidence (the highest probability) into equal widths ((m-1)/bins, m/bins]; empty ones left out.

    Shapes as in `log_loss`. Guo et al. 2017, "On calibration of modern neural networks", section 2.
    """
    wanted, table = _classes_and_probabilities(targets, probabilities)
    confidence, correct = table.max(axis=1), table.argmax(axis=1) == wanted
    # Bins are open below and closed above, so ceil; a confidence of 0 would fall before the first.
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    groups = [place == number for number in range(bins)]
    return [
        CalibrationBin(float(confidence[group].mean()), float(correct[group].mean()), int(group.sum()))
        for group in groups
        if group.any()
    ]


def calibration_error(targets: ArrayLike, probabilities: ArrayLike, *, bins: int = 15) -> float:
    """Expected calibration error over `calibration_bins`: sum of count/rows · |accuracy - confidence| (Guo, eq. 3)."""
    groups = calibration_bins(targets, probabilities, bins=bins)
    return sum(g.count * abs(g.accuracy - g.confidence) for g in groups) / sum(g.count for g in groups)


def perplexity(loss_sum: float, count: int) -> float:
    """exp(loss_sum / count): loss_sum in nats over `count` predicted tokens; infinite where that overflows."""
    if count < 1:
        raise DataError("no tokens to judge", found=f"{count} tokens", allowed="1 or more")
    mean = loss_sum / count
    # exp(709.8) is the largest float64.
    return math.exp(mean) if mean < 709.0 else math.inf


def mae(targets: ArrayLike, predictions: ArrayLike) -> float:
    """Mean absolute error, in the unit of the targets."""
    return float(np.mean(np.abs(_errors(targets, predictions))))


def mse(targets: ArrayLike, predictions: ArrayLike) -> float:
    """Mean squared error, in the squared unit of the targets."""
    return float(np.mean(np.square(_errors(targets, predictions))))


def rmse(targets: ArrayLike, predictions: ArrayLike) -> float:
    """Root of the mean squared error, in the unit of the targets."""
    return math.sqrt(mse(targets, predictions))


def spearman(targets: ArrayLike, predictions: ArrayLike) -> float | None:
    """Pearson's correlation of the ranks, tied values sharing their mean rank (Spearman 1904).

    None where either side has one value alone: no rank is then above another.
    """
    wanted, found = (_mean_ranks(values) for values in _same_length(_numbers(targets), _numbers(predictions)))
    spread = float(wanted.std() * found.std())
    return float(((wanted - wanted.mean()) * (found - found.mean())).mean()) / spread if spread else None


def _mean_ranks(values: NDArray[Any]) -> _Floats:
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    # Tied values share the middle of the ranks that they fill.
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[group])


def kappa(targets: ArrayLike, predictions: ArrayLike, *, classes: int) -> float | None:
    """Quadratic weighted kappa of steps 0 to classes - 1: 1 - Σ w o / Σ w e, w = (i - j)² (Cohen 1968).

    o is what was counted, e what would be by chance with the same totals. None where chance itself makes no mistake.
    """
    counted = confusion_matrix(targets, predictions, labels=np.arange(classes))
    weights = np.subtract.outer(np.arange(classes), np.arange(classes)) ** 2
    chance = np.outer(counted.sum(1), counted.sum(0)) / max(1, counted.sum())
    return 1 - float((weights * counted).sum() / expected) if (expected := (weights * chance).sum()) else None


def mase(targets: ArrayLike, predictions: ArrayLike, *, history: ArrayLike, season: int = 1) -> float:
    """Mean absolute error over `naive_scale` of the series' training part: Hyndman & Koehler 2006, equation 8.1."""
    return mae(targets, predictions) / naive_scale(history, season=season)


def naive_scale(history: ArrayLike, *, season: int = 1, known: ArrayLike | None = None) -> float:
    """Mean of |y_t - y_{t - season}| inside the training part (steps,), of pairs that are `known`; always above zero.

    Where the seasonal naive forecast is perfect there, the one-step naive error takes its place; a constant series is
    measured by its own mean absolute value, and one of zeros by 1. Raises DataError for `season` values or fewer.
    """
    values = _numbers(history)
    if len(values) <= season:
        raise DataError("too little history for MASE", found=f"{len(values)} values", allowed=f"{season + 1} or more")
    there = np.asarray(np.ones(len(values)) if known is None else known, np.bool_)
    level = float(np.abs(values[there]).mean()) if there.any() else 0.0
    for lag in (season, 1):
        steps = np.abs(values[lag:] - values[:-lag])[there[lag:] & there[:-lag]]
        # differences of rounding size are no scale to measure by
        if steps.size and steps.mean() > 4 * np.finfo(np.float64).eps * level:
            return float(steps.mean())
    return level or 1.0


def smape(targets: ArrayLike, predictions: ArrayLike) -> float:
    """Symmetric mean absolute percentage error, 0 to 200: mean of 200 |y - f| / (|y| + |f|), 0/0 being 0 (M4 2018)."""
    wanted, found = _same_length(_numbers(targets), _numbers(predictions))
    # Where both are 0 the error is 0 too: any other divisor will do.
    sizes = np.abs(wanted) + np.abs(found)
    return float(200 * np.mean(np.abs(wanted - found) / np.where(sizes > 0, sizes, 1.0)))


def owa(*, smape: float, mase: float, reference_smape: float, reference_mase: float) -> float:
    """Overall weighted average of the M4 competition: (sMAPE / the reference's + MASE / the reference's) / 2.

    The reference of M4 is Naive 2; 0/0 counts as 1 (no better, no worse), any other error over 0 as infinite.
    """
    return (_ratio(smape, reference_smape) + _ratio(mase, reference_mase)) / 2


def pinball(targets: ArrayLike, predictions: ArrayLike, *, quantile: float) -> float:
    """Mean pinball loss max(q (y - f), (q - 1) (y - f)) of forecasts of one quantile (Koenker & Bassett 1978)."""
    if not 0 < quantile < 1:
        raise DataError("no such quantile", found=str(quantile), allowed="above 0 and below 1")
    errors = _errors(targets, predictions)
    return float(np.mean(np.maximum(quantile * errors, (quantile - 1) * errors)))


def coverage(targets: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Share of targets inside their interval, both ends included: three arrays of one shape -> float."""
    return float(np.mean((_errors(targets, low) >= 0) & (_errors(targets, high) <= 0)))


def paired_bootstrap(
    correct_a: ArrayLike, correct_b: ArrayLike, *, draws: int = 10_000, seed: int = 0
) -> PairedDifference:
    """Compare two models on the same rows by drawing rows with replacement (Efron & Tibshirani 1993; Koehn 2004).

    The inputs (rows,) say per row whether a and b were right (or any per-row score). p = twice the smaller share of
    draws on either side of zero, counting the observed one: (1 + k) / (1 + draws), at most 1.
    """
    first, second = _same_length(_numbers(correct_a), _numbers(correct_b))
    # Right or wrong twice gives -1, 0 and 1 only.
    values, counts = np.unique(first - second, return_counts=True)
    generator = np.random.default_rng(seed)
    # rows of equal difference are interchangeable, so how often each value is drawn is multinomial: same law, less work
    means = np.empty(draws)
    # Blocks of 32 MB, however many distinct scores there are.
    block = max(1, 4_000_000 // len(values))
    for start in range(0, draws, block):
        size = min(block, draws - start)
        means[start : start + size] = generator.multinomial(len(first), counts / len(first), size) @ values / len(first)
    smaller = min(int(np.sum(means <= 0)), int(np.sum(means >= 0)))
    low, high = np.quantile(means, [0.025, 0.975])
    # The observed difference counts as one draw: p is never 0 (Davison & Hinkley 1997, chapter 4).
    p = min(1.0, 2 * (1 + smaller) / (1 + draws))
    return PairedDifference(float(np.mean(first - second)), float(low), float(high), p)


def _same_length(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Two arrays of one shape with at least one value."""
    left, right = np.asarray(first), np.asarray(second)
    if left.shape != right.shape:
        raise DataError("shapes differ", found=f"targets {left.shape} and predictions {right.shape}", allowed="one")
    if left.size == 0:
        raise DataError("nothing to judge", found="0 rows", allowed="1 or more")
    return left, right


def _numbers(values: ArrayLike) -> _Floats:
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise DataError("a value is not finite", found="NaN or infinity", allowed="finite numbers")
    return numbers


def _errors(targets: ArrayLike, predictions: ArrayLike) -> _Floats:
    wanted, found = _same_length(_numbers(targets), _numbers(predictions))
    return np.asarray(wanted - found, dtype=np.float64)


def _positions(values: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.int64]:
    order = np.argsort(labels, kind="stable")
    # Labels need not be sorted: searchsorted goes by their order.
    places = order[np.minimum(np.searchsorted(labels, values, sorter=order), len(labels) - 1)]
    strangers = labels[places] != values
    if strangers.any():
        raise DataError("unknown label", found=repr(values[strangers][0]), allowed=", ".join(map(str, labels[:20])))
    return np.asarray(places, dtype=np.int64)


def _classes_and_probabilities(targets: ArrayLike, probabilities: ArrayLike) -> tuple[NDArray[np.int64], _Floats]:
    """Class positions (rows,) and probabilities (rows, classes), checked."""
    table = _numbers(probabilities)
    table = np.column_stack([1 - table, table]) if table.ndim == 1 else table
    wanted = np.asarray(targets).astype(np.int64)
    if table.shape[:1] != wanted.shape or not len(wanted):
        raise DataError(
            "shapes differ", found=f"{wanted.shape} targets, {table.shape} probabilities", allowed="one row each"
        )
    if table.min() < 0 or table.max() > 1:
        raise DataError("not a probability", found=f"{table.min()} to {table.max()}", allowed="0 to 1")
    if wanted.min() < 0 or wanted.max() >= table.shape[1]:
        raise DataError("unknown class", found=str(wanted.max()), allowed=f"0 to {table.shape[1] - 1}")
    return wanted, table


def _ratio(value: float, reference: float) -> float:
    if reference == 0:
        return 1.0 if value == 0 else math.inf
    return value / reference
