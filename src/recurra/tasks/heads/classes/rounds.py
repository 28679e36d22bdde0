"""All judges of a stack, round by round: first they learn from labelled rows, then from texts labelled by themselves.

Not here: how texts are labelled (self_taught.py), whether a round is kept, and the model that comes of it (stacked.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recurra.layers.layer import Floats
from recurra.tasks.heads.classes.choose import NAMES
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.classes.self_taught import labels_for_parts, settings_of, with_labels
from recurra.tasks.heads.classes.stack import Stack, fit_stack, fitted
from recurra.tasks.heads.classes.stacked_net import JudgedNet, Train, by_steps, judge_net
from recurra.tasks.heads.judges import NOWHERE, CrossFitted, Linear, Places, Texts, cross_fitted, judges_for, parts_of
from recurra.tasks.inputs.labelled import LabelledParts
from recurra.tasks.inputs.texts import Part
from recurra.tasks.task import Prepared


@dataclass(frozen=True)
class Shared:
    """What all rounds read: rows and choices, the untrained model, what trains a net, and texts as linear judges do."""

    prepared: Prepared
    model: RunningClassifier
    train: Train
    texts: Texts
    """The rows', and behind them those that judges label themselves."""

    @property
    def data(self) -> LabelledParts:
        """Rows and folds."""
        data: LabelledParts = self.prepared.data
        return data

    @property
    def taught(self) -> Places:
        """Where the texts stand that judges label themselves."""
        return np.arange(len(self.data.train.texts), len(self.texts.texts))


@dataclass(frozen=True)
class Judges:
    """The judges of a round: each one's answers by its name, what the net and the linear ones are, what each counts."""

    scores: dict[str, Floats]
    """(rows, classes) of rows that it had not learnt from; the net's first, where there is one."""
    free: list[Floats]
    """What each answers to texts without labels, by the judge of each part: (parts, texts, classes)."""
    net: JudgedNet | None
    kinds: list[Linear]
    linear: list[CrossFitted]
    stack: Stack


def first_round(shared: Shared) -> Judges:
    """Fit all judges to labelled rows."""
    data = shared.data
    net = judge_net(shared.prepared, shared.model, shared.train) if data.way != "linear" else None
    rows = parts_of(data.folds, len(data.train.texts))
    # What is short is told by the rows alone: the texts may be others.
    kinds = judges_for(data.train.texts)
    linear = [_linear(shared, kind, [data.train] * len(rows), rows, shared.taught) for kind in kinds]
    return _weighed(data, data.net_name, net, kinds, linear)


def next_round(shared: Shared, before: Judges, *, last: bool, epochs: int = 0) -> Judges:
    """Fit all judges again, to labelled rows and to texts by the answers of those before; the `last` label no more.

    A net takes so many `epochs`; 0: as many as the texts are worth.
    """
    data, prepared = shared.data, shared.prepared
    labels = labels_for_parts(data, before.stack, [*before.scores.values()], before.free)
    parts = [with_labels(data.train, data.taught, one) for one in labels]
    rows = [np.concatenate([learnt, shared.taught]) for learnt in parts_of(data.folds, len(data.train.texts))]
    net = None
    if before.net is not None:
        usual = settings_of(prepared.settings, parts[-1], data.way, shared.model.plan.window)
        settings = usual.changed({"epochs": epochs}) if epochs else usual
        own = replace(prepared, settings=settings, data=replace(data, taught=() if last else data.taught))
        learnt = [part.rows(places) for part, places in zip(parts, rows, strict=True)]
        net = by_steps(own, shared.model, shared.train, learnt, before.net.starts)
    kinds = judges_for(shared.texts.texts)
    linear = [_linear(shared, kind, parts, rows, NOWHERE if last else shared.taught) for kind in kinds]
    # There are enough texts now to tune an encoder.
    return _weighed(data, NAMES["tuned"] if data.way == "frozen" else data.net_name, net, kinds, linear)


def _linear(
    shared: Shared, kind: Linear, parts: Sequence[Part], rows: Sequence[Places], answered: Places
) -> CrossFitted:
    """Fit a linear judge to the rows of each part."""
    data, classes = shared.data, len(shared.data.classes)
    return cross_fitted(
        lambda number: fitted(kind, shared.texts, parts[number], rows[number], classes),
        shared.texts, data.folds, classes, answered,
    )  # fmt: skip


def _weighed(
    data: LabelledParts, name: str, net: JudgedNet | None, kinds: list[Linear], linear: list[CrossFitted]
) -> Judges:
    """Weigh the judges on the rows that folds hold out."""
    scores = {name: net.scores} if net else {}
    scores |= {kind.name: judge.scores for kind, judge in zip(kinds, linear, strict=True)}
    held, train = data.held, data.train
    stack = fit_stack([one[held] for one in scores.values()], train.targets[held], train.weights[held])
    free = [*([net.free] if net else []), *(judge.free for judge in linear)]
    return Judges(scores, free, net, kinds, linear, stack)
