"""A classifier whose net stands among linear judges: each fold's answers are made, the stack fitted, one model built.

Not here: the judges and the weights between them (stack.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.artefact.tensors import rounded, widened
from recurra.batches import pick, sorted_batches
from recurra.layers.grams.learn import all_classes, unconverged
from recurra.layers.grams.run import GramsSpec
from recurra.layers.layer import Floats, Weights
from recurra.nets.run import run_to_dense, softmax
from recurra.tasks.heads.classes.measure import Rival, evaluate_text, explain_hardest, with_rivals
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.classes.stack import Linear, Stack, Texts, fit_stack, fitted, judges_for, out_of_fold, worth
from recurra.tasks.inputs.labelled import LabelledRows
from recurra.tasks.task import Again, Finished, Prepared, Trained
from recurra.text.encoder import net_ids

LITTLE = 1e-3
"""A judge of no more weight is left out."""
PENALTIES = (3e-4, 1e-3, 3e-3)
"""scikit-learn's C of the logistic regression on a frozen net's features, which have spread 1."""


def stacked(prepared: Prepared, model: RunningClassifier, again: Again) -> Finished:
    """Cross-fit all judges, weigh them, and join them; the figures are of answers out of fold."""
    data = prepared.data
    train, classes, folds = data.train, len(model.labels), data.folds
    texts, linear = Texts(train.texts), judges_for(train.texts)
    head, net = _net_scores(prepared, model, again)
    judges = [net, *(out_of_fold(judge, texts, train, folds, classes) for judge in linear)]
    stack = fit_stack(judges, train.targets, train.weights)
    every = np.arange(len(train.texts))
    parts = [fitted(judge, texts, train, every, classes) for judge in linear]
    whole = _joined(replace(model, tensors=model.tensors | head), stack, parts)
    names = [data.net_name, *(judge.name for judge in linear)]
    told = worth(names, judges, train.targets, stack)
    notes = [*prepared.told["chosen"], *_notes(told)]
    return Finished(whole, notes=notes, evaluation=_evaluation(whole, prepared, judges, stack, linear, told))


def _net_scores(prepared: Prepared, model: RunningClassifier, again: Again) -> tuple[Trained, Floats]:
    """What is fitted behind a net that learns by no steps, and its scores of rows that it did not learn from."""
    data, train = prepared.data, prepared.data.train
    scores = np.zeros((len(train.texts), len(model.labels)), np.float32)
    if not prepared.by_steps:
        return _frozen(prepared, model, scores)
    for learnt, held in data.folds:
        fold = replace(prepared, data=replace(data, train=train.rows(learnt), folds=()))
        other = replace(model, tensors=again(fold))
        scores[held] = other.logits([train.texts[row] for row in held])
    return {}, scores


def _frozen(prepared: Prepared, model: RunningClassifier, scores: Floats) -> tuple[Trained, Floats]:
    data, train, classes = prepared.data, prepared.data.train, len(model.labels)
    features = _features(model, train.texts)
    best = np.inf
    for penalty in PENALTIES:
        tried = np.zeros_like(scores)
        for learnt, held in data.folds:
            weight, bias = _regressed(features[learnt], train.targets[learnt], train.weights[learnt], classes, penalty)
            tried[held] = features[held] @ weight.T + bias
        loss = -float(np.log(softmax(tried)[np.arange(len(tried)), train.targets] + 1e-12).mean())
        if loss < best:
            best, chosen, scores = loss, penalty, tried
    weight, bias = _regressed(features, train.targets, train.weights, classes, chosen)
    return {"dense.weight": weight, "dense.bias": bias}, scores


def _features(model: RunningClassifier, texts: Sequence[str]) -> Floats:
    """What the net's dense layer reads: (rows, features)."""
    ids = net_ids(model.encoder.encode(texts), model.encoder.config)
    features = np.empty((len(texts), model.plan.dense.inputs), np.float32)
    lengths = np.array([len(sequence) for sequence in ids], np.int64)
    for rows in sorted_batches(lengths, batch_size=256, batch_tokens=65_536):
        features[rows] = run_to_dense(model.plan, model.tensors, pick(ids, rows))
    return features


def _regressed(
    features: Floats, targets: NDArray[np.int64], weights: NDArray[Any], classes: int, penalty: float
) -> tuple[Floats, Floats]:
    """Logistic regression on features of spread 1, which the weights take in: (classes, features), (classes,)."""
    from sklearn.linear_model import LogisticRegression

    mean, spread = features.mean(0), np.maximum(features.std(0), 1e-6)
    fit = LogisticRegression(C=penalty, max_iter=200)
    with unconverged():
        fit.fit((features - mean) / spread, targets, weights)
    slopes, bias = all_classes(fit, classes)
    slopes = slopes / spread
    return slopes.astype(np.float32), (bias - slopes @ mean).astype(np.float32)


def _joined(model: RunningClassifier, stack: Stack, parts: Sequence[tuple[GramsSpec, Weights]]) -> RunningClassifier:
    """One model: each judge's weights take in what it counts, the net's bias takes in the stack's."""
    net, *others = stack.weights
    tensors: dict[str, Any] = dict(model.tensors)
    tensors["dense.weight"] = tensors["dense.weight"] * np.float32(net)
    tensors["dense.bias"] = (tensors["dense.bias"] * net + stack.bias).astype(np.float32)
    kept = [(weight, part) for weight, part in zip(others, parts, strict=True) if weight > LITTLE]
    for number, (weight, (_, held)) in enumerate(kept):
        scaled = {name: held[name] * np.float32(weight) for name in ("weight", "bias")}
        tensors |= {f"grams{number}.{name}": value for name, value in {**held, **scaled}.items()}
    plan = model.plan.model_copy(update={"grams": tuple(spec for _, (spec, _) in kept)})
    # As the artefact holds them: what answers now and what answers after loading is the same.
    return replace(model, plan=plan, tensors=widened(rounded(tensors)))


def _notes(told: Sequence[Mapping[str, Any]]) -> list[str]:
    counted = ", ".join(f"{one['name']} {one['weight']:.2f} ({100 * one['accuracy']:.1f} %)" for one in told)
    return [f"what each counts in the stack, and its own accuracy on rows that it did not learn from: {counted}"]


def _evaluation(
    model: RunningClassifier, prepared: Prepared, judges: Sequence[Floats], stack: Stack, linear: Sequence[Linear],
    told: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    """Figures of the stack out of fold, beside the linear judges on the same folds: they are the rivals."""
    train = prepared.data.train
    names = [model.labels[target] for target in train.targets]
    shares = softmax(stack.scores(judges))
    evaluation = evaluate_text(model, train.texts, names, shares)
    explain_hardest(model, evaluation, LabelledRows(train.texts, names))
    # Characters alone are no rival that people use.
    rivals = [
        Rival(judge.name, scores.argmax(1) == train.targets)
        for judge, scores in zip(linear, judges[1:], strict=True)
        if judge.spec.unit == "word"
    ]
    rivals.sort(key=lambda rival: -rival.accuracy)
    return with_rivals(evaluation, rivals, model.plan, prepared.tries) | {"members": list(told)}
