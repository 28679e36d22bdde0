"""The task of giving texts any number of labels: its defaults, and its rows from files to a judged model.

Not here: how rows become a net's (targets.py), what a step learns (heads/targets/learn.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recurra.datasets.columns import TextColumns, name_list
from recurra.datasets.formats import TextReading
from recurra.datasets.labels import check_class_count, label_variants
from recurra.datasets.targets import LABELS_NAMES, TargetReading, labels_of_rows, read_cells, unparted
from recurra.errors import DataError, counted
from recurra.tasks.heads.multilabel.head import HEAD
from recurra.tasks.heads.multilabel.measure import judge_several
from recurra.tasks.inputs.targets import GivenTargets, TargetRows, indicator
from recurra.tasks.targets import READS, SETTINGS, hold_targets, prepare_targets, read_targets
from recurra.tasks.task import Asked, Parts, Prepared, Rows, Source, Task


def read(source: Source, asked: Asked | None) -> Rows:
    """Read texts and their labels, and test rows where there are any."""
    return read_targets(source, _table)


def _table(file: str, texts: TextReading, reading: TargetReading, learnt: TextColumns | None) -> GivenTargets:
    cells = read_cells(file, texts, reading.labels, LABELS_NAMES, learnt=learnt, lists=True)
    labels = labels_of_rows(cells, reading.separator, as_written=texts.labels_as_written)
    read_from = tuple(cells.cells)
    # The names of several columns are the labels, those without a row too.
    targets, names = indicator(labels, read_from if len(read_from) > 1 else ())
    doubts = unparted(labels, reading.separator) if len(read_from) == 1 else []
    return GivenTargets(
        TargetRows(cells.texts, targets, names),
        cells.columns,
        read_from=read_from,
        separator=reading.separator,
        note=cells.note,
        warnings=[*cells.warnings, *doubts],
    )


def hold(asked: Asked, rows: Rows) -> Parts:
    """Hold test rows against the others; raises DataError for labels that training has not."""
    train, test = rows.table
    if test is not None:
        test.rows.aligned(train.rows.names)
    return hold_targets(asked, rows)


def prepare(asked: Asked, given: GivenTargets) -> Prepared:
    """Choose the net, draw the folds; raises DataError without two labels, or without rows of one."""
    rows = given.rows
    if len(rows.names) < 2:
        found = name_list(rows.names) or "none"
        advice = "is this the column of labels?"
        raise DataError(f"{len(rows.names)} label, need 2 or more", found=found, advice=advice)
    check_class_count(len(rows.names), rows=len(rows.texts))
    return prepare_targets(
        asked,
        given,
        rows.targets.astype(np.float32),
        "binary",
        task="multilabel",
        strata=[" ".join(map(str, np.flatnonzero(row))) for row in rows.targets],
        told=(given.read_from, given.separator),
        warnings=_doubts(rows),
    )


def _doubts(rows: TargetRows) -> list[str]:
    count = rows.targets.sum(0)
    told = [*label_variants(list(rows.names))]
    for what, which in (("no row", count == 0), ("one row only", count == 1), ("every row", count == len(rows.texts))):
        names = _named(rows.names, np.flatnonzero(which))
        told += [f"{counted(int(which.sum()), 'label has', 'labels have')} {what}: {names}"] if which.any() else []
    if len(rows.texts) and (rows.targets.sum(1) == 1).all():
        told.append("every row has one label: `recurra fit text` learns classes that shut each other out")
    return told


def _named(names: Sequence[str], places: np.ndarray) -> str:
    return name_list([names[place] for place in places])


TASK = Task("multilabel", SETTINGS, READS, HEAD, read, hold, prepare, judge_several)
