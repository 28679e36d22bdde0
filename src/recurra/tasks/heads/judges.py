"""Linear judges of texts beside a net: which there are, how they are cross-fitted, and how all become one model.

Every head whose net stands among linear models of n-grams does it in this way (Wolpert 1992; Breiman 1996). Not here:
how a judge is fitted (layers/grams/learn.py), and what loss weighs the judges (classes/stack.py, targets/blend.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recurra.artefact.tensors import rounded, widened
from recurra.baselines.nb_svm import fit_against_rest
from recurra.batches import Ragged, join
from recurra.layers.grams.learn import Grams, count_grams, fit_logistic, fit_nb_svm
from recurra.layers.grams.run import GramsSpec, Unit, grams
from recurra.layers.layer import Floats, Weights
from recurra.tasks.inputs.labelled import Fold
from recurra.text.encoder import wordless
from recurra.text.units import units_of
from recurra.text.unspaced import words_about

Numbers = NDArray[np.float64]
Fitted = tuple[GramsSpec, Weights]
"""A linear judge as it answers."""
Places = NDArray[np.int64]
"""Numbers of rows."""
NOWHERE = np.zeros(0, np.int64)


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
SURE = 2.0
"""Standard errors by which what was learnt from texts without labels must be better."""
LITTLE = 1e-3
"""A judge of no more weight is left out."""
PENALTY = 1e-3
"""Of squared distances to even weights and no biases: it holds where few rows tell."""


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


def counted_grams(judge: Linear, texts: Texts, rows: Places) -> Grams:
    """Count the n-grams of some rows that a judge learns from."""
    return count_grams(texts.of(judge.spec.unit, rows), judge.spec, seen=judge.seen, most=MOST)


def parts_of(folds: Sequence[Fold], rows: int) -> list[Places]:
    """Return what judges learn from: the rows of each fold, then all of them, by which the last judge is fitted.

    Where one part is held out for good, the judge of the others is the last one.
    """
    return [fold.learnt for fold in folds] + ([np.arange(rows)] if len(folds) > 1 else [])


class CrossFitted(NamedTuple):
    """Scores (rows, columns) of each fold's held rows by a judge that did not learn from them, and the last judge."""

    scores: Floats
    last: Fitted
    free: Floats
    """What the judge of each part answers to further texts: (parts, texts, columns)."""


def cross_fitted(
    fit: Callable[[int], Fitted], texts: Texts, folds: Sequence[Fold], columns: int, free: Places = NOWHERE
) -> CrossFitted:
    """Have a judge learn from each part, by its number among `parts_of`; `free` are places of texts of no part."""
    scores, answers = np.zeros((len(texts.texts), columns), np.float32), list[Floats]()
    for number in range(len(parts_of(folds, 0))):
        spec, weights = last = fit(number)
        for fold in folds[number : number + 1]:
            scores[fold.held] = grams(spec, weights, texts.of(spec.unit, fold.held))
        if len(free):
            answers.append(grams(spec, weights, texts.of(spec.unit, free)))
    return CrossFitted(scores, last, np.array(answers, np.float32))


def least(
    told: Callable[[Numbers, Numbers], tuple[float, Numbers, Numbers]], judges: int, columns: int
) -> tuple[Numbers, Numbers]:
    """Weights (judges,) of at least 0 and biases (columns,) of least loss, by L-BFGS-B, from even weights on.

    `told` gives the loss of weights and biases, and its gradients by both.
    """
    from scipy.optimize import minimize

    even = np.concatenate([np.full(judges, 1 / judges), np.zeros(columns)])

    def loss(values: Numbers) -> tuple[float, Numbers]:
        value, by_weights, by_bias = told(values[:judges], values[judges:])
        away = values - even
        return value + PENALTY * float(away @ away), np.concatenate([by_weights, by_bias]) + 2 * PENALTY * away

    bounds = [(0.0, None)] * judges + [(None, None)] * columns
    best = minimize(loss, even, jac=True, method="L-BFGS-B", bounds=bounds).x
    return best[:judges], best[judges:]


def surely(gains: Numbers) -> bool:
    """Tell whether rows gain in the mean by more than two standard errors of their own gains (rows,)."""
    return bool(gains.mean() > SURE * gains.std() / np.sqrt(len(gains)))


def net_left_out(before: Any, model: Any) -> list[str]:
    """Tell where joining left the net out."""
    told = "the net counts nothing, and is left out: n-grams answer alone, and the artefact is the smaller"
    return [told] if before.plan.flow and not model.plan.flow else []


def joined(model: Any, weights: Numbers, bias: Numbers, parts: Sequence[Fitted]) -> Any:
    """One model of a net and linear judges: each one's weights take in what it counts, and one bias takes in `bias`.

    `weights` are (judges, columns), the net's first where there is one. A judge of little weight is left out; without
    the net, n-grams answer alone.
    """
    nets = len(weights) - len(parts)
    # The judge that counts most always stays, however little that is.
    enough = min(LITTLE, float(weights.max()))
    kept = [(count, part) for count, part in zip(weights[nets:], parts, strict=True) if count.max() >= enough]
    # Learnt in bfloat16 where that is quick, it answers in float32 on every machine alike.
    plan = model.plan.in_precision("float32").model_copy(update={"grams": tuple(spec for _, (spec, _) in kept)})
    tensors: dict[str, Any] = {}
    for number, (count, (_, held)) in enumerate(kept):
        scaled = {name: (held[name] * count).astype(np.float32) for name in ("weight", "bias")}
        tensors |= {f"grams{number}.{name}": value for name, value in {**held, **scaled}.items()}
    if nets and weights[0].max() >= enough:
        head = {"dense.weight": model.tensors["dense.weight"] * weights[0][:, None]}
        head["dense.bias"] = model.tensors["dense.bias"] * weights[0] + bias
        tensors = {**model.tensors, **{name: value.astype(np.float32) for name, value in head.items()}, **tensors}
    else:
        tensors["grams0.bias"] = (tensors["grams0.bias"] + bias).astype(np.float32)
        model = replace(model, encoder=wordless(model.encoder.config))
        plan = plan.without_net()
    # As the artefact holds them: what answers now and what answers after loading is the same.
    return replace(model, plan=plan, tensors=widened(rounded(tensors)))
