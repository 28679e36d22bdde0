"""The net of a stack: a logistic regression behind the encoder, then the encoder tuned with it, fold by fold.

A net that is tuned begins with the regression as its dense layer (Kumar et al. 2022, "linear probing then
fine-tuning"): a drawn one would pull the encoder about before it has learnt anything itself. Of 1,000 short reviews the
tuned net rose from 69.2 to 72.5 %, with half the passes. Not here: which way is chosen (choose.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.layers.grams.learn import regressed
from recurra.layers.layer import Floats
from recurra.metrics import log_loss
from recurra.nets.run import run_all, softmax
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.inputs.labelled import Fold
from recurra.tasks.inputs.texts import Part
from recurra.tasks.task import Again, Prepared, Trained
from recurra.text.encoder import net_ids

PENALTIES = (3e-4, 1e-3, 3e-3, 1e-2)
"""scikit-learn's C of the logistic regression on a frozen net's features, which have spread 1."""
ENOUGH = 6_000
"""Rows of which the regression is fitted where the net is tuned behind it: a start gains nothing from more."""
DENSE = ("dense.weight", "dense.bias")


def judge_net(prepared: Prepared, model: RunningClassifier, again: Again) -> tuple[Trained, Floats]:
    """Return the net's weights in the end, and its scores (rows, classes) of rows that a fold has held out."""
    data = prepared.data
    train, folds = data.train, data.folds
    learnt = [fold.learnt for fold in folds]
    # The last net learns from all rows, unless a part is held out for good.
    if len(folds) > 1:
        learnt.append(np.arange(len(train.texts)))
    starts: list[Trained] = [{} for _ in learnt]
    if data.way != "fresh":
        starts, scores = _regressions(train, folds, learnt, model, few=data.way == "tuned")
    if data.way == "frozen":
        return dict(model.tensors) | starts[-1], scores
    scores = np.zeros((len(train.texts), len(model.labels)), np.float32)
    # Held out for good, rows may also choose the best epoch; those of a fold choose nothing.
    validation = train.rows(folds[0].held) if len(folds) == 1 else None
    for number, (rows, start) in enumerate(zip(learnt, starts, strict=True)):
        own = replace(data, train=train.rows(rows), validation=validation, folds=())
        tensors = again(replace(prepared, data=own, start={**prepared.start, **start}), number + 1, len(learnt))
        for fold in folds[number : number + 1]:
            scores[fold.held] = replace(model, tensors=tensors).logits([train.texts[row] for row in fold.held])
    return tensors, scores


def _regressions(
    train: Part, folds: Sequence[Fold], parts: Sequence[NDArray[np.int64]], model: RunningClassifier, *, few: bool
) -> tuple[list[Trained], Floats]:
    """Fit the dense layer for each part's rows, of the penalty that serves the folds best; and score held-out rows.

    `few`: of some rows only, as a start; the scores of the others are then zeros.
    """
    count, classes = len(train.texts), len(model.labels)
    rows = np.arange(count)
    if few and count > ENOUGH:
        rows = np.sort(np.random.default_rng(0).permutation(count)[:ENOUGH])
    features = _features(model, [train.texts[row] for row in rows])
    place = np.full(count, -1)
    place[rows] = np.arange(len(rows))

    def fit(wanted: NDArray[np.int64], penalty: float) -> Trained:
        chosen = wanted[place[wanted] >= 0]
        return _regressed(features[place[chosen]], train.targets[chosen], train.weights[chosen], classes, penalty)

    best = (np.inf, PENALTIES[0], np.zeros((count, classes), np.float32))
    for penalty in PENALTIES:
        scores, losses = np.zeros((count, classes), np.float32), []
        for fold in folds:
            weight, bias = fit(fold.learnt, penalty).values()
            held = fold.held[place[fold.held] >= 0]
            scores[held] = features[place[held]] @ weight.T + bias
            losses.append(log_loss(train.targets[held], softmax(scores[held].astype(np.float64))))
        best = min(best, (float(np.mean(losses)), penalty, scores), key=lambda tried: tried[0])
    return [fit(part, best[1]) for part in parts], best[2]


def _features(model: RunningClassifier, texts: Sequence[str]) -> Floats:
    """What the net's dense layer reads: (rows, features)."""
    ids = net_ids(model.encoder.encode(texts), model.encoder.config)
    return run_all(model.plan, model.tensors, ids, to_dense=True)


def _regressed(
    features: Floats, targets: NDArray[np.int64], weights: NDArray[Any], classes: int, penalty: float
) -> Trained:
    """Logistic regression on features of spread 1, which the weights take in: (classes, features), (classes,)."""
    from sklearn.linear_model import LogisticRegression

    mean, spread = features.mean(0), np.maximum(features.std(0), 1e-6)
    fit = LogisticRegression(C=penalty, max_iter=200)
    slopes, bias = regressed(fit, (features - mean) / spread, targets, weights, classes)
    slopes = slopes / spread
    return dict(zip(DENSE, (slopes.astype(np.float32), (bias - slopes @ mean).astype(np.float32)), strict=True))
