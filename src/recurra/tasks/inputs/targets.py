"""Texts with a row of targets each, and what is learnt of them.

Not here: files of them (datasets/targets.py), what the targets mean (tasks/heads/KIND/).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.columns import TextColumns, name_list
from recurra.datasets.labels import is_missing, label_text
from recurra.datasets.series.numbers import LARGEST
from recurra.errors import DataError, UsageError
from recurra.tasks.inputs.labelled import Fold
from recurra.tasks.inputs.texts import Weighed, column_of
from recurra.text.encoder import TextEncoder

Loss = Literal["squared", "binary"]
"""squared: numbers of mean 0 and spread 1; binary: 1 where something is so, else 0."""


@dataclass(frozen=True)
class TargetRows:
    """Texts and their targets: (rows, targets) of float64, as they are to be answered; `names` has the columns'."""

    texts: list[str]
    targets: NDArray[np.float64]
    names: tuple[str, ...]
    numbers: NDArray[np.int64] | None = None
    """The numbers by which a reader finds the rows, from 0, where these are not their order."""

    def aligned(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return the targets (rows, names) in the order of other names, 0 where a row has none of that name.

        Raises DataError for a target that is not 0 and has none of the names.
        """
        place = {name: column for column, name in enumerate(names)}
        targets = np.zeros((len(self.texts), len(names)))
        for column, name in enumerate(self.names):
            if name in place:
                targets[:, place[name]] = self.targets[:, column]
            elif self.targets[:, column].any():
                unknown = [other for other in self.names if other not in place]
                allowed = name_list(list(names))
                raise DataError("labels the model does not know", found=name_list(unknown[:5]), allowed=allowed)
        return targets

    def at(self, rows: Sequence[int] | NDArray[np.int64]) -> TargetRows:
        """Take some rows."""
        numbers = self.numbers[rows] if self.numbers is not None else None
        return TargetRows([self.texts[row] for row in rows], self.targets[np.asarray(rows)], self.names, numbers)


@dataclass(frozen=True)
class TargetParts:
    """What the head learns from: `targets` (rows, columns) as the loss reads them."""

    texts: list[str]
    targets: NDArray[np.float32]
    loss: Loss
    encoder: TextEncoder
    rows: TargetRows
    """The same rows with their targets as they are to be answered."""
    folds: Sequence[Fold]
    """The parts of a cross-fit."""
    net_name: str
    """What reports call the net among other judges."""
    way: str
    """How it is made: frozen, tuned or fresh."""
    told: Any = None
    """What the head's model must know besides."""
    weights: NDArray[np.float64] | None = None
    """Of each row, of mean 1; None: all weigh the same."""

    def at(self, rows: NDArray[np.int64]) -> TargetParts:
        """Learn from some rows alone."""
        texts, weights = [self.texts[row] for row in rows], self.weights_of(rows)
        return replace(
            self, texts=texts, targets=self.targets[rows], rows=self.rows.at(rows), folds=(), weights=weights
        )

    def weights_of(self, rows: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """The weights of some rows."""
        return self.weights[rows] if self.weights is not None else None


@dataclass(frozen=True)
class GivenTargets:
    """Rows with targets, and what belongs to them."""

    rows: TargetRows
    columns: TextColumns | None = None
    groups: Sequence[Any] | None = None
    weights: NDArray[np.float64] | None = None
    read_from: tuple[str, ...] = ()
    """The columns of the table that held the targets."""
    kind: str = "str"
    """What labels were where they were learnt."""
    separator: str = "|"
    """What parted several labels in a cell."""
    note: str = ""
    """Which columns were guessed."""
    warnings: Sequence[str] = ()


def given_targets(given: GivenTargets, groups: Any, kept: Weighed) -> GivenTargets:
    """Return the rows that were kept with their weights, groups and numbers.

    Raises DataError where there is not a group for each row.
    """
    held = None if groups is None else column_of(groups, "groups")
    if held is not None and len(held) != kept.count:
        raise DataError("groups and rows differ in number", found=f"{len(held)} groups, {kept.count} rows")
    # Of mean 1, so that weights say which rows count more than others, and not how much all are penalised.
    weights = None if kept.weights is None else kept.weights / kept.weights.mean()
    rows = replace(given.rows, numbers=kept.numbers)
    return replace(given, rows=rows, groups=None if held is None else kept.of(held), weights=weights)


def indicator(
    labels: Sequence[Sequence[str]], names: Sequence[str] = ()
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return 1 where a row has a label, (rows, labels), and the labels: `names`, else those that occur, sorted."""
    found = tuple(names) or tuple(sorted({label for row in labels for label in row}))
    place = {name: column for column, name in enumerate(found)}
    targets = np.zeros((len(labels), len(found)))
    for row, some in enumerate(labels):
        targets[row, [place[label] for label in some]] = 1.0
    return targets, found


def labels_given(values: Any, rows: int) -> tuple[NDArray[np.float64], tuple[str, ...], bool]:
    """Return labels as (rows, labels) of 0 and 1, the labels' names, and whether they came as lists.

    Either a list of labels for each row, or a matrix (rows, labels) of 0 and 1, sparse too; a frame names its labels.
    Raises UsageError for what is neither, DataError that names the row, from 1.
    """
    table = _table(values.toarray() if hasattr(values, "toarray") else values, "labels")
    if not _is_matrix(table):
        kept = [_names_of(row, place) for place, row in enumerate(table, 1)]
        if len(kept) != rows:
            raise DataError("texts and labels differ in number", found=f"{rows} texts, {len(kept)} labels")
        return *indicator(kept), True
    flags, names, single = numbers_given(table, rows, truths=True)
    if single:
        advice = "a list of labels for each row, such as [['a', 'b'], []]"
        raise UsageError("labels", found="one column", allowed=advice)
    if not np.isin(flags, (0.0, 1.0)).all():
        row = int(np.flatnonzero(~np.isin(flags, (0.0, 1.0)).all(axis=1))[0]) + 1
        raise DataError(f"row {row}: labels", found=str(flags[row - 1].tolist())[:60], allowed="0 or 1")
    return flags, names if hasattr(table, "columns") else tuple(map(str, range(flags.shape[1]))), False


def _table(values: Any, what: str) -> Any:
    """Return a frame or an array of two dimensions as it is, and any kind of column as a list of its rows."""
    if hasattr(values, "columns") or getattr(values, "ndim", 1) > 1:
        return values
    # A column of lists may hold arrays: each is a row of cells, too.
    return [row.tolist() if isinstance(row, np.ndarray) else row for row in column_of(values, what)]


def _is_matrix(table: Any) -> bool:
    """Tell a matrix of 0 and 1 from lists of labels, which are of several lengths, or texts."""
    if not isinstance(table, list):
        return True
    if not table:
        return False
    if all(isinstance(row, int | float) for row in table):
        return True
    # Rows of equally many numbers, all 0 or 1: nobody names labels so.
    sound = all(isinstance(row, list | tuple) and len(row) == len(table[0]) > 1 for row in table)
    return sound and all(isinstance(cell, int | float) and cell in (0, 1) for row in table for cell in row)


def _names_of(row: Any, place: int) -> list[str]:
    if isinstance(row, str | bytes):
        raise UsageError("labels must be lists", found=f"a text in row {place}", advice="write ['a'] for one label")
    made = []
    for label in column_of(row, f"row {place} of labels"):
        if is_missing(label) or not isinstance(label, str | int | bool):
            raise DataError(f"row {place} has no usable label", found=repr(label)[:60], allowed="texts")
        made.append(label_text(label))
    return [*dict.fromkeys(made)]


def numbers_given(values: Any, rows: int, *, truths: bool = False) -> tuple[NDArray[np.float64], tuple[str, ...], bool]:
    """Return numbers as (rows, targets), the targets' names, and whether they came as one column.

    A frame names its targets. Where `truths` are allowed, True is 1 and False is 0. Raises UsageError for what is no
    column or table, DataError that names the row, from 1.
    """
    cells, names, single = _cells_of(_table(values, "numbers"))
    if len(cells[0]) != rows:
        raise DataError("texts and numbers differ in number", found=f"{rows} texts, {len(cells[0])} numbers")
    targets = np.array([[_number(cell, row, truths) for row, cell in enumerate(column, 1)] for column in cells])
    return targets.reshape(len(cells), rows).T, names, single


def _cells_of(table: Any) -> tuple[list[list[Any]], tuple[str, ...], bool]:
    """Return the columns of a frame, an array or rows of cells, their names, and whether it is one column of cells."""
    if hasattr(table, "columns"):
        # `columns` of an Arrow table are the data themselves; its names are elsewhere.
        names = [*getattr(table, "column_names", table.columns)]
        if not names:
            raise UsageError("numbers", found="a table without columns")
        return [column_of(table[name], f"numbers of {name!r}") for name in names], tuple(map(str, names)), False
    if isinstance(table, list) and not any(isinstance(row, list | tuple) for row in table):
        return [table], ("number",), True
    # Of rows of several lengths it makes one column of lists.
    cells = np.asarray(table, object)
    if cells.ndim != 2 or not cells.shape[1]:
        found = "rows of several lengths" if cells.ndim == 1 else f"shape {cells.shape}"
        raise UsageError("numbers", found=found, allowed="(rows,) or (rows, targets)")
    return cells.T.tolist(), tuple(f"number {place}" for place in range(1, cells.shape[1] + 1)), False


def _number(cell: Any, row: int, truths: bool) -> float:
    value = cell.item() if isinstance(cell, np.generic) else cell
    # A truth value is a number in Python, and a text of digits would be one to float().
    refused = isinstance(value, bool) and not truths
    if refused or not isinstance(value, int | float) or not abs(value) <= LARGEST:
        found = repr(value)[:60]
        raise DataError(f"row {row} has no usable number", found=found, allowed=f"finite numbers up to {LARGEST:g}")
    return float(value)
