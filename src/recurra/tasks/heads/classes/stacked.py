"""A classifier whose net stands among linear judges: each fold's answers are made, the stack fitted, one model built.

Where one part is held out, and not each of several folds in turn, that part alone is answered, and the judges of its
fold are the ones that stay: nobody ever learns from it. Not here: the linear judges and the weights (stack.py), the
net's part (stacked_net.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.artefact.tensors import rounded, widened
from recurra.layers.grams.run import GramsSpec, grams
from recurra.layers.layer import Floats, Weights
from recurra.nets.run import softmax
from recurra.tasks.heads.classes.measure import Rival, evaluate_text, explain_hardest, with_rivals
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.classes.stack import Linear, Stack, Texts, fit_stack, fitted, judges_for, worth
from recurra.tasks.heads.classes.stacked_net import judge_net
from recurra.tasks.inputs.labelled import LabelledRows
from recurra.tasks.task import Again, Finished, Prepared

LITTLE = 1e-3
"""A judge of no more weight is left out."""


@dataclass(frozen=True)
class Judged:
    """A judge: what it answered to rows that it had not learnt from, and what it is in the end."""

    name: str
    scores: Floats
    """(held rows, classes)"""
    part: tuple[GramsSpec, Weights]
    is_rival: bool
    """Whether it is what people use alone."""


def stacked(prepared: Prepared, model: RunningClassifier, again: Again) -> Finished:
    """Cross-fit all judges, weigh them, and join them; the figures are of answers out of fold."""
    data = prepared.data
    held = np.concatenate([fold.held for fold in data.folds])
    tensors, net = judge_net(prepared, model, again)
    texts = Texts(data.train.texts)
    linear = [_judged(judge, texts, prepared) for judge in judges_for(data.train.texts)]
    scores = [net[held], *(judge.scores[held] for judge in linear)]
    targets, names = data.train.targets[held], [data.net_name, *(judge.name for judge in linear)]
    stack = fit_stack(scores, targets, data.train.weights[held])
    whole = _joined(replace(model, tensors=tensors), stack, [judge.part for judge in linear])
    told = worth(names, scores, targets, stack)
    evaluation = _evaluation(whole, prepared, held, stack.scores(scores), linear)
    return Finished(whole, notes=[_note(told)], evaluation=evaluation | {"members": told})


def _judged(judge: Linear, texts: Texts, prepared: Prepared) -> Judged:
    """Fit a linear judge fold by fold, and in the end on all rows, unless a part is held out for good."""
    data = prepared.data
    train, classes = data.train, len(data.classes)
    scores = np.zeros((len(train.texts), classes), np.float32)
    for fold in data.folds:
        spec, weights = part = fitted(judge, texts, train, fold.learnt, classes)
        scores[fold.held] = grams(spec, weights, texts.of(spec.unit, fold.held))
    if len(data.folds) > 1:
        part = fitted(judge, texts, train, np.arange(len(train.texts)), classes)
    # Characters alone are no rival that people use.
    return Judged(judge.name, scores, part, judge.spec.unit == "word")


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
    # Learnt in bfloat16 where that is quick, it answers in float32 on every machine alike.
    plan = model.plan.in_precision("float32").model_copy(update={"grams": tuple(spec for _, (spec, _) in kept)})
    # As the artefact holds them: what answers now and what answers after loading is the same.
    return replace(model, plan=plan, tensors=widened(rounded(tensors)))


def _note(told: Sequence[Mapping[str, Any]]) -> str:
    counted = ", ".join(f"{one['name']} {one['weight']:.2f} ({100 * one['accuracy']:.1f} %)" for one in told)
    return f"what each counts in the stack, and its own accuracy on rows that it did not learn from: {counted}"


def _evaluation(
    model: RunningClassifier,
    prepared: Prepared,
    held: NDArray[np.int64],
    scores: NDArray[np.float64],
    linear: Sequence[Judged],
) -> dict[str, Any]:
    """Figures of the stack out of fold, beside the linear judges on the same folds: they are the rivals."""
    data = prepared.data
    part = data.train.rows(held)
    names = [model.labels[target] for target in part.targets]
    evaluation = evaluate_text(model, part.texts, names, softmax(scores))
    explain_hardest(model, evaluation, LabelledRows(part.texts, names))
    for top in evaluation.record["top_losses"]:
        # Folds were drawn by lot: a place among them says nothing to a reader of the file.
        top["row"] = int(data.numbers[held[top["row"] - 1]]) + 1
    rivals = [Rival(judge.name, judge.scores[held].argmax(1) == part.targets) for judge in linear if judge.is_rival]
    rivals.sort(key=lambda rival: -rival.accuracy)
    return with_rivals(evaluation, rivals, model.plan, prepared.tries)
