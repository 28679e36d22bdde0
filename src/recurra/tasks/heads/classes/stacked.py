"""A classifier whose net stands among linear judges: each fold's answers are made, the stack fitted, one model built.

Where one part is held out, and not each of several folds in turn, that part alone is answered, and the judges of its
fold are the ones that stay: nobody ever learns from it. Not here: the linear judges (heads/judges.py), the weights
(stack.py), the net's part (stacked_net.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.layers.layer import Floats
from recurra.nets.run import softmax
from recurra.tasks.heads.classes.measure import Rival, evaluate_text, explain_hardest, with_rivals
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.classes.stack import fit_stack, fitted, worth
from recurra.tasks.heads.classes.stacked_net import judge_net
from recurra.tasks.heads.judges import Fitted, Linear, Texts, cross_fitted, joined, judges_for, net_left_out
from recurra.tasks.inputs.labelled import LabelledRows
from recurra.tasks.task import Again, Finished, Prepared


@dataclass(frozen=True)
class Judged:
    """A judge: what it answered to rows that it had not learnt from, and what it is in the end."""

    name: str
    scores: Floats
    """(held rows, classes)"""
    part: Fitted
    is_rival: bool
    """Whether it is what people use alone."""


def stacked(prepared: Prepared, model: RunningClassifier, again: Again) -> Finished:
    """Cross-fit all judges, weigh them, and join them; the figures are of answers out of fold."""
    data = prepared.data
    held = np.concatenate([fold.held for fold in data.folds])
    judged: dict[str, Floats] = {}
    notes: list[str] = []
    if data.way != "linear":
        net = judge_net(prepared, model, again)
        judged[data.net_name], notes = net.scores, net.told
        model = replace(model, tensors=net.tensors)
    texts = Texts(data.train.texts)
    linear = [_judged(judge, texts, prepared) for judge in judges_for(data.train.texts)]
    # The net first, where there is one.
    judged |= {judge.name: judge.scores for judge in linear}
    scores, targets = [each[held] for each in judged.values()], data.train.targets[held]
    stack = fit_stack(scores, targets, data.train.weights[held])
    counts = np.repeat(stack.weights[:, None], len(stack.bias), axis=1)
    whole = joined(model, counts, stack.bias, [judge.part for judge in linear])
    told = worth([*judged], scores, targets, stack)
    evaluation = _evaluation(whole, prepared, held, stack.scores(scores), linear)
    notes = [*notes, _note(told), *net_left_out(model, whole)]
    return Finished(whole, notes=notes, evaluation=evaluation | {"members": told})


def _judged(judge: Linear, texts: Texts, prepared: Prepared) -> Judged:
    """Fit a linear judge fold by fold, and in the end on all rows, unless a part is held out for good."""
    train, classes = prepared.data.train, len(prepared.data.classes)
    scores, part = cross_fitted(
        lambda rows: fitted(judge, texts, train, rows, classes), texts, prepared.data.folds, classes
    )
    # Characters alone are no rival that people use.
    return Judged(judge.name, scores, part, judge.spec.unit == "word")


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
