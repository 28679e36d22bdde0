"""The net of a stack: logistic regression behind the encoder, then the encoder tuned with it, fold by fold.

A net that is tuned begins with the regression as its dense layer (Kumar et al. 2022, "linear probing then
fine-tuning"): a drawn one would pull the encoder about before it has learnt anything itself. Of 1,000 short reviews the
tuned net rose from 69.2 to 72.5 %, with half the passes. Not here: which way is chosen (choose.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recurra.layers.grams.learn import regressed
from recurra.layers.layer import Floats
from recurra.metrics import SMALLEST_PROBABILITY, log_loss
from recurra.nets.run import run_all, softmax
from recurra.tasks.heads.classes.adapt import adapted, read_of
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.judges import parts_of, surely
from recurra.tasks.inputs.labelled import Fold, LabelledParts
from recurra.tasks.inputs.texts import Part
from recurra.tasks.task import Prepared, Trained
from recurra.text.encoder import net_ids

OF_STATES, OF_VECTORS = (3e-4, 1e-3, 3e-3, 1e-2), (0.3, 1.0, 3.0, 10.0)
"""scikit-learn's C of the two logistic regressions, of which the folds choose."""
NO_ANSWERS = np.zeros((0, 0, 0), np.float32)
ENOUGH = 3_000
"""Rows of which the regression is fitted where the net is tuned behind it: a start gains nothing from more."""


Train = Callable[[Prepared], Trained]
"""Trains a net."""


class JudgedNet(NamedTuple):
    """A net among judges: its weights in the end, its scores (rows, classes) of rows that folds hold out, remarks."""

    tensors: Trained
    scores: Floats
    free: Floats
    """What the net of each part answers to the texts that judges label themselves: (parts, texts, classes)."""
    starts: Sequence[Trained]
    """What the net of each part began with."""
    told: Sequence[str] = ()


class _Linear(NamedTuple):
    """Dense layers for the rows of each part, scores (rows, classes) of rows that folds hold out, and their log losses.

    There are no losses where no encoder stands before the layers.
    """

    layers: Sequence[Trained]
    scores: Floats
    losses: NDArray[np.float64] = np.zeros(0)


def judge_net(prepared: Prepared, model: RunningClassifier, trained: Train) -> JudgedNet:
    """Fit the net for each part, the last one for all rows; if asked to, it reads texts without labels before that."""
    data = prepared.data
    train, learnt = data.train, parts_of(data.folds, len(data.train.texts))
    linear, told = _Linear([{}] * len(learnt), np.zeros((len(train.texts), len(model.labels)), np.float32)), list[str]()
    if data.way != "fresh":
        linear = _regressions(data, learnt, model)
    if texts := read_of(prepared):
        used = adapted(prepared, texts, trained)
        prepared, model, linear, told = _better_used(prepared, model, linear, learnt, used)
    starts = [{**prepared.start, **layer} for layer in linear.layers]
    if data.way == "frozen":
        free = _behind(linear.layers, model, data.taught)
        return JudgedNet(dict(model.tensors) | linear.layers[-1], linear.scores, free, starts, told)
    parts = [train.rows(rows) for rows in learnt]
    return by_steps(prepared, model, trained, parts, starts)._replace(told=told)


def _behind(layers: Sequence[Trained], model: RunningClassifier, texts: Sequence[str]) -> Floats:
    """What dense layers behind one encoder answer: (layers, texts, classes); it reads the texts once for all."""
    if not texts:
        return NO_ANSWERS
    ids = net_ids(model.encoder.encode(texts), model.encoder.config)
    features = run_all(model.plan, model.tensors, ids, to_dense=True)
    return np.stack([features @ layer["dense.weight"].T + layer["dense.bias"] for layer in layers])


def by_steps(
    prepared: Prepared, model: RunningClassifier, trained: Train, parts: Sequence[Part], starts: Sequence[Trained]
) -> JudgedNet:
    """Train the net of each part from its start; it answers what it has not learnt from."""
    data: LabelledParts = prepared.data
    train, folds = data.train, data.folds
    scores, free = np.zeros((len(train.texts), len(model.labels)), np.float32), list[Floats]()
    # Held out for good, rows may also choose the best epoch; those of a fold choose nothing.
    validation = train.rows(folds[0].held) if len(folds) == 1 else None
    for number, (part, start) in enumerate(zip(parts, starts, strict=True)):
        own = replace(data, train=part, validation=validation, folds=())
        tensors = trained(replace(prepared, data=own, start=start))
        net = replace(model, tensors=tensors)
        for fold in folds[number : number + 1]:
            scores[fold.held] = net.logits([train.texts[row] for row in fold.held])
        if data.taught:
            free.append(net.logits(data.taught))
    return JudgedNet(tensors, scores, np.array(free, np.float32), starts)


def _better_used(
    prepared: Prepared,
    model: RunningClassifier,
    before: _Linear,
    learnt: Sequence[NDArray[np.int64]],
    start: Trained,
) -> tuple[Prepared, RunningClassifier, _Linear, list[str]]:
    """Take the encoder that has read texts, by its weights, where rows out of fold are surely answered better so.

    A smaller gain misled on 200 questions of TREC: the loss fell out of fold, and the accuracy on the test part by 7
    points.
    """
    texts = f"{len(prepared.data.unlabelled):,} texts without labels"
    used = replace(model, tensors=dict(model.tensors) | start)
    after = _regressions(prepared.data, learnt, used) if prepared.data.way != "fresh" else before
    gains = before.losses - after.losses
    if not len(gains):
        told = f"the net has read {texts} first"
    else:
        losses = f"log loss behind it out of fold {before.losses.mean():.3f} before, {after.losses.mean():.3f} after"
        if not surely(gains):
            return prepared, model, before, [f"the encoder stays as it came, {texts} did not surely help: {losses}"]
        told = f"the encoder got used to {texts}: {losses}"
    return replace(prepared, start={**prepared.start, **start}), used, after, [told]


def _regressions(data: LabelledParts, parts: Sequence[NDArray[np.int64]], model: RunningClassifier) -> _Linear:
    """Fit the dense layer for each part's rows, and score the rows that folds have held out.

    Where the net is tuned behind it, some rows and one fold are enough; there are no scores then.
    """
    train, folds = data.train, data.folds
    if data.way == "tuned":
        rows = np.sort(np.random.default_rng(0).permutation(len(train.texts))[:ENOUGH])
        place = np.full(len(train.texts), -1)
        place[rows] = np.arange(len(rows))
        train, folds = train.rows(rows), [Fold(*(_within(place, part) for part in fold)) for fold in folds[:1]]
        parts = [_within(place, part) for part in parts]
    ids = net_ids(model.encoder.encode(train.texts), model.encoder.config)
    features = run_all(model.plan, model.tensors, ids, to_dense=True)
    views = [_of_states(features)]
    if data.dense is not None:
        views.append(_of_vectors(features, *data.dense))
    # The mean of both: on questions the states tell more, on opinions the vectors.
    fitted = [_best(view, train, folds, parts, len(model.labels)) for view in views]
    layers = [np.mean(layers, axis=0) for layers in zip(*(layers for layers, _ in fitted), strict=True)]
    starts: list[Trained] = [
        {"dense.weight": layer[:, :-1].astype(np.float32), "dense.bias": layer[:, -1].astype(np.float32)}
        for layer in layers
    ]
    scores, held = np.mean([scores for _, scores in fitted], axis=0), np.concatenate([fold.held for fold in folds])
    right = softmax(scores[held].astype(np.float64))[np.arange(len(held)), train.targets[held]]
    return _Linear(starts, scores, -np.log(np.maximum(right, SMALLEST_PROBABILITY)))


def _within(place: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Renumber those of the rows that have a place."""
    places = place[rows]
    return places[places >= 0]


class _View(NamedTuple):
    """Features as a regression reads them: values (rows, size), = features @ `map` + `shift`; and its penalties."""

    values: Floats
    map: Floats
    shift: Floats
    penalties: Sequence[float]


def _of_states(features: Floats) -> _View:
    """What the dense layer reads, each number with mean 0 and spread 1."""
    mean, spread = features.mean(0), np.maximum(features.std(0), 1e-6)
    return _View((features - mean) / spread, np.diag(1 / spread), -mean / spread, OF_STATES)


def _of_vectors(features: Floats, weight: Floats, bias: Floats) -> _View:
    """The encoder's vectors, of length 1 in the mean."""
    vectors = features @ weight.T + bias
    size = np.sqrt((vectors**2).sum(1)).mean()
    mean = vectors.mean(0)
    return _View((vectors - mean) / size, weight.T / size, (bias - mean) / size, OF_VECTORS)


def _best(
    view: _View, train: Part, folds: Sequence[Fold], parts: Sequence[NDArray[np.int64]], classes: int
) -> tuple[list[NDArray[np.float64]], Floats]:
    """Fit by the penalty that serves the folds best: weights and bias (classes, features + 1) of each part; scores."""
    from sklearn.linear_model import LogisticRegression

    def fit(rows: NDArray[np.int64], penalty: float) -> tuple[Any, Any]:
        model = LogisticRegression(C=penalty, max_iter=100)
        return regressed(model, view.values[rows], train.targets[rows], train.weights[rows], classes)

    least, best, chosen = np.inf, np.zeros((len(train.texts), classes), np.float32), view.penalties[0]
    for penalty in view.penalties:
        scores, losses = np.zeros_like(best), []
        for fold in folds:
            slopes, bias = fit(fold.learnt, penalty)
            scores[fold.held] = view.values[fold.held] @ slopes.T + bias
            losses.append(log_loss(train.targets[fold.held], softmax(scores[fold.held].astype(np.float64))))
        if np.mean(losses) < least:
            least, best, chosen = float(np.mean(losses)), scores, penalty
    fitted = (fit(part, chosen) for part in parts)
    layers = [np.column_stack([slopes @ view.map.T, bias + slopes @ view.shift]) for slopes, bias in fitted]
    return layers, best
