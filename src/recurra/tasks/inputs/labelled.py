"""Labelled texts as Python callers and tables give them: checked row by row, weighed, and numbered by class.

Not here: files (datasets/), holding a part out and encoding (tasks/text.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.config import Settings
from recurra.datasets.columns import TextColumns
from recurra.datasets.labels import check_class_count
from recurra.errors import DataError, UsageError
from recurra.tasks.inputs.columns import column_of, labels_of, same_length, texts_of


@dataclass(frozen=True)
class LabelledTexts:
    """Texts and labels as they were given, and what belongs to each row."""

    texts: Any
    labels: Any
    sample_weight: Sequence[float] | None = None
    groups: Any = None
    validation_data: tuple[Any, Any] | None = None
    labels_as_written: bool = False
    columns: TextColumns | None = None
    """The columns of the table that the rows came from."""


@dataclass(frozen=True)
class Part:
    """Texts, class numbers and weights of one part."""

    texts: list[str]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]

    def rows(self, rows: NDArray[np.int64]) -> Part:
        """Return some of the rows."""
        return Part([self.texts[row] for row in rows], self.targets[rows], self.weights[rows])


def weighty(given: LabelledTexts) -> tuple[LabelledTexts, NDArray[np.int64]]:
    """Take every column as a list and leave rows of weight 0 out; return the numbers of the others too.

    Such rows have no influence at all, not even on the vocabulary. Raises UsageError and DataError with the row.
    """
    given = _as_lists(given)
    count = len(given.texts)
    if given.sample_weight is None:
        return given, np.arange(count)
    try:
        weights = np.asarray(column_of(given.sample_weight, "sample_weight"), dtype=np.float64)
    except (TypeError, ValueError):
        # What is no number is no weight: the check below refuses it with the others.
        weights = np.full(count, np.nan)
    if weights.shape != (count,) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise DataError("sample_weight", allowed="one finite number of at least 0 for each row, not all 0")
    rows = np.flatnonzero(weights)
    texts, labels, groups = (
        [values[row] for row in rows] if values is not None else None
        for values in (given.texts, given.labels, given.groups)
    )
    return replace(given, texts=texts, labels=labels, groups=groups, sample_weight=weights[rows].tolist()), rows


def _as_lists(given: LabelledTexts) -> LabelledTexts:
    texts, labels = texts_of(given.texts), labels_of(given.labels, as_written=given.labels_as_written)
    same_length(texts, labels, "labels")
    groups = None if given.groups is None else column_of(given.groups, "groups")
    if groups is not None and len(groups) != len(texts):
        raise DataError("groups and rows differ in number", found=f"{len(groups)} groups, {len(texts)} rows")
    return replace(given, texts=texts, labels=labels, groups=groups)


def numbered(given: LabelledTexts, settings: Settings) -> tuple[NDArray[Any], Part]:
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


def held_rows(data: tuple[Any, Any], classes: NDArray[Any]) -> Part:
    """Return a validation part that the caller gives, by the class numbers of training; raises for unknown labels."""
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
