"""Linear scores of n-grams, learning: fitted in one go on hashed n-grams, not by gradient steps.

Two ways, both with scikit-learn's solvers: logistic regression on TF-IDF, and NB-SVM (Wang & Manning 2012). Needs SciPy
and scikit-learn (extra `train`).

Not here: how much the scores count beside a net (tasks/heads/judges.py).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.batches import Ragged
from recurra.errors import DataError
from recurra.layers.grams.run import Counted, GramsSpec, counted, damped
from recurra.layers.layer import TokenIds, Weights

ABSENT = -20.0
"""The score of a class that no row learnt from has: a probability of 2e-9 beside a score of 0."""


@dataclass(frozen=True)
class Grams:
    """The n-grams of some texts as a sparse matrix of counts (texts, entries), and which place each column has."""

    spec: GramsSpec
    places: NDArray[np.int64]
    matrix: Any


def count_grams(tokens: Ragged[TokenIds], spec: GramsSpec, *, seen: int = 2, most: int = 2**20) -> Grams:
    """Count the n-grams that `seen` texts hold, the `most` frequent of them; raises DataError where none is left."""
    found = counted(tokens, spec.unit, spec.shortest, spec.longest)
    places, columns, texts = np.unique(found.places, return_inverse=True, return_counts=True)
    # An n-gram of one text alone names that text: it would be learnt by heart.
    enough = max(seen, int(np.sort(texts)[-most]) if len(texts) > most else 0)
    often = texts >= enough
    if not often.any():
        raise DataError(f"no n-gram stands in {seen} texts", advice="give more texts")
    return Grams(spec, places[often], _matrix(found, spec, often, columns, tokens.sequences))


def _matrix(found: Counted, spec: GramsSpec, often: NDArray[np.bool_], columns: NDArray[Any], texts: int) -> Any:
    from scipy.sparse import csr_matrix

    # Numbers the kept places one after another: kept place -> its column. liblinear reads 32-bit indices only.
    column, chosen = np.cumsum(often) - 1, often[columns]
    cells = (found.owners[chosen].astype(np.int32), column[columns[chosen]].astype(np.int32))
    return csr_matrix((damped(found.counts[chosen], spec), cells), shape=(texts, int(often.sum())))


def fit_logistic(
    learnt: Grams, targets: NDArray[np.int64], row_weights: NDArray[Any], classes: int, *, inverse_penalty: float = 10.0
) -> tuple[GramsSpec, Weights]:
    """Logistic regression on TF-IDF of length 1, several classes at once; frequencies smoothed as scikit-learn does."""
    from sklearn.linear_model import LogisticRegression

    scaled, weight = weighted(learnt)
    # Of rows of length 1 the stochastic average gradient is there in a few passes, forty times as quick as L-BFGS.
    model = LogisticRegression(C=inverse_penalty, solver="sag", max_iter=60, tol=1e-2, random_state=0)
    slopes, bias = regressed(model, scaled, targets, row_weights, classes)
    return packed(learnt, slopes.T * weight[:, None], bias, weight**2)


def weighted(learnt: Grams) -> tuple[Any, NDArray[np.float64]]:
    """Return TF-IDF of length 1 (texts, entries), smoothed as scikit-learn does, and the weight of each entry."""
    matrix, rows = learnt.matrix, learnt.matrix.shape[0]
    # ln((1 + n) / (1 + df)) + 1
    weight = np.log((1 + rows) / (1 + np.bincount(matrix.indices, minlength=matrix.shape[1]))) + 1
    scaled = matrix.copy()
    scaled.data = scaled.data * weight[matrix.indices]
    lengths = np.sqrt(np.maximum(np.asarray(scaled.multiply(scaled).sum(axis=1)).ravel(), 1e-12))
    scaled.data /= np.repeat(lengths, np.diff(scaled.indptr))
    return scaled, weight


@contextmanager
def unconverged() -> Iterator[None]:
    """Take a fit whose last digits have not settled: cross-fitting weighs every judge as it is."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def regressed(
    model: Any, rows: Any, targets: NDArray[np.int64], row_weights: NDArray[Any], classes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit scikit-learn's logistic regression: slopes (classes, features), biases; of classes not met too."""
    slopes, bias = np.zeros((classes, rows.shape[1])), np.full(classes, ABSENT)
    met = np.unique(targets)
    if len(met) == 1:
        # Groups may leave a fold one class, which scikit-learn refuses to learn.
        bias[met] = 0.0
        return slopes, bias
    with unconverged():
        model.fit(rows, targets, row_weights)
    if len(met) == 2:
        # One score for two classes: the second against the first, shared out evenly.
        halves = np.array([-0.5, 0.5])
        slopes[met], bias[met] = halves[:, None] * model.coef_, halves * model.intercept_[0]
    else:
        slopes[met], bias[met] = model.coef_, model.intercept_
    return slopes, bias


def packed(
    learnt: Grams, slopes: NDArray[np.float64], bias: NDArray[np.float64], square: NDArray[np.float64] | None
) -> tuple[GramsSpec, Weights]:
    """Return a layer's record and weights: slopes (entries, outputs), and what a text's length is made of."""
    weights: Weights = {
        # Exact: places are below 2^24, and float32 holds every whole number up to there.
        "place": learnt.places.astype(np.float32),
        "weight": slopes.astype(np.float32),
        "bias": bias.astype(np.float32),
    }
    if square is not None:
        weights["square"] = square.astype(np.float32)
    sizes = {"entries": len(learnt.places), "outputs": len(bias), "normed": square is not None}
    return learnt.spec.model_copy(update=sizes), weights


def fit_nb_svm(
    learnt: Grams,
    targets: NDArray[np.int64],
    row_weights: NDArray[Any],
    classes: int,
    *,
    fit: Callable[..., Any],
) -> tuple[GramsSpec, Weights]:
    """NB-SVM on present n-grams, each class against the rest by `fit`; its scores are margins.

    Of two classes each text's ratios are brought to length 1, so that long texts do not shout. Of more they are not:
    classes would be brought to different lengths, and margins not be comparable (TREC 72 % with, 89 % without).
    """
    matrix, normed = learnt.matrix, classes == 2
    slopes, bias, squares = np.zeros((matrix.shape[1], classes)), np.full(classes, -2.0), None
    penalty = 1.0 if normed else 0.1
    for one in range(classes) if classes > 2 else [1]:
        positive = targets == one
        if not positive.any() or positive.all():
            continue
        with unconverged():
            model = fit(matrix, positive, inverse_penalty=penalty, normed=normed, row_weights=row_weights)
        slopes[:, one], squares, bias[one] = model
    if normed:
        slopes[:, 0], bias[0] = -slopes[:, 1], -bias[1]
    return packed(learnt, slopes, bias, squares)
