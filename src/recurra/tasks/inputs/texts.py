"""What Python callers hand over, as plain lists: texts, labels and weights in any kind of column; classes by number.

Not here: files (datasets/), labels fit to learn from (datasets/labels.py), holding a part out (tasks/text.py). What
could pass for a column and is none (a single text, a table, a mapping, a set) is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.config import Settings
from recurra.datasets.columns import TextColumns, name_list
from recurra.datasets.labels import check_class_count, is_missing
from recurra.errors import DataError, UsageError, counted
from recurra.tasks.heads.classes.run import Label


def column_of(values: Any, what: str) -> list[Any]:
    """Return the values of a list, an array, a Series, an Index, a column of polars or Arrow, or an iterator, in order.

    Raises UsageError for anything that is not one column.
    """
    # Before all else: a text can be gone through, too, and its letters would become rows.
    if isinstance(values, str | bytes):
        raise UsageError(f"{what} must be a list", found="a single text", advice="write [text]")
    if hasattr(values, "columns"):
        # `columns` of an Arrow table are the data themselves; its names are elsewhere.
        names = [str(name) for name in getattr(values, "column_names", values.columns)]
        advice = f"name the column, such as frame[{names[0]!r}]" if names else ""
        raise UsageError(f"{what} must be one column", found=f"a table of {name_list(names)}", advice=advice)
    # A set has no order, and rows of a mapping would be its keys.
    if isinstance(values, Mapping | set | frozenset) or not isinstance(values, Iterable):
        raise UsageError(f"{what} must be a list", found=type(values).__name__)
    dimensions = getattr(values, "ndim", 1)
    if dimensions != 1:
        raise UsageError(f"{what} must be one column", found=f"{dimensions} dimensions", allowed="(rows,)")
    # NumPy and pandas, polars, Arrow: each turns its scalars into Python's own.
    for method in ("tolist", "to_list", "to_pylist"):
        if hasattr(values, method):
            return list(getattr(values, method)())
    return list(values)


def texts_of(values: Any, what: str = "texts") -> list[str]:
    """Return texts as a list; raises DataError that names the first row, from 1, which is no text."""
    texts = column_of(values, what)
    for row, text in enumerate(texts, 1):
        if not isinstance(text, str):
            raise DataError(f"row {row} is no text", found=type(text).__name__, allowed="str")
    return texts


def labels_of(values: Any, *, as_written: bool = False) -> list[Label]:
    """Return labels as a list of texts, or of numbers and truth values, in Python's own types.

    A label such as `NULL` is a missing one unless it is taken `as_written`. Raises DataError that names the row.
    """
    # A plain list may hold scalars of NumPy, too: np.int64 is no int, np.bool_ no bool.
    labels = [value.item() if isinstance(value, np.generic) else value for value in column_of(values, "labels")]
    for row, label in enumerate(labels, 1):
        if is_missing(label, as_written=as_written):
            # Only a word, such as NULL, can have been meant as a class; None and blanks never.
            advice = "where it is a class: labels_as_written=True" if isinstance(label, str) and label.strip() else ""
            raise DataError(f"row {row} has no label", found=repr(label), advice=advice)
        if not isinstance(label, Label) or (isinstance(label, float) and math.isinf(label)):
            allowed = "texts, finite numbers or truth values"
            raise DataError(f"row {row} has no usable label", found=repr(label)[:60], allowed=allowed)
        # NumPy would write all of them as texts, and 1 and "1" would become one class in silence.
        if isinstance(label, str) != isinstance(labels[0], str):
            found = f"{labels[0]!r} in row 1, {label!r} in row {row}"
            raise DataError("labels mix texts with others", found=found[:200], advice="make all of them texts")
    return labels


def same_length(texts: list[str], others: list[Any], what: str) -> None:
    """Raise DataError where there are not as many others as texts."""
    if len(texts) != len(others):
        raise DataError(f"texts and {what} differ in number", found=f"{len(texts)} texts, {len(others)} {what}")


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
    unlabelled: Any = None
    """Texts of the same kind without labels."""


@dataclass(frozen=True)
class Part:
    """Texts, class numbers and weights of one part."""

    texts: list[str]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]
    shares: NDArray[np.float32] | None = None
    """How probable each class is, (rows, classes), where nobody has labelled a row; `targets` are the likeliest."""

    def rows(self, rows: NDArray[np.int64]) -> Part:
        """Return some of the rows."""
        shares = None if self.shares is None else self.shares[rows]
        return Part([self.texts[row] for row in rows], self.targets[rows], self.weights[rows], shares)

    def joined(self, other: Part) -> Part:
        """Return these rows, and another part's behind them; raises ValueError where one part alone has shares."""
        targets, weights = (
            np.concatenate([getattr(self, name), getattr(other, name)]) for name in ("targets", "weights")
        )
        both = [part.shares for part in (self, other) if part.shares is not None]
        if len(both) == 1:
            raise ValueError("rows with and without shares of classes")
        return Part([*self.texts, *other.texts], targets, weights, np.concatenate(both) if both else None)


@dataclass(frozen=True)
class Weighed:
    """The rows that weigh anything, and how much: the others have no influence at all, not even on the vocabulary."""

    count: int
    """All rows that were given."""
    rows: NDArray[np.int64]
    weights: NDArray[np.float64] | None = None
    """Of those rows; None: all weigh the same."""

    @property
    def numbers(self) -> NDArray[np.int64] | None:
        """Where the caller finds the rows, where that is not their order."""
        return self.rows if len(self.rows) < self.count else None

    def of(self, values: list[Any]) -> list[Any]:
        """Leave out what belongs to rows that weigh nothing."""
        return [values[row] for row in self.rows]


def weighed(sample_weight: Any, count: int) -> Weighed:
    """Tell which of so many rows weigh anything; raises UsageError and DataError for what are no weights."""
    if sample_weight is None:
        return Weighed(count, np.arange(count))
    try:
        weights = np.asarray(column_of(sample_weight, "sample_weight"), dtype=np.float64)
    except (TypeError, ValueError):
        # What is no number is no weight: the check below refuses it with the others.
        weights = np.full(count, np.nan)
    if weights.shape != (count,) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise DataError("sample_weight", allowed="one finite number of at least 0 for each row, not all 0")
    rows = np.flatnonzero(weights)
    return Weighed(count, rows, weights[rows])


def weighty(given: LabelledTexts) -> tuple[LabelledTexts, NDArray[np.int64]]:
    """Take every column as a list and leave rows of weight 0 out; return the numbers of the others too.

    Raises UsageError and DataError with the row.
    """
    given = _as_lists(given)
    kept = weighed(given.sample_weight, len(given.texts))
    texts, labels, groups = (
        kept.of(values) if values is not None else None for values in (given.texts, given.labels, given.groups)
    )
    weights = None if kept.weights is None else kept.weights.tolist()
    return replace(given, texts=texts, labels=labels, groups=groups, sample_weight=weights), kept.rows


def _as_lists(given: LabelledTexts) -> LabelledTexts:
    texts, labels = texts_of(given.texts), labels_of(given.labels, as_written=given.labels_as_written)
    same_length(texts, labels, "labels")
    groups = None if given.groups is None else column_of(given.groups, "groups")
    free = None if given.unlabelled is None else texts_of(given.unlabelled, "unlabelled")
    if groups is not None and len(groups) != len(texts):
        raise DataError("groups and rows differ in number", found=f"{len(groups)} groups, {len(texts)} rows")
    return replace(given, texts=texts, labels=labels, groups=groups, unlabelled=free)


def free_texts(given: LabelledTexts) -> list[str]:
    """Return the texts without labels, where some were given; rows that are labelled too are not among them.

    Rows out of fold tell whether the texts helped: a net that has read those very rows could tell them apart better
    than later ones.
    """
    if given.unlabelled is None:
        return []
    labelled = set(given.texts)
    return [text for text in given.unlabelled if text not in labelled]


def left_out(given: LabelledTexts, free: Sequence[str]) -> list[str]:
    """Tell how many texts without labels `free_texts` left out."""
    left = len(given.unlabelled) - len(free) if given.unlabelled is not None else 0
    rest = "" if free else ", and no other is left to learn from"
    words = counted(left, "text without label is left out: it stands", "texts without labels are left out: they stand")
    return [f"{words} among the labelled rows{rest}"] if left else []


def numbered(given: LabelledTexts, settings: Settings) -> tuple[NDArray[Any], Part]:
    """Return the classes and all rows with class numbers and weights; raises DataError for a single class."""
    # Sorted, as scikit-learn has `classes_`: their order is the same in whatever order rows come.
    classes, targets = np.unique(np.asarray(given.labels), return_inverse=True)
    if len(classes) < 2:
        raise DataError(f"{len(classes)} class", allowed="two or more", advice="is this the label column?")
    check_class_count(len(classes), rows=len(targets))
    return classes, Part(given.texts, targets.astype(np.int64), _weights(given.sample_weight, targets, settings))


def _weights(given: Sequence[float] | None, targets: NDArray[np.int64], settings: Settings) -> NDArray[np.float32]:
    weights = np.ones(len(targets)) if given is None else np.asarray(given, dtype=np.float64)
    if settings.training.class_weight == "balanced":
        totals = np.bincount(targets, weights=weights)
        # scikit-learn's "balanced", rows / (classes · rows of the class), with the sums of weights for the rows.
        weights = weights * (weights.sum() / (len(totals) * totals))[targets]
    # Of mean 1, so that a batch of light rows pulls less than a batch of heavy ones.
    scaled: NDArray[np.float32] = (weights / weights.mean()).astype(np.float32)
    return scaled


def held_rows(data: tuple[Any, Any], classes: NDArray[Any]) -> Part:
    """Return a validation part that the caller gives, by the class numbers of training; raises for unknown labels."""
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise UsageError("validation_data", found=type(data).__name__, allowed="a pair (texts, labels)")
    # As written: each label is held against the classes of training, where a word such as NULL may be one.
    texts, labels = texts_of(data[0]), labels_of(data[1], as_written=True)
    same_length(texts, labels, "labels")
    if not texts:
        raise DataError("validation_data has no rows", allowed="one or more, or validation=0")
    place = {label: number for number, label in enumerate(classes.tolist())}
    unknown = sorted({str(label) for label in labels if label not in place})
    if unknown:
        raise DataError("labels in the validation part that training does not have", found=", ".join(unknown[:5]))
    return Part(texts, np.array([place[label] for label in labels], np.int64), np.ones(len(texts), np.float32))
