"""What TextClassifier.fit does with prepared rows: train, weigh the wide part, fit the temperature.

Not here: what comes before (text_rows.py), the estimator's surface and the loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from recurra.config import Settings
from recurra.estimators.text_rows import Part, PreparedText
from recurra.nets.learn import LearningNet, load_tensors, tensors_of
from recurra.nets.run import ClassifierNet
from recurra.tasks.heads.classes.calibration import fit_temperature
from recurra.tasks.heads.classes.learn import ClassLearner, Labelled
from recurra.tasks.heads.classes.run import RunningClassifier, kind_of
from recurra.tasks.heads.classes.wide import with_wide
from recurra.text.encoder import TextEncoder, net_ids
from recurra.text.vectors import Vectors
from recurra.training.identity import fingerprint
from recurra.training.loop import fit
from recurra.training.progress import Record, Watch
from recurra.training.threads import threads_for, torch_work


@dataclass(frozen=True)
class LearntText:
    """What fit leaves behind."""

    model: RunningClassifier
    history: list[Record]
    best_epoch: int
    warnings: list[str]
    notes: list[str]


def fit_text(prepared: PreparedText, *, wide: bool, run: str | Path | None, watch: Watch | None) -> LearntText:
    """Train on prepared rows, then fit the wide part and the temperature on the validation part."""
    settings, seed, plan = prepared.settings, prepared.seed, prepared.plan
    train, validation, encoder = prepared.train, prepared.validation, prepared.encoder
    net = initial_net(plan, settings, prepared.vectors, seed)
    learnt, held_out = _labelled(train, encoder), _labelled(validation, encoder) if validation else None
    task = ClassLearner(net, learnt, held_out, settings.training, seed)
    batch = settings.training.batch_size
    tokens = min(settings.training.batch_tokens, batch * float(task.train.lengths.mean()))
    dense = batch * plan.dense.inputs * plan.dense.outputs
    with threads_for(torch_work(plan.recurrent, sequences=batch, tokens=tokens, rest=dense)):
        identity = fingerprint((settings, plan, seed), _arrays(learnt, held_out)) if run else ""
        folder = Path(run) if run else None
        progress = fit(task, settings.training, seed=seed, run=folder, identity=identity, watch=watch)
    classes = prepared.classes.tolist()
    labels, kind = tuple(map(str, classes)), kind_of(classes)
    model = RunningClassifier(plan, tensors_of(net), encoder, labels, kind=kind)
    model, warnings, notes = _finished(model, train, validation, wide=wide)
    return LearntText(model, progress.history, progress.best_epoch, warnings, notes)


def _finished(
    model: RunningClassifier, train: Part, validation: Part | None, *, wide: bool
) -> tuple[RunningClassifier, list[str], list[str]]:
    """Add what is fitted after training, the wide part and the temperature; return warnings and notes beside."""
    if validation is None:
        return model, [], []
    warnings: list[str] = []
    if wide:
        model, warnings = with_wide(model, train.texts, train.targets, validation.texts, validation.targets)
    fitted = fit_temperature(model.logits(validation.texts), validation.targets)
    model = model.with_temperature(fitted.value)
    return (model, warnings + fitted.told, []) if fitted.doubtful else (model, warnings, fitted.told)


def _labelled(part: Part, encoder: TextEncoder) -> Labelled:
    return Labelled(net_ids(encoder.encode(part.texts), encoder.config), part.targets, part.weights)


def _arrays(*parts: Labelled | None) -> list[NDArray[Any]]:
    """Everything that is learnt from, for the fingerprint of a run."""
    return [
        array
        for part in parts
        if part is not None
        for array in (np.concatenate(part.sequences), part.lengths, part.labels, part.weights)
    ]


def initial_net(plan: ClassifierNet, settings: Settings, vectors: Vectors | None, seed: int) -> LearningNet:
    """Build the net with seeded weights, and pre-trained vectors where there are any."""
    net = LearningNet(plan, settings.net, torch.Generator().manual_seed(seed))
    if vectors is not None:
        load_tensors(net, tensors_of(net) | {"embedding.weight": vectors.matrix})
    return net
