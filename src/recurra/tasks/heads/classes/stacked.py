"""A classifier whose net stands among linear judges: each fold's answers are made, the stack fitted, one model built.

Where one part is held out, and not each of several folds in turn, that part alone is answered, and the judges of its
fold are the ones that stay: nobody ever learns from it. Not here: the linear judges (heads/judges.py), the weights
(stack.py), the net's part (stacked_net.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.layers.layer import Floats
from recurra.metrics import SMALLEST_PROBABILITY
from recurra.nets.run import softmax
from recurra.tasks.heads.classes.adapt import reads
from recurra.tasks.heads.classes.measure import Rival, evaluate_text, explain_hardest, with_rivals
from recurra.tasks.heads.classes.rounds import Judges, Shared, first_round, next_round
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.classes.stack import worth
from recurra.tasks.heads.judges import LITTLE, Texts, joined, net_left_out, parts_of, surely
from recurra.tasks.inputs.labelled import LabelledParts, LabelledRows
from recurra.tasks.task import Again, Finished, Prepared, TrainedAgain


def stacked(prepared: Prepared, model: RunningClassifier, again: Again) -> Finished:
    """Cross-fit all judges, weigh them, and join them; the figures are of answers out of fold.

    Where there are texts without labels, the judges then teach themselves by them, as long as that surely helps.
    """
    data: LabelledParts = prepared.data
    rounds = prepared.settings.training.self_training if data.taught else 0
    train = _InOrder(prepared, rounds, again)
    shared = Shared(prepared, model, train, Texts([*data.train.texts, *data.taught]))
    first = judges = first_round(shared)
    nets = train.done
    notes = list(first.net.told) if first.net else []
    for number in range(1, rounds + 1):
        later = next_round(shared, judges, last=number == rounds)
        before, after = (_losses(one, data) for one in (judges, later))
        helped = surely(before - after)
        notes.append(_taught(number, len(data.taught), before, after, helped=helped))
        if not helped:
            break
        judges, nets = later, train.done
    held, targets = data.held, data.train.targets[data.held]
    scores = [each[held] for each in judges.scores.values()]
    whole = one_model(model, judges)
    told = worth([*judges.scores], scores, targets, judges.stack)
    evaluation = _evaluation(whole, prepared, judges.stack.scores(scores), first)
    notes = [*notes, _note(told), *net_left_out(model, whole)]
    return Finished(whole, notes=notes, evaluation=evaluation | {"members": told}, nets=nets)


def one_model(model: RunningClassifier, judges: Judges) -> RunningClassifier:
    """Join the judges of a round, each counting as it was weighed."""
    if judges.net is not None:
        model = replace(model, tensors=judges.net.tensors)
    counts = np.repeat(judges.stack.weights[:, None], len(judges.stack.bias), axis=1)
    whole: RunningClassifier = joined(model, counts, judges.stack.bias, [judge.last for judge in judges.linear])
    return whole


class _InOrder:
    """Trains nets, and numbers them; after a round that did not help, fewer are trained."""

    def __init__(self, prepared: Prepared, rounds: int, again: Again) -> None:
        """Count how many there will be."""
        data, self._again, self.done = prepared.data, again, 0
        nets = (data.way in ("tuned", "fresh")) + (data.way != "linear") * rounds
        self._of = len(parts_of(data.folds, 0)) * nets + reads(prepared.settings, data)

    def __call__(self, other: Prepared) -> TrainedAgain:
        """Train the next one."""
        self.done += 1
        return self._again(other, self.done, self._of)


def _losses(judges: Judges, data: LabelledParts) -> Floats:
    """The stack's loss of each row that folds hold out, in nats: (held rows,)."""
    shares = softmax(judges.stack.scores([scores[data.held] for scores in judges.scores.values()]))
    right = shares[np.arange(len(shares)), data.train.targets[data.held]]
    return -np.log(np.maximum(right, SMALLEST_PROBABILITY))


def _taught(number: int, texts: int, before: Floats, after: Floats, *, helped: bool) -> str:
    """Tell what a round of the judges' own labels was worth."""
    done = "all judges have learnt from them too" if helped else "that did not surely help, and is not kept"
    losses = f"log loss out of fold {before.mean():.3f} before, {after.mean():.3f} after"
    return f"round {number} of labels that the stack gave to {texts:,} texts itself: {done}: {losses}"


def _note(told: Sequence[Mapping[str, Any]]) -> str:
    whole = sum(one["weight"] for one in told)
    # No weight at all, nor is one left when it is rounded: no share to tell.
    if whole < LITTLE:
        return "no model tells the classes apart: each text is answered by how frequent the classes are"
    counted = ", ".join(
        f"{one['name']} {100 * one['weight'] / whole:.0f} % ({100 * one['accuracy']:.1f} % right alone)" for one in told
    )
    return f"what each counts in the answer, by texts that it had not learnt from: {counted}"


def _evaluation(
    model: RunningClassifier,
    prepared: Prepared,
    scores: NDArray[np.float64],
    first: Judges,
) -> dict[str, Any]:
    """Figures of the stack out of fold, beside the linear judges on the same folds: they are the rivals.

    Their figures are of the first round, for they are what people use alone: without texts that nobody labelled.
    """
    data: LabelledParts = prepared.data
    held = data.held
    numbers = np.arange(len(data.train.texts)) if data.numbers is None else data.numbers
    part = data.train.rows(held)
    names = [model.labels[target] for target in part.targets]
    evaluation = evaluate_text(model, part.texts, names, softmax(scores))
    explain_hardest(model, evaluation, LabelledRows(part.texts, names))
    for top in evaluation.record["top_losses"]:
        # Folds were drawn by lot: a place among them says nothing to a reader of the file.
        top["row"] = int(numbers[held[top["row"] - 1]]) + 1
    # Characters alone are no rival that people use.
    names = [kind.name for kind in first.kinds if kind.spec.unit == "word"]
    rivals = [Rival(name, first.scores[name][held].argmax(1) == part.targets) for name in names]
    most = np.bincount(data.train.targets[data.folds[-1].learnt]).argmax()
    rivals.append(Rival("majority", part.targets == most))
    # The best goes first: the stack is compared with it in pairs.
    rivals.sort(key=lambda rival: -rival.accuracy)
    return with_rivals(evaluation, rivals, model, prepared.tries)
