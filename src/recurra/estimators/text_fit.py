"""What TextClassifier.fit does, step by step: split, encode, lay out, train, weigh the wide part, fit the temperature.

Not here: the estimator's surface and the loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from recurra.arguments import seed_of, share, truth
from recurra.config import Settings
from recurra.datasets.splits import Split, split
from recurra.errors import DataError
from recurra.estimators.calibration import best_temperature
from recurra.estimators.wide import check_wide, with_wide
from recurra.models.inputs import net_ids
from recurra.models.text import RunningClassifier
from recurra.nets.learn import LearningClassifier, load_tensors, tensors_of
from recurra.nets.plans import ClassifierNet, classifier
from recurra.text.encoder import TextEncoder, fit_encoder
from recurra.text.vectors import Vectors, load_vectors
from recurra.text.vocabulary import Vocabulary
from recurra.training.identity import fingerprint
from recurra.training.loop import fit
from recurra.training.progress import Record, Watch
from recurra.training.tasks import Labelled, TextTask
from recurra.training.threads import threads_for, torch_work

if TYPE_CHECKING:
    from recurra.estimators.text import TextClassifier


@dataclass(frozen=True)
class LearntText:
    """What fit leaves behind."""

    model: RunningClassifier
    classes: NDArray[Any]
    history: list[Record]
    best_epoch: int
    split: Split | None
    coverage: float | None


@dataclass(frozen=True)
class Given:
    """What fit was given."""

    texts: Sequence[str]
    labels: Sequence[Any]
    sample_weight: Sequence[float] | None = None
    groups: Sequence[str] | None = None
    validation_data: tuple[Sequence[str], Sequence[Any]] | None = None


def fit_text(estimator: TextClassifier, given: Given, *, run: str | Path | None, watch: Watch | None) -> LearntText:
    """Run the steps in their order."""
    settings, seed = estimator.settings(), seed_of("random_state", estimator.random_state)
    given, rows = _weighty(given)
    classes, whole = _whole(given, settings)
    train, validation, held = _parts(whole, given, classes, share("validation", estimator.validation), seed)
    held = replace(held, train=rows[held.train], validation=rows[held.validation]) if held else None
    if truth("wide", estimator.wide):
        check_wide(labels=len(classes), weighed=validation is not None)
    encoder = fit_encoder(train.texts, settings.text)
    vectors = pretrained(estimator.vectors, encoder.vocabulary) if estimator.vectors else None
    if vectors is not None:
        settings = settings.changed({"embedding_size": vectors.matrix.shape[1]})
    plan = classifier(settings.net, words=len(encoder.vocabulary), labels=len(classes))
    net = initial_net(plan, settings, vectors, seed)
    learnt, held_out = _labelled(train, encoder), _labelled(validation, encoder) if validation else None
    task = TextTask(net, learnt, held_out, settings.training, seed)
    batch = settings.training.batch_size
    tokens = min(settings.training.batch_tokens, batch * float(task.train.lengths.mean()))
    dense = batch * plan.dense.inputs * plan.dense.outputs
    with threads_for(torch_work(plan.recurrent, sequences=batch, tokens=tokens, rest=dense)):
        identity = fingerprint((settings, plan, seed), _arrays(learnt, held_out)) if run else ""
        folder = Path(run) if run else None
        progress = fit(task, settings.training, seed=seed, run=folder, identity=identity, watch=watch)
    model = RunningClassifier(plan, tensors_of(net), encoder, tuple(str(name) for name in classes))
    model = _finished(model, train, validation, wide=estimator.wide)
    coverage = vectors.coverage if vectors is not None else None
    return LearntText(model, classes, progress.history, progress.best_epoch, held, coverage)


def _finished(model: RunningClassifier, train: Part, validation: Part | None, *, wide: bool) -> RunningClassifier:
    """Add what is fitted after training: the wide part and the temperature, both weighed on validation."""
    if validation is None:
        return model
    if wide:
        model = with_wide(model, train.texts, train.targets, validation.texts, validation.targets)
    return model.with_temperature(best_temperature(model.logits(validation.texts), validation.targets))


@dataclass(frozen=True)
class Part:
    """Texts, class numbers and weights of one part."""

    texts: list[str]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]


def _weighty(given: Given) -> tuple[Given, NDArray[np.int64]]:
    """Check the rows, and leave those of weight 0 out: they have no influence at all. Return their numbers too."""
    count = len(given.texts)
    if len(given.labels) != count:
        raise DataError("texts and labels differ in number", found=f"{count} texts, {len(given.labels)} labels")
    for row, (text, label) in enumerate(zip(given.texts, given.labels, strict=True), 1):
        if not isinstance(text, str):
            raise DataError(f"row {row} is no text", found=type(text).__name__, allowed="str")
        if label is None or label != label:
            raise DataError(f"row {row} has no label", found=repr(label))
    if given.groups is not None and len(given.groups) != count:
        raise DataError("groups and rows differ in number", found=f"{len(given.groups)} groups, {count} rows")
    if given.sample_weight is None:
        return given, np.arange(count)
    weights = np.asarray(given.sample_weight, dtype=np.float64)
    if weights.shape != (count,) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise DataError("sample_weight", allowed="one finite number of at least 0 for each row, not all 0")
    rows = np.flatnonzero(weights)
    texts, groups = list(given.texts), list(given.groups) if given.groups is not None else None
    kept = Given(
        [texts[row] for row in rows.tolist()],
        np.asarray(given.labels)[rows].tolist(),
        weights[rows].tolist(),
        [groups[row] for row in rows.tolist()] if groups is not None else None,
        given.validation_data,
    )
    return kept, rows


def _whole(given: Given, settings: Settings) -> tuple[NDArray[Any], Part]:
    """Return the classes and all rows with class numbers and weights; raises DataError for a single class."""
    classes, targets = np.unique(np.asarray(given.labels), return_inverse=True)
    if len(classes) < 2:
        raise DataError(f"{len(classes)} class", allowed="two or more", advice="is this the label column?")
    return classes, Part(list(given.texts), targets.astype(np.int64), _weights(given.sample_weight, targets, settings))


def _weights(given: Sequence[float] | None, targets: NDArray[np.int64], settings: Settings) -> NDArray[np.float32]:
    weights = np.ones(len(targets)) if given is None else np.asarray(given, dtype=np.float64)
    if settings.training.class_weight == "balanced":
        totals = np.bincount(targets, weights=weights)
        weights = weights * (weights.sum() / (len(totals) * totals))[targets]
    # Of mean 1, so that a batch of light rows pulls less than a batch of heavy ones.
    scaled: NDArray[np.float32] = (weights / weights.mean()).astype(np.float32)
    return scaled


def _parts(
    whole: Part, given: Given, classes: NDArray[Any], validation: float, seed: int
) -> tuple[Part, Part | None, Split | None]:
    """Return training and validation part, and the split where one was made."""
    if given.validation_data is not None:
        return whole, _given(given.validation_data, classes), None
    if not validation:
        return whole, None, None
    names = [str(classes[target]) for target in whole.targets]
    held = split(len(whole.texts), labels=names, groups=given.groups, share=validation, seed=seed)
    return _rows(whole, held.train), _rows(whole, held.validation), held


def _given(data: tuple[Sequence[str], Sequence[Any]], classes: NDArray[Any]) -> Part:
    texts, labels = data
    place = {label: number for number, label in enumerate(classes.tolist())}
    unknown = sorted({str(label) for label in np.asarray(labels).tolist() if label not in place})
    if unknown:
        raise DataError("labels in the validation part that training does not have", found=", ".join(unknown[:5]))
    targets = np.array([place[label] for label in np.asarray(labels).tolist()], np.int64)
    return Part(list(texts), targets, np.ones(len(targets), np.float32))


def _rows(part: Part, rows: NDArray[np.int64]) -> Part:
    return Part([part.texts[row] for row in rows], part.targets[rows], part.weights[rows])


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


def pretrained(source: str | Path, vocabulary: Vocabulary) -> Vectors:
    """Read word vectors; fits over the same words, such as the cells and seeds of a comparison, read them once."""
    path = Path(source)
    return _read_once(str(path), path.stat().st_mtime_ns if path.exists() else 0, vocabulary)


@lru_cache(maxsize=1)
def _read_once(source: str, changed: int, vocabulary: Vocabulary) -> Vectors:
    return load_vectors(source, vocabulary)


def initial_net(plan: ClassifierNet, settings: Settings, vectors: Vectors | None, seed: int) -> LearningClassifier:
    """Build the net with seeded weights, and pre-trained vectors where there are any."""
    net = LearningClassifier(plan, settings.net, torch.Generator().manual_seed(seed))
    if vectors is not None:
        load_tensors(net, tensors_of(net) | {"embedding.weight": vectors.matrix})
    return net
