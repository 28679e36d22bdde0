"""The task of giving texts one of several classes in an order: its defaults, and its rows from files to a judged model.

Not here: how rows become a net's (targets.py), what a step learns (heads/targets/learn.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from recurra.datasets.columns import TextColumns, name_list
from recurra.datasets.formats import TextReading
from recurra.datasets.labels import check_class_count, conflicting_labels, places_of
from recurra.datasets.targets import ORDERED_NAMES, TargetReading, names_of, read_cells
from recurra.errors import DataError, UsageError, counted, either
from recurra.tasks.heads.classes.run import label_kind
from recurra.tasks.heads.ordinal.head import HEAD
from recurra.tasks.heads.ordinal.measure import judge_order, steps
from recurra.tasks.inputs.targets import GivenTargets, TargetRows
from recurra.tasks.targets import READS, SETTINGS, hold_targets, prepare_targets, read_targets
from recurra.tasks.task import Asked, Parts, Prepared, Rows, Source, Task


def read(source: Source, asked: Asked | None) -> Rows:
    """Read texts and their classes, and test rows where there are any."""
    return read_targets(source, _table)


def _table(file: str, texts: TextReading, reading: TargetReading, learnt: TextColumns | None) -> GivenTargets:
    cells = read_cells(file, texts, reading.labels, ORDERED_NAMES, learnt=learnt)
    if len(cells.cells) > 1:
        raise UsageError("--label", found=f"{len(cells.cells)} columns", allowed="one, of classes in an order")
    labels = names_of(cells, reading.order, as_written=texts.labels_as_written)
    given = ordered(cells.texts, labels, reading.order)
    read_from = tuple(cells.cells)
    return replace(given, columns=cells.columns, read_from=read_from, note=cells.note, warnings=cells.warnings)


def ordered(texts: list[str], labels: Sequence[Any], order: Sequence[Any]) -> GivenTargets:
    """Return rows whose target is the place of their class in the order, from 0.

    Without an order the labels are numbers, from low to high. Raises UsageError for an order that names a class twice,
    DataError for labels that are not in it, and for labels that are no numbers where none is given.
    """
    classes = [*order] or _numbers(labels)
    if len({str(name) for name in classes}) != len(classes):
        raise UsageError(either("--order", "order"), found=name_list([*map(str, classes)]), allowed="each class once")
    places = np.array(places_of(labels, classes), np.int64)
    if (places < 0).any():
        row = int(np.flatnonzero(places < 0)[0])
        allowed, named = name_list([*map(str, classes)]), f"{str(labels[row])!r} in row {row + 1:,}"
        raise DataError("a label that is not in the order", found=named, allowed=allowed)
    names = tuple(map(str, classes))
    rows = TargetRows(texts, places[:, None].astype(np.float64), names)
    return GivenTargets(rows, kind=label_kind(classes) if classes else "str")


def _numbers(labels: Sequence[Any]) -> list[Any]:
    distinct = [*dict.fromkeys(labels)]
    try:
        # A truth value has an order, too: false before true.
        values = {float(label): label for label in reversed(distinct)}
    except (TypeError, ValueError):
        found = name_list([*map(str, distinct)][:5])
        advice = f"name it: {either('--order low,mid,high', 'order=[…]')}"
        raise DataError("labels without an order", found=found, advice=advice) from None
    # 1 and 1.0 are one class, as the first of them is written.
    return [values[value] for value in sorted(values)]


def hold(asked: Asked, rows: Rows) -> Parts:
    """Hold test rows against the others; raises DataError for classes that training has not."""
    train, test = rows.table
    if test is not None:
        names = train.rows.names
        missing = [name for name in test.rows.names if name not in names]
        if missing:
            raise DataError("the test part has labels that training has not", found=name_list(missing))
        places = np.array([names.index(name) for name in test.rows.names])[test.rows.targets[:, 0].astype(int)]
        targets = places[:, None].astype(np.float64)
        rows = replace(rows, table=(train, replace(test, rows=replace(test.rows, targets=targets, names=names))))
    return hold_targets(asked, rows)


def prepare(asked: Asked, given: GivenTargets) -> Prepared:
    """Choose the net, draw the folds; raises DataError for fewer than two classes."""
    rows, names = given.rows, given.rows.names
    counts = Counter(rows.targets[:, 0].astype(int).tolist())
    if len(counts) < 2:
        found = ", ".join(repr(names[place]) for place in counts) or "none"
        raise DataError(f"{len(counts)} class, need 2 or more", found=found, advice="bring rows of another")
    check_class_count(len(names), rows=len(rows.texts))
    absent = [name for place, name in enumerate(names) if place not in counts]
    doubts = (
        [f"no row of {counted(len(absent), 'class', 'classes')} of the order: {name_list(absent)}"] if absent else []
    )
    labels = [names[int(place)] for place in rows.targets[:, 0]]
    return prepare_targets(
        asked,
        given,
        steps(rows.targets[:, 0], len(names)).astype(np.float32),
        "binary",
        task="ordinal",
        strata=[f"{int(place):05}" for place in rows.targets[:, 0]],
        told=(names, given.read_from, given.kind),
        warnings=[*doubts, *conflicting_labels(rows.texts, labels)],
    )


TASK = Task("ordinal", SETTINGS, READS, HEAD, read, hold, prepare, judge_order)
