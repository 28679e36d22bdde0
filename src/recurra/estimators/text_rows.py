"""What TextClassifier.fit makes of its rows before anything is trained: checked, split, encoded, a net laid out.

Not here: training (text_fit.py). `recurra data check` takes these very steps, so it refuses what fit refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recurra.arguments import seed_of, share, truth
from recurra.config import Settings
from recurra.datasets.columns import TextColumns
from recurra.datasets.labels import check_class_count, label_warnings
from recurra.datasets.splits import Split, split
from recurra.errors import DataError, UsageError
from recurra.estimators.inputs import column_of, labels_of, same_length, texts_of
from recurra.nets.run import ClassifierNet, classifier_net
from recurra.tasks.heads.classes.wide import check_wide
from recurra.text.encoder import TextEncoder, fit_encoder
from recurra.text.scripts import learnt_words
from recurra.text.vectors import Vectors, load_vectors
from recurra.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from recurra.estimators.text import TextClassifier


@dataclass(frozen=True)
class Given:
    """What fit was given."""

    texts: Any
    labels: Any
    sample_weight: Sequence[float] | None = None
    groups: Any = None
    validation_data: tuple[Any, Any] | None = None
    labels_as_written: bool = False


@dataclass(frozen=True)
class Part:
    """Texts, class numbers and weights of one part."""

    texts: list[str]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]

    def rows(self, rows: NDArray[np.int64]) -> Part:
        """Return some of the rows."""
        return Part([self.texts[row] for row in rows], self.targets[rows], self.weights[rows])


@dataclass(frozen=True)
class PreparedText:
    """Everything that training needs, and what is doubtful about it."""

    settings: Settings
    seed: int
    classes: NDArray[Any]
    train: Part
    validation: Part | None
    split: Split | None
    encoder: TextEncoder
    vectors: Vectors | None
    plan: ClassifierNet
    warnings: list[str]
    columns: TextColumns | None = None
    """The columns of the table that the rows came from."""


def prepare_text(estimator: TextClassifier, given: Given) -> PreparedText:
    """Take the steps before training in their order.

    Raises UsageError for choices, DataError for rows, with which there is nothing to learn.
    """
    settings, seed = estimator.settings(), seed_of("random_state", estimator.random_state)
    held_share, wide = share("validation", estimator.validation), truth("wide", estimator.wide)
    given, rows = _weighty(_columns(given))
    classes, whole = _whole(given, settings)
    names = [str(classes[target]) for target in whole.targets]
    warnings = label_warnings(names, texts=whole.texts)
    train, validation, held = whole, None, None
    if given.validation_data is not None:
        validation = _given(given.validation_data, classes)
    elif held_share:
        held = split(len(names), labels=names, groups=given.groups, share=held_share, seed=seed)
        train, validation = whole.rows(held.train), whole.rows(held.validation)
        warnings += held.warnings
        held = replace(held, train=rows[held.train], validation=rows[held.validation])
    if wide:
        check_wide(labels=len(classes), weighed=validation is not None)
    encoder, told = learnt_words(fit_encoder, train.texts, settings.text)
    warnings += told
    vectors = pretrained(estimator.vectors, encoder.vocabulary) if estimator.vectors else None
    if vectors is not None:
        settings = settings.changed({"embedding_size": vectors.matrix.shape[1]})
    plan = classifier_net(settings.net, words=len(encoder.vocabulary), labels=len(classes))
    return PreparedText(settings, seed, classes, train, validation, held, encoder, vectors, plan, warnings)


def _columns(given: Given) -> Given:
    """Take every column as a list, of one length."""
    texts, labels = texts_of(given.texts), labels_of(given.labels, as_written=given.labels_as_written)
    same_length(texts, labels, "labels")
    groups = None if given.groups is None else column_of(given.groups, "groups")
    if groups is not None and len(groups) != len(texts):
        raise DataError("groups and rows differ in number", found=f"{len(groups)} groups, {len(texts)} rows")
    return replace(given, texts=texts, labels=labels, groups=groups)


def _weighty(given: Given) -> tuple[Given, NDArray[np.int64]]:
    """Leave rows of weight 0 out: they have no influence at all. Return the numbers of the others too."""
    count = len(given.texts)
    if given.sample_weight is None:
        return given, np.arange(count)
    try:
        weights = np.asarray(column_of(given.sample_weight, "sample_weight"), dtype=np.float64)
    except (TypeError, ValueError):
        weights = np.full(count, np.nan)
    if weights.shape != (count,) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise DataError("sample_weight", allowed="one finite number of at least 0 for each row, not all 0")
    rows = np.flatnonzero(weights)
    texts, labels, groups = (
        [values[row] for row in rows] if values is not None else None
        for values in (given.texts, given.labels, given.groups)
    )
    return replace(given, texts=texts, labels=labels, groups=groups, sample_weight=weights[rows].tolist()), rows


def _whole(given: Given, settings: Settings) -> tuple[NDArray[Any], Part]:
    """Return the classes and all rows with class numbers and weights; raises DataError for a single class."""
    classes, targets = np.unique(np.asarray(given.labels), return_inverse=True)
    if len(classes) < 2:
        raise DataError(f"{len(classes)} class", allowed="two or more", advice="is this the label column?")
    check_class_count(len(classes), rows=len(targets))
    return classes, Part(given.texts, targets.astype(np.int64), _weights(given.sample_weight, targets, settings))


def _weights(given: Sequence[float] | None, targets: NDArray[np.int64], settings: Settings) -> NDArray[np.float32]:
    weights = np.ones(len(targets)) if given is None else np.asarray(given, dtype=np.float64)
    if settings.training.class_weight == "balanced":
        totals = np.bincount(targets, weights=weights)
        weights = weights * (weights.sum() / (len(totals) * totals))[targets]
    # Of mean 1, so that a batch of light rows pulls less than a batch of heavy ones.
    scaled: NDArray[np.float32] = (weights / weights.mean()).astype(np.float32)
    return scaled


def _given(data: tuple[Any, Any], classes: NDArray[Any]) -> Part:
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise UsageError("validation_data", found=type(data).__name__, allowed="a pair (texts, labels)")
    texts, labels = texts_of(data[0]), labels_of(data[1], as_written=True)
    same_length(texts, labels, "labels")
    if not texts:
        raise DataError("validation_data has no rows", allowed="one or more, or validation=0")
    place = {label: number for number, label in enumerate(classes.tolist())}
    unknown = sorted({str(label) for label in labels if label not in place})
    if unknown:
        raise DataError("labels in the validation part that training does not have", found=", ".join(unknown[:5]))
    return Part(texts, np.array([place[label] for label in labels], np.int64), np.ones(len(texts), np.float32))


def pretrained(source: str | Path, vocabulary: Vocabulary) -> Vectors:
    """Read word vectors; fits over the same words, such as the cells and seeds of a comparison, read them once."""
    path = Path(source)
    return _read_once(str(path), path.stat().st_mtime_ns if path.exists() else 0, vocabulary)


@lru_cache(maxsize=1)
def _read_once(source: str, changed: int, vocabulary: Vocabulary) -> Vectors:
    return load_vectors(source, vocabulary)
