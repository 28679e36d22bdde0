"""What Python callers hand over, as plain lists: texts and labels in any kind of column.

Not here: files (datasets/), and what makes labels fit to learn from (datasets/labels.py). What could pass for a column
and is none (a single text, a table, a mapping, a set) is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from recurra.datasets.cells import is_missing
from recurra.datasets.columns import name_list
from recurra.errors import DataError, UsageError
from recurra.tasks.heads.classes.run import Label


def column_of(values: Any, what: str) -> list[Any]:
    """Return the values of a list, an array, a Series, an Index, a column of polars or Arrow, or an iterator, in order.

    Raises UsageError for anything that is not one column.
    """
    if isinstance(values, str | bytes):
        raise UsageError(f"{what} must be a list", found="a single text", advice="write [text]")
    if hasattr(values, "columns"):
        names = [str(name) for name in getattr(values, "column_names", values.columns)]
        advice = f"name the column, such as frame[{names[0]!r}]" if names else ""
        raise UsageError(f"{what} must be one column", found=f"a table of {name_list(names)}", advice=advice)
    if isinstance(values, Mapping | set | frozenset) or not isinstance(values, Iterable):
        raise UsageError(f"{what} must be a list", found=type(values).__name__)
    dimensions = getattr(values, "ndim", 1)
    if dimensions != 1:
        raise UsageError(f"{what} must be one column", found=f"{dimensions} dimensions", allowed="(rows,)")
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
    labels = [value.item() if isinstance(value, np.generic) else value for value in column_of(values, "labels")]
    for row, label in enumerate(labels, 1):
        if is_missing(label, as_written=as_written):
            advice = "where it is a class: labels_as_written=True" if isinstance(label, str) and label.strip() else ""
            raise DataError(f"row {row} has no label", found=repr(label), advice=advice)
        if not isinstance(label, Label) or (isinstance(label, float) and math.isinf(label)):
            allowed = "texts, finite numbers or truth values"
            raise DataError(f"row {row} has no usable label", found=repr(label)[:60], allowed=allowed)
        if isinstance(label, str) != isinstance(labels[0], str):
            found = f"{labels[0]!r} in row 1, {label!r} in row {row}"
            raise DataError("labels mix texts with others", found=found[:200], advice="make all of them texts")
    return labels


def same_length(texts: list[str], others: list[Any], what: str) -> None:
    """Raise DataError where there are not as many others as texts."""
    if len(texts) != len(others):
        raise DataError(f"texts and {what} differ in number", found=f"{len(texts)} texts, {len(others)} {what}")
