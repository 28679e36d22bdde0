"""A net and linear models of n-grams answer together: each counts as cross-fitting says, for every target.

Each judge answers rows that it did not learn from, fold by fold. Numbers are then fitted by least squares with weights
of at least 0, for each target (Breiman 1996); what is so or not by the log loss, one weight of at least 0 for a judge
and a bias for each target. In the end every judge learns from all rows.

Not here: the linear judges (heads/judges.py), single classes (classes/stack.py), how a net learns (learn.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.layers.grams.learn import packed, unconverged, weighted
from recurra.layers.layer import Floats
from recurra.nets.run import run_all
from recurra.tasks.heads.judges import (
    PENALTY,
    Fitted,
    Linear,
    Numbers,
    Places,
    Texts,
    counted_grams,
    cross_fitted,
    joined,
    judges_for,
    least,
    net_left_out,
    parts_of,
)
from recurra.tasks.heads.targets.run import RunningTargets, sigmoid
from recurra.tasks.inputs.labelled import Fold
from recurra.tasks.inputs.targets import Loss, TargetParts
from recurra.tasks.task import Again, Prepared, Trained

FROZEN = (300.0, 1000.0, 3000.0)
"""Penalties tried on a frozen net's features, which have spread 1."""
TF_IDF = {"squared": 1.0, "binary": 0.1}
"""Penalty of a linear model of n-grams: scikit-learn's of ridge regression, and C = 10 of logistic regression."""
ENOUGH = 3_000
"""Rows of which the start of a tuned net is fitted."""
FEW = 8
"""Targets up to which characters are counted."""


@dataclass(frozen=True)
class Blend:
    """A model of all judges, and what was answered out of fold: columns (rows, columns) of all and of each judge."""

    model: Any
    out_of_fold: Numbers
    judges: dict[str, Numbers]
    weights: dict[str, float]
    """What each judge counts, the mean over the targets."""
    notes: list[str]
    """What is remarkable about that."""


def blended(prepared: Prepared, model: RunningTargets, again: Again, *, shared: bool = False) -> Blend:
    """Cross-fit all judges, weigh them, and join them into one model.

    Where columns are `shared`, each judge has one score, the mean of its columns, which then differ by their biases
    alone: the cumulative link of classes in order (McCullagh 1980; Cao, Mirjalili & Raschka 2020).
    """
    data: TargetParts = prepared.data
    texts, linear = Texts(data.texts), _linear(data.texts, data.targets.shape[1])
    head, net = _net_columns(prepared, model, again)
    fitted = [_cross_fitted(judge, texts, data) for judge in linear]
    own: list[Numbers] = [net, *(columns.astype(np.float64) for columns, _ in fitted)]
    judges = own
    if shared:
        judges = [np.repeat(columns.mean(1, keepdims=True), columns.shape[1], axis=1) for columns in own]
    weights, bias = fit_weights(judges, data.targets, data.loss, data.weights)
    parts = [part for _, part in fitted]
    tensors = dict(model.tensors) | head
    if shared:
        tensors |= {name: _one(tensors[name], axis=0) for name in ("dense.weight", "dense.bias")}
        parts = [
            (spec, held | {"weight": _one(held["weight"], axis=1), "bias": _one(held["bias"], axis=0)})
            for spec, held in parts
        ]
    whole = joined(replace(model, tensors=tensors), weights, bias, parts)
    names = [data.net_name, *(name_of(judge, data.loss) for judge in linear)]
    return Blend(
        whole,
        sum((w * columns for w, columns in zip(weights, judges, strict=True)), bias),
        dict(zip(names, own, strict=True)),
        {name: float(w.mean()) for name, w in zip(names, weights, strict=True)},
        net_left_out(model, whole),
    )


def _one(values: Any, axis: int) -> Any:
    """Put the mean over the columns in the place of each."""
    return np.repeat(values.mean(axis=axis, keepdims=True), values.shape[axis], axis=axis)


def _linear(texts: Sequence[str], columns: int) -> list[Linear]:
    # NB-SVM is of classes alone; characters are many, and their worth is not that of minutes for many targets.
    units = ("word", "character") if columns <= FEW else ("word",)
    return [judge for judge in judges_for(texts) if judge.spec.counted == "damped" and judge.spec.unit in units]


def name_of(judge: Linear, loss: Loss) -> str:
    """Return what reports call a linear judge."""
    kind = "ridge regression" if loss == "squared" else "logistic regression"
    return f"TF-IDF of {judge.spec.unit}s, {kind}"


def _cross_fitted(judge: Linear, texts: Texts, data: TargetParts) -> tuple[Floats, Fitted]:
    parts = parts_of(data.folds, len(data.texts))

    def fit(number: int) -> Fitted:
        rows = parts[number]
        return fit_linear(judge, texts, rows, data.targets[rows], data.loss, data.weights_of(rows))

    return cross_fitted(fit, texts, data.folds, data.targets.shape[1])[:2]


def fit_linear(
    judge: Linear, texts: Texts, rows: Places, targets: NDArray[np.float32], loss: Loss, weights: Numbers | None = None
) -> Fitted:
    """Fit a linear model of the n-grams of some rows to their targets (rows, columns) and `weights` (rows,)."""
    learnt = counted_grams(judge, texts, rows)
    scaled, weight = weighted(learnt)
    slopes, bias = FITS[loss](scaled, targets.astype(np.float64), TF_IDF[loss], weights)
    return packed(learnt, slopes * weight[:, None], bias, weight**2)


def _ridge(features: Any, targets: Numbers, penalty: float, weights: Numbers | None) -> tuple[Numbers, Numbers]:
    from sklearn.linear_model import Ridge

    # Of sparse features scikit-learn takes conjugate gradients; dense ones are solved exactly.
    fit = Ridge(penalty).fit(features, targets, weights)
    return fit.coef_.reshape(targets.shape[1], -1).T, np.broadcast_to(fit.intercept_, targets.shape[1]).copy()


def _logistic(features: Any, targets: Numbers, penalty: float, weights: Numbers | None) -> tuple[Numbers, Numbers]:
    """Logistic regression of each column against what is not so."""
    from sklearn.linear_model import LogisticRegression

    rows, columns = targets.shape
    # A column of one kind alone has no slope: its share is what so many rows leave possible.
    mean = np.clip(targets.mean(0), 0.5 / (rows + 1), 1 - 0.5 / (rows + 1))
    slopes, bias = np.zeros((features.shape[1], columns)), np.log(mean / (1 - mean))
    for column in np.flatnonzero((targets.min(0) == 0) & (targets.max(0) == 1)):
        # Of sparse rows of length 1 the stochastic average gradient is there in a few passes.
        solver = {"solver": "sag", "max_iter": 60, "tol": 1e-2} if hasattr(features, "tocsr") else {"max_iter": 100}
        fit = LogisticRegression(C=1 / penalty, random_state=0, **solver)
        with unconverged():
            fit.fit(features, targets[:, column], weights)
        slopes[:, column], bias[column] = fit.coef_[0], fit.intercept_[0]
    return slopes, bias


Fit = Callable[[Any, Numbers, float, Numbers | None], tuple[Numbers, Numbers]]
FITS: dict[Loss, Fit] = {"squared": _ridge, "binary": _logistic}
"""Each fits slopes (features, columns) and biases (columns,) to features, targets, a penalty and the rows' weights."""


def _net_columns(prepared: Prepared, model: RunningTargets, again: Again) -> tuple[Trained, Numbers]:
    """Return the net's weights in the end, and its columns of rows that a fold has held out."""
    data: TargetParts = prepared.data
    everything = np.arange(len(data.texts))
    if data.way == "frozen":
        (head,), columns = _regressions(data, model, data.folds, [everything])
        return head, columns
    parts = parts_of(data.folds, len(data.texts))
    heads = _starts(data, model, parts) if data.way == "tuned" else [{} for _ in parts]
    columns, tensors = np.zeros(data.targets.shape), dict[str, Any]()
    for number, (rows, head) in enumerate(zip(parts, heads, strict=True)):
        own = replace(prepared, data=data.at(rows), start={**prepared.start, **head})
        tensors = dict(again(own, number + 1, len(parts)))
        for fold in data.folds[number : number + 1]:
            other = replace(model, tensors=tensors)
            columns[fold.held] = other.scores([data.texts[row] for row in fold.held])[0]
    return tensors, columns


def _starts(data: TargetParts, model: RunningTargets, parts: Sequence[Places]) -> list[Trained]:
    """The dense layers that nets begin with, each fitted on its part's rows.

    A drawn one would pull the encoder about before it has learnt anything itself (Kumar et al. 2022). Some rows are
    enough for that, and one fold tells the penalty.
    """
    some = np.sort(np.random.default_rng(0).permutation(len(data.texts))[:ENOUGH])

    def within(rows: Places) -> Places:
        return np.flatnonzero(np.isin(some, rows))

    first = Fold(*map(within, data.folds[0]))
    return _regressions(data.at(some), model, [first], [within(rows) for rows in parts])[0]


def _regressions(
    data: TargetParts, model: RunningTargets, folds: Sequence[Fold], parts: Sequence[Places]
) -> tuple[list[Trained], Numbers]:
    """Fit the dense layer for each part's rows on what the encoder makes of the texts; columns of rows that folds hold.

    The penalty is that of least loss on those.
    """
    features = run_all(model.plan, model.tensors, model.encoder.encode(data.texts), to_dense=True).astype(np.float64)
    targets, judged = data.targets.astype(np.float64), np.sort(np.concatenate([fold.held for fold in folds]))
    mean, spread = features.mean(0), np.maximum(features.std(0), 1e-6)
    # Rotated into as many dimensions as there are rows: penalised fits are the same there, and much quicker.
    left, sizes, right = np.linalg.svd((features - mean) / spread, full_matrices=False)
    rotated = left * sizes

    def fit(rows: Places, penalty: float) -> tuple[Numbers, Numbers]:
        return FITS[data.loss](rotated[rows], targets[rows], penalty, data.weights_of(rows))

    best, kept, columns = np.inf, 0.0, np.zeros(targets.shape)
    for penalty in FROZEN:
        tried = np.zeros(targets.shape)
        for learnt, held in folds:
            weight, bias = fit(learnt, penalty)
            tried[held] = rotated[held] @ weight + bias
        loss = mean_loss(tried[judged], targets[judged], data.loss, data.weights_of(judged))
        if loss < best:
            best, kept, columns = loss, penalty, tried
    return [_head(*fit(rows, kept), right, mean, spread) for rows in parts], columns


def _head(weight: Numbers, bias: Numbers, right: Numbers, mean: Numbers, spread: Numbers) -> Trained:
    """Turn a fit on rotated features of spread 1 into a dense layer."""
    slopes = (right.T @ weight) / spread[:, None]
    return {"dense.weight": slopes.T.astype(np.float32), "dense.bias": (bias - mean @ slopes).astype(np.float32)}


def mean_loss(columns: Numbers, targets: Any, loss: Loss, weights: Numbers | None = None) -> float:
    """The mean squared error, or the mean cross-entropy in nats, of rows that count by their weights."""
    squares = (columns - targets) ** 2 if loss == "squared" else np.logaddexp(0, columns) - targets * columns
    return float(np.average(squares.mean(axis=1), weights=weights))


def fit_weights(
    judges: Sequence[Numbers], targets: Any, loss: Loss, weights: Numbers | None = None
) -> tuple[Numbers, Numbers]:
    """Weights of at least 0, (judges, columns), and biases (columns,), of least loss; `weights` (rows,) have mean 1."""
    rows = np.ones(len(targets)) if weights is None else weights
    return (_least_squares if loss == "squared" else _least_log_loss)(judges, np.asarray(targets, np.float64), rows)


def _least_squares(judges: Sequence[Numbers], targets: Numbers, rows: Numbers) -> tuple[Numbers, Numbers]:
    from scipy.optimize import nnls

    count, columns = len(judges), targets.shape[1]
    weights, bias = np.zeros((count, columns)), np.average(targets, axis=0, weights=rows)
    # A squared error of a row counts by its weight where the row is longer by its root.
    root = np.sqrt(rows)
    for column in range(columns):
        said = np.stack([judge[:, column] for judge in judges], axis=1)
        mean = np.average(said, axis=0, weights=rows)
        # Further rows pull the weights to even ones, as strongly as a share of the rows.
        pull = np.sqrt(PENALTY * len(targets)) * np.eye(count)
        wanted = np.concatenate([(targets[:, column] - bias[column]) * root, pull @ np.full(count, 1 / count)])
        weights[:, column] = nnls(np.concatenate([(said - mean) * root[:, None], pull]), wanted)[0]
        bias[column] -= mean @ weights[:, column]
    return weights, bias


def _least_log_loss(judges: Sequence[Numbers], targets: Numbers, rows: Numbers) -> tuple[Numbers, Numbers]:
    said = np.stack(judges)
    count, _, columns = said.shape
    share = (rows / rows.sum())[:, None]

    def told(counts: Numbers, bias: Numbers) -> tuple[float, Numbers, Numbers]:
        scores = np.tensordot(counts, said, 1) + bias
        apart = (sigmoid(scores) - targets) * share
        loss = float(((np.logaddexp(0, scores) - targets * scores) * share).sum())
        return loss, np.tensordot(said, apart, 2), apart.sum(0)

    counts, bias = least(told, count, columns)
    return np.repeat(counts[:, None], columns, axis=1), bias
