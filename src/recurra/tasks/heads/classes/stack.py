"""Several judges of a text become one: a net, and linear models of its n-grams, each counting as cross-fitting says.

Each judge answers rows that it did not learn from, fold by fold; weights of at least 0 and a bias for each class then
make the log loss of those answers least (Wolpert 1992; Breiman 1996: non-negative weights never lose by much to the
best judge). In the end every judge learns from all rows. A judge's scores only count by their differences, so the sum
of weighted scores is the log of a product of the judges' probabilities, and one temperature is part of the weights.

Not here: the judges themselves (layers/grams/learn.py, learn.py), which net a file is given (choose.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.baselines.nb_svm import fit_against_rest
from recurra.batches import Ragged, join
from recurra.layers.grams.learn import count_grams, fit_logistic, fit_nb_svm
from recurra.layers.grams.run import GramsSpec, Unit
from recurra.layers.layer import Floats, Weights
from recurra.metrics import log_loss
from recurra.nets.run import softmax
from recurra.tasks.inputs.texts import Part
from recurra.text.units import units_of
from recurra.text.unspaced import words_about

Places = NDArray[np.int64]
"""Numbers of rows."""


@dataclass(frozen=True)
class Linear:
    """A linear model of n-grams: which, how it is fitted, and in how many texts an n-gram must stand."""

    name: str
    spec: GramsSpec
    fit: Callable[..., tuple[GramsSpec, Weights]]
    seen: int = 1


NB_SVM = partial(fit_nb_svm, fit=fit_against_rest)
# Sizes of a spec are told by what is learnt; 1 stands for "not known yet".
JUDGES = (
    Linear("TF-IDF of words, logistic regression", GramsSpec(entries=1, outputs=1), fit_logistic),
    Linear("NB-SVM of words", GramsSpec(longest=3, counted="present", entries=1, outputs=1), NB_SVM),
    Linear(
        "TF-IDF of characters, logistic regression",
        GramsSpec(unit="character", shortest=2, longest=5, entries=1, outputs=1),
        fit_logistic,
        seen=2,
    ),
)
SHORT = 80.0
"""Mean words of a text up to which characters are worth their time."""
MANY = 20_000
"""Texts from which on an n-gram must stand in two of them."""
MOST = 300_000
"""N-grams of a judge that are kept, at most: the most frequent."""
PENALTY = 1e-3
"""Of squared weights and biases in the fit of the stack: it holds few rows near even weights."""


class Texts:
    """Texts as hashes of words and as characters, each made once however many judges and folds ask."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Hold them."""
        self.texts = texts
        self._kept: dict[Unit, list[NDArray[Any]]] = {}

    def of(self, unit: Unit, rows: Places) -> Ragged[NDArray[Any]]:
        """Return some rows in one kind of unit."""
        if unit not in self._kept:
            self._kept[unit] = units_of(self.texts, unit)
        kept = self._kept[unit]
        return join([kept[row] for row in rows])


def judges_for(texts: Sequence[str]) -> list[Linear]:
    """Return the linear models that are worth their time on these texts."""
    words = sum(map(words_about, texts)) / max(1, len(texts))
    chosen = [judge for judge in JUDGES if judge.spec.unit == "word" or words <= SHORT]
    return [replace(judge, seen=2) for judge in chosen] if len(texts) >= MANY else chosen


def fitted(judge: Linear, texts: Texts, train: Part, rows: Places, classes: int) -> tuple[GramsSpec, Weights]:
    """Fit a judge on some rows."""
    learnt = count_grams(texts.of(judge.spec.unit, rows), judge.spec, seen=judge.seen, most=MOST)
    return judge.fit(learnt, train.targets[rows], train.weights[rows], classes)


@dataclass(frozen=True)
class Stack:
    """How much each judge counts, and what is added to each class."""

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def scores(self, judges: Sequence[Floats]) -> NDArray[np.float64]:
        """The weighted sum of scores (rows, classes)."""
        summed: NDArray[np.float64] = sum(
            (weight * centred(scores) for weight, scores in zip(self.weights, judges, strict=True)), self.bias
        )
        return summed


def centred(scores: Floats) -> NDArray[np.float64]:
    """Log-probabilities that scores stand for: what all classes share says nothing."""
    return np.log(np.maximum(softmax(scores.astype(np.float64)), 1e-12))


def fit_stack(judges: Sequence[Floats], targets: Places, weights: NDArray[Any]) -> Stack:
    """Weights of at least 0 and biases of least log loss, by L-BFGS-B, from even weights on."""
    from scipy.optimize import minimize

    logs = np.stack([centred(scores) for scores in judges])
    count, rows, classes = logs.shape
    share = weights / weights.sum()
    truth = np.eye(classes)[targets]
    even = np.concatenate([np.full(count, 1 / count), np.zeros(classes)])

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        shares = softmax(np.tensordot(values[:count], logs, 1) + values[count:])
        # Each row counts by its weight, in the loss and in the gradient.
        apart = (shares - truth) * share[:, None]
        told = -float((share * np.log(np.maximum(shares[np.arange(rows), targets], 1e-12))).sum())
        away = values - even
        gradient = np.concatenate([np.tensordot(logs, apart, 2), apart.sum(0)]) + 2 * PENALTY * away
        return told + PENALTY * float(away @ away), gradient

    bounds = [(0.0, None)] * count + [(None, None)] * classes
    best = minimize(loss, even, jac=True, method="L-BFGS-B", bounds=bounds).x
    return Stack(best[:count], best[count:])


def worth(names: Sequence[str], judges: Sequence[Floats], targets: Places, stack: Stack) -> list[dict[str, Any]]:
    """What each judge is worth: its weight, its own accuracy out of fold, and the loss of the stack without it."""
    whole = log_loss(targets, softmax(stack.scores(judges)))
    told: list[dict[str, Any]] = []
    for place, name in enumerate(names):
        others = [scores for other, scores in enumerate(judges) if other != place]
        left = fit_stack(others, targets, np.ones(len(targets))) if others else None
        without = log_loss(targets, softmax(left.scores(others))) if left else float(np.log(judges[0].shape[1]))
        right = float((judges[place].argmax(1) == targets).mean())
        told.append({"name": name, "weight": float(stack.weights[place]), "accuracy": right, "loss": without - whole})
    return told
