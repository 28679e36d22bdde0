"""What a table of series is, and how one is to be read: plain records.

Not here: reading files (files.py) and frames (frames.py), and checks (build.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.series.imputing import Impute
from recurra.datasets.series.notations import Epoch, Notation
from recurra.datasets.series.rhythms import Rhythm, infer
from recurra.datasets.series.zones import Zone

Duplicates = Literal["error", "first", "mean"]
Gaps = Literal["refuse", "fill", "ignore"]
Names = str | tuple[str, ...] | list[str]
"""One column, or several that together are one thing."""


@dataclass(frozen=True)
class SeriesReading:
    """How a table of series is read: its columns (None: guessed), how it is written, and what is mended."""

    unique_id: Names | None = None
    """Columns whose values together name a series."""
    ds: Names | None = None
    """Columns whose texts, joined by a space, are the time."""
    y: str | None = None
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
    """Keep missing values as NaN instead of refusing them."""
    sort: bool | None = None
    """How the series are mended, here and below; None: as a model has learnt it, else not at all."""
    duplicates: Duplicates | None = None
    gaps: Gaps | None = None
    """ignore: rows are plain steps, whatever their times."""
    impute: Impute | Literal["none"] | None = None


@dataclass(frozen=True)
class SeriesColumns:
    """Which columns hold the series' name, its times and its values; empty: there is no such column."""

    unique_id: str
    ds: str
    y: str
    wide: tuple[str, ...] = ()
    """The columns that each are a series; `y` is empty then."""

    def __str__(self) -> str:
        """Tell which column gives what."""
        taken = (("names", self.unique_id), ("times", self.ds), ("values", self.y))
        told = [f"{what} from column {name!r}" for what, name in taken if name]
        return ", ".join([*told, *([f"a series from each of {len(self.wide)} others"] if self.wide else [])])


@dataclass(frozen=True, eq=False)
class SeriesTable:
    """Series by id, in order of first appearance; each with times ascending and as many values."""

    ids: list[str]
    times: dict[str, NDArray[Any]]
    """datetime64 (steps,) in one unit for the whole table (UTC where a zone is known), or int64 steps."""
    values: dict[str, NDArray[np.float64]]
    """float64 (steps,), NaN only where `missing` is True."""
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

    @property
    def rows(self) -> int:
        """All steps of all series."""
        return sum(values.size for values in self.values.values())

    @property
    def unnamed(self) -> bool:
        """Whether this is one series without a name of its own: its id comes from a file, if from anywhere."""
        return len(self.ids) == 1 and not self.columns.unique_id and not self.columns.wide

    def coming(self, name: str, steps: int) -> NDArray[Any]:
        """Return the `steps` times that follow a series in its rhythm; row numbers where rows are plain steps."""
        times = self.times[name]
        if self.counted:
            return np.arange(times.size, times.size + steps)
        rhythm = self.rhythms.get(name) or infer(times)
        return rhythm.times(rhythm.places(times[-1:]) + np.arange(1, steps + 1))

    def zone(self, name: str) -> Zone | None:
        """The zone by whose clocks a series is written."""
        rhythm = self.rhythms.get(name)
        return rhythm.zone if rhythm else None
