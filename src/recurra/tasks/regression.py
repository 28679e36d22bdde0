"""The task of giving texts numbers: its defaults, and its rows from files to a judged model.

Not here: how rows become a net's (targets.py), what a step learns (heads/targets/learn.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.columns import TextColumns
from recurra.datasets.formats import TextReading
from recurra.datasets.targets import NUMBER_NAMES, TargetReading, numbers_of, read_cells
from recurra.errors import DataError
from recurra.tasks.heads.regression.head import HEAD
from recurra.tasks.heads.regression.measure import judge_numbers
from recurra.tasks.inputs.targets import GivenTargets, TargetRows
from recurra.tasks.targets import READS, SETTINGS, check_enough, hold_targets, prepare_targets, read_targets
from recurra.tasks.task import Asked, Prepared, Rows, Source, Task


def read(source: Source, asked: Asked | None) -> Rows:
    """Read texts and their numbers, and test rows where there are any."""
    return read_targets(source, _table)


def _table(file: str, texts: TextReading, reading: TargetReading, learnt: TextColumns | None) -> GivenTargets:
    cells = read_cells(file, texts, reading.labels, NUMBER_NAMES, learnt=learnt)
    names = tuple(cells.cells)
    rows = TargetRows(cells.texts, numbers_of(cells), names)
    return GivenTargets(rows, cells.columns, read_from=names, note=cells.note, warnings=cells.warnings)


def prepare(asked: Asked, given: GivenTargets) -> Prepared:
    """Bring the numbers to mean 0 and spread 1, choose the net, draw the folds.

    Raises DataError for a target of one value alone: there is nothing to learn.
    """
    rows = given.rows
    check_enough(rows.texts)
    mean = np.average(rows.targets, axis=0, weights=given.weights)
    spread = np.sqrt(np.average((rows.targets - mean) ** 2, axis=0, weights=given.weights))
    if (spread <= 1e-12 * np.maximum(1.0, np.abs(rows.targets).max(0))).any():
        name = rows.names[int(spread.argmin())]
        value = f"{rows.targets[0, int(spread.argmin())]:g} in all {len(rows.texts):,} rows"
        raise DataError(f"target {name!r} is constant", found=value, advice="is this the column of the numbers?")
    learnt = ((rows.targets - mean) / spread).astype(np.float32)
    return prepare_targets(
        asked,
        given,
        learnt,
        "squared",
        task="regression",
        strata=_strata(rows.targets),
        told=(mean, spread, given.read_from),
        warnings=_doubts(rows),
    )


def _strata(targets: NDArray[np.float64]) -> list[str]:
    """Ten groups of rows from low to high of the first target: each fold has its share of each."""
    order = np.argsort(np.argsort(targets[:, 0], kind="stable"), kind="stable")
    return [str(place * 10 // max(1, len(order))) for place in order]


def _doubts(rows: TargetRows) -> list[str]:
    told = []
    for column, name in enumerate(rows.names):
        values = np.unique(rows.targets[:, column])
        if len(values) == 2:
            told.append(f"target {name!r} has two values: they may be classes, which `recurra fit text` learns")
        middle, spread = np.median(rows.targets[:, column]), rows.targets[:, column].std()
        far = np.abs(rows.targets[:, column] - middle) > 10 * spread
        if far.any():
            value = rows.targets[:, column][far][0]
            told.append(f"target {name!r}: {int(far.sum()):,} numbers are far from all others, such as {value:g}")
    return told


TASK = Task("regression", SETTINGS, READS, HEAD, read, hold_targets, prepare, judge_numbers)
