"""What a table of series is, how one is to be read, and how its missing values are filled.

Not here: reading files (files.py) and frames (frames.py), checks (build.py), and missing times (checks.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.series import advice
from recurra.datasets.series.covariates import Covariates
from recurra.datasets.series.notations import Epoch, Notation
from recurra.datasets.series.rhythms import Rhythm, infer
from recurra.datasets.series.zones import Zone
from recurra.errors import DataError, UsageError

SeriesValues = NDArray[np.float64]
Duplicates = Literal["error", "first", "mean"]
Impute = Literal["ffill", "linear", "zero"]
Gaps = Literal["refuse", "fill", "ignore"]
UNKNOWN = "read as unknown"
"""Ends what is told of values that are missing, until something fills them."""
ColumnNames = str | tuple[str, ...] | list[str]
"""One column, or several that together are one thing."""


@dataclass(frozen=True)
class SeriesReading:
    """How a table of series is read: its columns (None: guessed), how it is written, and what is mended."""

    unique_id: ColumnNames | None = None
    """Columns whose values together name a series."""
    ds: ColumnNames | None = None
    """Columns whose texts, joined by a space, are the time."""
    y: ColumnNames | None = None
    """The column of the values; of several each is a target, and with each name of a series a series of its own."""
    wide: bool = False
    """Each column beside the times is a series."""
    date_format: str | None = None
    """strptime's format of the times."""
    epoch: Epoch | None = None
    """What whole numbers count as times."""
    zone: str | None = None
    """The zone whose clocks the times are, such as Europe/Berlin."""
    decimal: str | None = None
    """The decimal mark of numbers written as text: a point, or `,`."""
    thousands: str | None = None
    """The mark between groups of three digits."""
    missing_words: tuple[str, ...] = ()
    """Words for a missing value, besides the usual ones."""
    missing: bool = False
    """Keep blanks, and missing times where `gaps` says nothing, as NaN instead of refusing them."""
    sort: bool | None = None
    """How the series are mended, here and below; None: as a model has learnt it, else not at all."""
    duplicates: Duplicates | None = None
    gaps: Gaps | None = None
    """ignore: rows are plain steps, whatever their times."""
    impute: Impute | Literal["none"] | None = None
    past: ColumnNames = ()
    """Columns of numbers that are known up to now, beside the values."""
    future: ColumnNames = ()
    """Columns of numbers that are known ahead, too."""
    static: ColumnNames = ()
    """Columns that tell one thing of each series."""

    @property
    def filling(self) -> Impute | None:
        """How missing values are filled, None where they are not."""
        return None if self.impute == "none" else self.impute

    @property
    def keeps(self) -> bool:
        """Whether blanks may stay unknown."""
        return self.missing and self.impute is None

    def keeping(self) -> SeriesReading:
        """Return the same reading, by which what is missing stays unknown where nothing else was said."""
        return replace(self, missing=True)


@dataclass(frozen=True)
class SeriesColumns:
    """Which columns hold the series' name, its times and its values; empty: there is no such column."""

    unique_id: str
    ds: str
    y: str
    wide: tuple[str, ...] = ()
    """The columns that each are a series, of each name where there are names; `y` is empty then."""

    def __str__(self) -> str:
        """Tell which column gives what."""
        taken = (("names", self.unique_id), ("times", self.ds), ("values", self.y))
        told = [f"{what} from column {name!r}" for what, name in taken if name]
        return ", ".join([*told, *([f"a series from each of {len(self.wide)} others"] if self.wide else [])])

    def row_of(self, name: str) -> str:
        """Return what the rows of a series are called: without its target, where each name has several."""
        ends = (f"/{target}" for target in self.wide if self.unique_id and name.endswith(f"/{target}"))
        return name.removesuffix(max(ends, key=len, default=""))


@dataclass(frozen=True, eq=False)
class SeriesTable:
    """Series by id, in order of first appearance; each with times ascending and as many values."""

    ids: list[str]
    times: dict[str, NDArray[Any]]
    """datetime64 (steps,) in one unit for the whole table (UTC where a zone is known), or int64 steps."""
    values: dict[str, SeriesValues]
    """(steps,), NaN only where `missing` is True."""
    missing: dict[str, NDArray[np.bool_]]
    """bool (steps,): no value was given there."""
    columns: SeriesColumns
    warnings: list[str] = field(default_factory=list)
    rhythms: Mapping[str, Rhythm] = field(default_factory=dict)
    """What one step of each series is; none where rows are plain steps."""
    counted: bool = False
    """Rows are plain steps: coming times go on counting the rows, from 0."""
    notation: Notation = field(default_factory=Notation)
    """How the times were written."""
    reading: SeriesReading = field(default_factory=SeriesReading)
    """How it was read."""
    note: str = ""
    """How the file was read, in one line."""
    refusals: tuple[DataError, ...] = ()
    """What is told to a forecaster that needs every value: the first blank, the first missing times."""
    covariates: Covariates | None = None
    """What stands beside the values, where columns were named."""

    @property
    def rows(self) -> int:
        """All steps of all series."""
        return sum(values.size for values in self.values.values())

    @property
    def unnamed(self) -> bool:
        """Whether this is one series without a name of its own: its id comes from a file, if from anywhere."""
        return len(self.ids) == 1 and not self.columns.unique_id and not self.columns.wide

    def each(self) -> list[SeriesValues]:
        """Return the values of each series, NaN where none is known."""
        return [self.values[name] for name in self.ids]

    def coming(self, name: str, steps: int) -> NDArray[Any]:
        """Return the `steps` times that follow a series in its rhythm; row numbers where rows are plain steps."""
        times = self.times[name]
        if self.counted:
            return np.arange(times.size, times.size + steps)
        # Rows that were not held against a rhythm have one all the same, if they have times.
        rhythm = self.rhythms.get(name) or infer(times)
        return rhythm.times(rhythm.places(times[-1:]) + np.arange(1, steps + 1))

    def zone(self, name: str) -> Zone | None:
        """The zone by whose clocks a series is written."""
        rhythm = self.rhythms.get(name)
        return rhythm.zone if rhythm else None


def impute(values: np.ndarray, how: Impute, *, train: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (filled values, mask of the filled ones), both (steps,), for one series with NaN where a value is missing.

    `train` is the number of steps that training may see. ffill carries the last value on; linear draws a line between
    the known training values, and behind the training part carries on, since its neighbours ahead are the future;
    zero writes 0. What stands before the first value gets the first training value (zero: 0).
    Raises DataError when the training part has no value at all.
    """
    if how not in ("ffill", "linear", "zero"):
        raise UsageError("impute", found=repr(how), allowed="ffill, linear, zero")
    mask = np.isnan(values)
    if how == "zero":
        return np.where(mask, 0.0, values), mask
    # Only the training part is looked at: what is filled must not know the future.
    known = np.flatnonzero(~mask[:train])
    if not known.size:
        raise DataError("no known value in the training part to fill from", found=f"{train:,} steps, all missing")
    # The place of the newest known value up to each step; -1 before the first.
    last = np.maximum.accumulate(np.where(mask, -1, np.arange(values.size)))
    filled = np.where(last >= 0, values[last], values[known[0]])
    if how == "linear":
        # Between two training values a line may be drawn, since both are known in training.
        filled[:train] = np.interp(np.arange(train), known, values[known])
    return filled, mask


def imputed(table: SeriesTable, *, unseen: int = 0, unknown: bool = False) -> SeriesTable:
    """Return the table with its missing values filled as its reading says; `missing` goes on telling which they were.

    The last `unseen` steps of each series are held out by the caller: nothing is filled from them. Raises DataError
    where values are missing that are not to be filled, unless values may stay `unknown`.
    """
    count, how = sum(int(mask.sum()) for mask in table.missing.values()), table.reading.filling
    if not count:
        return table
    if not unknown and table.refusals:
        raise table.refusals[0]
    table = replace(table, refusals=())
    if how is None:
        if unknown:
            return table
        raise DataError(
            f"{count:,} values are missing, or were added for missing times", advice=f"choose {advice.imputing()}"
        )
    # At least one step is seen, or nothing could be filled from.
    values = {name: impute(series, how, train=max(1, len(series) - unseen))[0] for name, series in table.values.items()}
    others = [warning for warning in table.warnings if not warning.endswith(UNKNOWN)]
    return replace(table, values=values, warnings=[*others, f"{count:,} values were imputed: {how}"])


def told_unknown(table: SeriesTable, added: Mapping[str, NDArray[Any]]) -> list[str]:
    """Say how many values are unknown, and in how many series: blanks, and those of the `added` times (steps,)."""
    missing, lines = {name: int(mask.sum()) for name, mask in table.missing.items()}, []
    gaps = {name: len(times) for name, times in added.items()}
    blanks = {name: count - gaps.get(name, 0) for name, count in missing.items() if count > gaps.get(name, 0)}
    for counts, wrong in ((blanks, "values are missing"), (gaps, "times are missing")):
        if counts:
            name = next(iter(counts))
            of = (
                f"{len(counts):,} of {len(table.ids):,} series, such as {name!r}"
                if len(counts) > 1
                else f"series {name!r}"
            )
            first = table.notation.write(added[name][:3], table.zone(name)) if counts is gaps else []
            lines.append(f"{sum(counts.values()):,} {wrong} in {of}{' at ' * bool(first)}{', '.join(first)}: {UNKNOWN}")
    return lines


def subset(table: SeriesTable, names: Sequence[str]) -> SeriesTable:
    """Return the table with some of its series, in the order of `names`."""
    return _cut(table, names, lambda name, part: part)


def without_last(table: SeriesTable, steps: int, names: Sequence[str]) -> SeriesTable:
    """Return the table with the last `steps` (1 or more) of the series `names` cut off, and the others whole."""
    kept = set(names)
    return _cut(table, table.ids, lambda name, part: part[:-steps] if name in kept else part)


def longer_than(table: SeriesTable, steps: int) -> list[str]:
    """Return the names of the series that have a known value before their last `steps`."""
    return [name for name in table.ids if np.isfinite(table.values[name][:-steps]).any()]


def to_last_given(table: SeriesTable) -> SeriesTable:
    """Return the table with each series up to the last value that was given; without any it stays whole."""
    ends = {name: int(np.flatnonzero(~table.missing[name]).max(initial=-1)) + 1 for name in table.ids}
    if all(ends[name] == len(table.values[name]) for name in table.ids):
        return table
    return _cut(table, table.ids, lambda name, part: part[: ends[name] or None])


def _cut(table: SeriesTable, names: Sequence[str], cut: Callable[[str, NDArray[Any]], NDArray[Any]]) -> SeriesTable:
    return replace(
        table,
        ids=list(names),
        times={name: cut(name, table.times[name]) for name in names},
        values={name: cut(name, table.values[name]) for name in names},
        missing={name: cut(name, table.missing[name]) for name in names},
    )
