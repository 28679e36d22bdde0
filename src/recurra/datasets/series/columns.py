"""Which columns of a table are series' names, times and values: those that are said, else the obvious ones.

Not here: the cells, but for one question: which column tells series apart that lie mixed under one name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.columns import (
    ID_NAMES,
    TIME_NAMES,
    VALUE_NAMES,
    WHOLE_TIME_NAMES,
    Header,
    also_fitting,
    guess,
    name_list,
)
from recurra.datasets.series import advice
from recurra.datasets.series.answers import check_apart
from recurra.datasets.series.covariates import BesideNames
from recurra.datasets.series.table import ColumnNames, SeriesColumns, SeriesReading
from recurra.errors import DataError, Place, either

# Columns that beside one of dates hold the time of day.
CLOCK_NAMES = ("time", "hour", "clock")
# Names of columns that hold a time together, and how it is written then: a format, or what no format can read.
TIME_PARTS: tuple[tuple[tuple[tuple[str, ...], ...], str], ...] = (
    ((("date",), CLOCK_NAMES), ""),
    ((("year",), ("month",), ("day",)), "%Y %m %d"),
    ((("year",), ("month",)), "%Y %m"),
    ((("year",), ("quarter",)), "YYYY-Qn"),
    ((("year",), ("week",)), "YYYY-Www"),
)
# Words in names of columns that rather name series than describe them.
NOUNS = {"id", "key", "code", "name", "store", "shop", "item", "product", "sku", "symbol", "ticker", "region", "sensor"}
MOST_TRIED = 12
"""Columns that are tried in pairs, at most."""
_FRACTION = re.compile(r"[+-]?[0-9]*[.,][0-9]+")


@dataclass(frozen=True)
class Chosen:
    """The columns that are read: several names are one thing together."""

    ids: tuple[str, ...]
    times: tuple[str, ...]
    values: tuple[str, ...]
    wide: bool
    beside: BesideNames = field(default_factory=BesideNames)
    """Covariates."""
    warnings: list[str] = field(default_factory=list)

    @property
    def read(self) -> list[str]:
        """All columns that are read."""
        return list(dict.fromkeys((*self.ids, *self.times, *self.values, *self.beside.all)))

    @property
    def columns(self) -> SeriesColumns:
        """The same as a table keeps it."""
        value = "" if self.wide else self.values[0]
        return SeriesColumns("/".join(self.ids), " ".join(self.times), value, self.values if self.wide else ())


def choose_columns(header: Header, reading: SeriesReading, *, never_values: Sequence[str] = ()) -> Chosen:
    """Settle the columns: the named ones, else obvious names, else the one column that is left for the value.

    Columns of `never_values` are no values unless they are named so. Raises DataError that lists the columns there are,
    and for times that seem to stand in two columns.
    """
    found, ids, times, targets = header.names, *map(_tuple, (reading.unique_id, reading.ds, reading.y))
    header.need(*names_of(reading))
    beside = beside_names(reading)
    guessed = not ids, not times, reading.y is None
    # A column that was named for one thing is not guessed for another.
    left = [name for name in found if name not in (*ids, *times, *targets, *beside.all)]
    # What never changes within a series may be its name, too.
    ids = ids or _first(guess(ID_NAMES, left) or guess(ID_NAMES, beside.static))
    left = [name for name in left if name not in ids]
    times = times or _guess_times(left, valued=reading.y is not None, place=header.place)
    left = [name for name in left if name not in (*times, *never_values)]
    if reading.wide:
        chosen = _with_beside(_wide(header, ids, times, left, reading), beside, header.place)
        return replace(chosen, warnings=_doubtful(chosen, found, guessed))
    # A single column that is left can be nothing but the value.
    value = guess(VALUE_NAMES, left) or (left[0] if len(left) == 1 else "")
    targets = targets or _first(value or None)
    # Without times rows are counted, but only in a file that has nothing else.
    if not targets or (not times and len(found) > len({*targets, *beside.all})):
        _refuse_beside(guess(VALUE_NAMES if times else TIME_NAMES, beside.all))
        raise _cannot_tell(header, "value" if times else "time", left)
    chosen = _with_beside(Chosen(ids, times, targets, len(targets) > 1), beside, header.place)
    return replace(chosen, warnings=_doubtful(chosen, [*ids, *times, *left], guessed))


def _guess_times(left: Sequence[str], *, valued: bool, place: Place) -> tuple[str, ...]:
    time = guess(TIME_NAMES, left)
    parts, written = next(
        (
            (found, written)
            for names, written in TIME_PARTS
            if None not in (found := [guess(part, left) for part in names])
        ),
        ([], ""),
    )
    # A time of day beside a date is the value only where nothing else could be.
    if time not in parts or not parts or not (valued or len(left) > len(parts)):
        return _first(time)
    columns = [str(name) for name in parts]
    if written.startswith("YYYY"):
        todo = f"write them in one column as {written}"
    else:
        todo = f"name {'both' if len(columns) == 2 else 'all'}, {advice.time_columns(columns)}"
        todo += f" {advice.date_format(written)}" if written else ""
    raise DataError(
        f"times seem to stand in {'two' if len(columns) == 2 else 'three'} columns",
        place=place,
        found=" and ".join(map(repr, columns)),
        advice=f"{todo}, or {'name ' if written.startswith('YYYY') else ''}the one that is meant",
    )


def _wide(
    header: Header, ids: tuple[str, ...], times: tuple[str, ...], left: list[str], reading: SeriesReading
) -> Chosen:
    if ids or reading.y:
        wrong = f"{either('--wide', 'wide=True')} makes each column a series"
        raise DataError(wrong, place=header.place, advice="name neither series nor values then")
    if not times or not left:
        raise _cannot_tell(header, "time" if not times else "value", left)
    return Chosen((), times, tuple(left), True)


def _cannot_tell(header: Header, what: str, left: Sequence[str]) -> DataError:
    options = f"name the columns that are meant: {either('--time COLUMN --value COLUMN', 'ds=…, y=…')}"
    naming = [name for name in left if _names_things(name)]
    if naming and len(left) > 1:
        options += f"; does {name_list(naming)} name the series? {advice.id_columns(naming)}"
    elif len(left) > 1 and what == "value":
        options += f"; or, if each of them is a series: {either('--wide', 'wide=True')}"
    return header.lacks(f"no {what} column", options, allowed="unique_id, ds and y, or a date and one value")


def _doubtful(chosen: Chosen, found: Sequence[str], guessed: tuple[bool, bool, bool]) -> list[str]:
    """Warn of names, times and values that were guessed, and beside which others would fit."""
    # Beside `date` a column `month` is no second time, but a part of the first.
    whole = guess(WHOLE_TIME_NAMES, chosen.times) is not None
    times = WHOLE_TIME_NAMES if whole else TIME_NAMES
    guesses = (
        ("names", chosen.ids, ID_NAMES, advice.id_columns),
        ("times", chosen.times, times, advice.time_columns),
        ("values", () if chosen.wide else chosen.values, VALUE_NAMES, advice.value_columns),
    )
    # Of a wide table a second column of times would be a series.
    used = [*chosen.ids, *chosen.times] if chosen.wide else chosen.read
    others = [name for name in found if name not in used]
    told = []
    for (what, taken, names, option), open_ in zip(guesses, guessed, strict=True):
        if taken and open_:
            told += also_fitting(what, taken[0], names, others, option([taken[0]]))
    return told


def names_of(reading: SeriesReading) -> list[str]:
    """Return the columns that a reading names."""
    own = (*_tuple(reading.unique_id), *_tuple(reading.ds), *_tuple(reading.y))
    return [*own, *beside_names(reading).all]


def beside_names(reading: SeriesReading) -> BesideNames:
    """Return the covariates that a reading names; what is known ahead is known of the past, too."""
    past, future, static = (dict.fromkeys(_tuple(each)) for each in (reading.past, reading.future, reading.static))
    return BesideNames(tuple(name for name in past if name not in future), (*future,), (*static,))


def _with_beside(chosen: Chosen, beside: BesideNames, place: Place) -> Chosen:
    """Return the columns with covariates.

    Raises DataError for one that is the value or the time itself, and for columns called as those of an answer.
    """
    check_apart(chosen.columns, place=place)
    # Of several targets each may read the past of all.
    known = beside.past if len(chosen.values) > 1 else ()
    twice = [name for name in beside.all if name in (*chosen.values, *chosen.times) and name not in known]
    _refuse_beside(*twice[:1])
    return replace(chosen, beside=beside)


def _refuse_beside(name: str | None = None) -> None:
    if name is not None:
        advice = "a forecast would read what it is to tell; name another column"
        raise DataError(f"column {name!r} is the value or the time, and cannot stand beside it", advice=advice)


def _tuple(names: ColumnNames | None) -> tuple[str, ...]:
    return () if names is None else (names,) if isinstance(names, str) else tuple(names)


def _first(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)


def may_name_series(
    cells: Mapping[str, Sequence[Any]], times: NDArray[Any], *, within: NDArray[Any] | None = None
) -> list[str]:
    """Return the column, or the pair of columns, whose values tell mixed series apart; nothing where none does.

    `cells` are columns (rows,) that are not read yet, `times` (rows,) the times, `within` numbers (rows,) of the names
    that the series have already. Within each value of such a column times stand once (or, where no time is double, in
    order).
    """
    # Parts of a date tell rows apart, and name no series.
    timed = (*TIME_NAMES, *CLOCK_NAMES)
    named = {name: column for name, column in cells.items() if name.strip().casefold() not in timed}
    codes = {name: code for name, column in named.items() if (code := _codes(column)) is not None}
    # Columns whose names sound like names come first, then those with fewer values.
    order = sorted(codes, key=lambda name: (not _names_things(name), int(codes[name].max())))
    stamps = np.unique(times, return_inverse=True)[1].astype(np.int64)
    if within is not None:
        # Pairs of a name and a time as one number: times of different series are different then.
        stamps += within.astype(np.int64) * (int(stamps.max()) + 1)
    for names in chain(((name,) for name in order), combinations(order[:MOST_TRIED], 2)):
        if _tells_apart([codes[name] for name in names], stamps):
            return list(names)
    return []


def _codes(column: Sequence[Any]) -> NDArray[np.int64] | None:
    """Number the distinct values; None for measurements, for one value, and for values that hardly come again."""
    known: dict[str, int] = {}
    codes = np.array([known.setdefault(str(cell), len(known)) for cell in column], dtype=np.int64)
    # A column of fractions holds measurements.
    measured = any(_FRACTION.fullmatch(cell) for cell in known)
    return None if measured or not 2 <= len(known) <= len(column) // 2 else codes


def _names_things(name: str) -> bool:
    return any(word in NOUNS for word in re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).casefold()))


def _tells_apart(codes: Sequence[NDArray[np.int64]], stamps: NDArray[np.int64]) -> bool:
    group = codes[0]
    for code in codes[1:]:
        group = group * (int(code.max()) + 1) + code
    # A name that hardly comes again names no series.
    if np.unique(group).size > group.size // 2:
        return False
    doubles = stamps.size - np.unique(stamps).size
    pairs = group * (int(stamps.max()) + 1) + stamps
    if doubles:
        # A few doubles may be left: real ones, within a series.
        return 10 * (pairs.size - np.unique(pairs).size) <= doubles
    # Without doubles the order tells: within each series times must go up.
    order = np.argsort(group, kind="stable")
    return not bool(((np.diff(stamps[order]) < 0) & (np.diff(group[order]) == 0)).any())


def naming_hint(
    chosen: Chosen,
    found: Sequence[str],
    cells: Callable[[list[str]], Mapping[str, Sequence[Any]]],
    times: NDArray[Any],
    names: NDArray[Any],
) -> str:
    """Advise to name the series by the columns that tell them apart, besides those that do already; else nothing.

    `cells` gives the first cells of columns that are not read yet, `times` and `names` (rows,) are those of the rows.
    """
    others = [name for name in found if name not in chosen.read]
    if not others or chosen.wide:
        return ""
    columns = cells(others)
    rows = len(columns[others[0]])
    naming = may_name_series(columns, times[:rows], within=names[:rows] if chosen.ids else None)
    if not naming:
        return ""
    which = f"column{'s' if len(naming) > 1 else ''} {' and '.join(repr(name) for name in naming)}"
    return f"{which} may name the series: {advice.id_columns([*chosen.ids, *naming])}"
