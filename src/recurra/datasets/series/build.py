"""Long rows become a table of series: cut by name, put in order, held against one rhythm, gaps and blanks settled.

Not here: where the rows come from (files.py, frames.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.doubts import Traces
from recurra.datasets.series import advice
from recurra.datasets.series.cells import Distinct
from recurra.datasets.series.checks import SeriesRows, in_order, settle, shared_step, sure_step
from recurra.datasets.series.covariates import BesideRows, Covariates, Members, blank_columns, covariates_of, parted
from recurra.datasets.series.gaps import MANY, regular
from recurra.datasets.series.grown import part_of
from recurra.datasets.series.moments import ColumnTimes
from recurra.datasets.series.notations import Notation
from recurra.datasets.series.numbers import EXACT
from recurra.datasets.series.rhythms import Rhythm, TimeStep
from recurra.datasets.series.table import SeriesColumns, SeriesReading, SeriesTable, SeriesValues, told_unknown
from recurra.datasets.series.zones import WrittenZone, Zone
from recurra.errors import DataError, Place

# How many times as far as nearly all others a value lies that is told, and of how many values at least.
FAR, LEAST = 10_000, 20


@dataclass(frozen=True)
class LongRows:
    """The columns of a long table before they are cut into series; `place(row)` finds a value."""

    names: Distinct
    moments: ColumnTimes | None
    """None: the rows have no times, and are counted."""
    values: SeriesValues
    place: Callable[[int], Place]
    columns: SeriesColumns
    naming: Callable[[], str] = lambda: ""
    """Says which columns may name series that lie mixed under one name; empty: none."""
    warnings: list[str] = field(default_factory=list)
    encoding: str = "utf-8"
    """In which the names were read."""
    beside: BesideRows | None = None
    """Covariates of each value."""


def build(long: LongRows, reading: SeriesReading, *, expected: TimeStep | None = None) -> SeriesTable:
    """Cut long rows into series and check each: order, doubles, rhythm, gaps, missing, constant. Raises DataError.

    `expected` is the step a model has learnt: it is taken for the rhythm wherever the times are on it.
    """
    # Rows of one series need not stand together.
    stamps = long.moments.times if long.moments else None
    members, coming = parted(long.beside, long.values, stamps, _members(long.names))
    traces = Traces(long.encoding, what="series names")
    traces.see(members)
    # Before the cutting: afterwards nobody knows the line of a blank.
    members, warnings, refusals = _missing(long, members, coming, reading)
    warnings = [*traces.replaced(), *traces.doubtful(), *long.warnings, *warnings]
    series, zones = _cut(long, members)
    times, values = dict[str, NDArray[Any]](), dict[str, SeriesValues]()
    for name, each in series.items():
        sort, doubles = bool(reading.sort), reading.duplicates or "error"
        times[name], values[name], doubts = in_order(each, sort=sort, duplicates=doubles)
        warnings += doubts
    # Rows that are plain steps have no rhythm, whatever their times.
    counted, rhythms, added = reading.gaps == "ignore", dict[str, Rhythm](), dict[str, NDArray[Any]]()
    if not counted:
        rhythms = settle(times, zones, expected=expected)
        sure, fill = sure_step(times, rhythms, expected), _fill(reading)
        added, gaps = _without_gaps(series, times, values, rhythms, fill=fill, sure=sure)
        refusals += gaps
        shared_step(rhythms)
    # Taken last, when gaps are filled: missing times are missing values, too.
    masks = {name: np.isnan(each) for name, each in values.items()}
    notation = long.moments.notation if long.moments else Notation()
    table = SeriesTable([*members], times, values, masks, long.columns, [], rhythms, counted, notation, reading)
    told = [*doubtful(values), *told_unknown(table, added), *_many(masks, added), *_clock_changes(zones)]
    told += [] if expected else _single(times, rhythms)
    beside = _beside(long, table, series, members, coming)
    told += blank_columns(beside)
    return replace(table, warnings=[*warnings, *told], refusals=tuple(refusals), covariates=beside)


def _beside(
    long: LongRows, table: SeriesTable, series: dict[str, SeriesRows], members: Members, coming: Members
) -> Covariates | None:
    placed = {name: (each.times, _times(long, coming.get(name))) for name, each in series.items()}
    return covariates_of(long.beside, table, members, coming, placed)


def _without_gaps(
    series: dict[str, SeriesRows],
    times: dict[str, NDArray[Any]],
    values: dict[str, SeriesValues],
    rhythms: dict[str, Rhythm],
    *,
    fill: bool | None,
    sure: TimeStep | None,
) -> tuple[dict[str, NDArray[Any]], list[DataError]]:
    """Put what is missing into `times` and `values`; return the added times of each series, and the first refusal."""
    added: dict[str, NDArray[Any]] = {}
    refusals: list[DataError] = []
    for name, each in series.items():
        before, rhythm = times[name], rhythms[name]
        times[name], values[name], refusal = regular(
            each, before, values[name], rhythm, fill=fill, sure=rhythm.step == sure
        )
        if times[name].size > before.size:
            added[name] = np.setdiff1d(times[name], before, assume_unique=True)
        # The first one is enough.
        refusals += [refusal()] if refusal and not refusals else []
    return added, refusals


def _fill(reading: SeriesReading) -> bool | None:
    """Tell whether missing times are added; None: where they are surely gaps."""
    return None if reading.gaps is None and reading.missing else reading.gaps == "fill"


def _times(long: LongRows, rows: NDArray[np.int64] | None) -> NDArray[Any] | None:
    """Return the times of coming rows; None where there are none."""
    if rows is None or not rows.size or long.moments is None:
        return None
    return long.moments.of_series(rows, place=lambda step: long.place(int(rows[step])))[0]


def _members(names: Distinct) -> Members:
    """Return the rows of each series, in their order."""
    rows = names.rows
    # Half as large as int64, for there is one of each row.
    kind = np.int32 if rows.size < 2**31 else np.int64
    if (rows[1:] >= rows[:-1]).all():
        order, ends = np.arange(rows.size, dtype=kind), np.flatnonzero(rows[1:] != rows[:-1]) + 1
        return dict(zip(names.texts, np.split(order, ends), strict=True))
    # Stable, so that the rows of a series stay in their order; one sort cuts any number of series.
    order = np.argsort(rows, kind="stable").astype(kind)
    ends = np.cumsum(np.bincount(rows, minlength=len(names.texts)))
    return dict(zip(names.texts, np.split(order, ends[:-1]), strict=True))


def _cut(long: LongRows, members: Members) -> tuple[dict[str, SeriesRows], dict[str, Zone | None]]:
    series: dict[str, SeriesRows] = {}
    zones: dict[str, Zone | None] = {}
    for name, rows in members.items():
        # The default argument keeps these rows; the loop's variable would be the last series'.
        def place(step: int, rows: NDArray[np.int64] = rows) -> Place:
            return long.place(int(rows[step]))

        # Without times rows are counted.
        times, zones[name] = np.arange(rows.size), None
        if long.moments is not None:
            times, zones[name] = long.moments.of_series(rows, place=place)

        def show(time: Any, zone: Zone | None = zones[name]) -> str:
            return long.moments.notation.write(np.array([time]), zone)[0] if long.moments else str(time)

        series[name] = SeriesRows(name, times, part_of(long.values, rows), zones[name], place, show, long.naming)
    return series, zones


def doubtful(values: dict[str, SeriesValues]) -> list[str]:
    """Warn of series whose values lose digits, never move, or lie far from all others; NaN where one is missing."""
    doubts = []
    if large := sum(int((np.abs(each) >= EXACT).sum()) for each in values.values()):
        doubts.append(f"{large:,} values reach 2^53: whole numbers lose digits there")
    if still := [name for name, each in values.items() if each.size > 1 and np.nanmin(each) == np.nanmax(each)]:
        doubts.append(f"{len(still):,} series are constant, such as {still[0]!r}: their forecast is the constant")
    return [*doubts, *_far_off(values)]


def _far_off(values: dict[str, SeriesValues]) -> list[str]:
    """Warn of series with a few values ten thousand times as far from the middle as nearly all others are."""
    far: dict[str, float] = {}
    for name, each in values.items():
        known = each[~np.isnan(each)]
        # Of few values nobody can say which are usual.
        if known.size < LEAST:
            continue
        # The median does not move for a few wild values, as a mean would.
        away = np.abs(known - np.median(known))
        if away.max() > FAR * np.median(away) and 0 < FAR * np.percentile(away, 95) < away.max():
            far[name] = float(known[away.argmax()])
    if not far:
        return []
    name, value = next(iter(far.items()))
    return [f"{len(far):,} series have values far from all others, such as {value:g} in {name!r}: they set its scale"]


def _many(masks: dict[str, NDArray[np.bool_]], added: dict[str, NDArray[Any]]) -> list[str]:
    """Doubt the rhythm of the series with the largest share of values that stand nowhere."""
    if not added:
        return []
    most = max(added, key=lambda name: float(masks[name].mean()))
    share = float(masks[most].mean())
    told = f"of series {most!r} {100 * share:.0f} % are missing after its gaps were filled: is that its rhythm?"
    return [told] if share > MANY else []


def _single(times: dict[str, NDArray[Any]], rhythms: dict[str, Rhythm]) -> list[str]:
    """Warn where no series has two dates: then no rhythm is known, and one is guessed."""
    if not rhythms or any(each.size > 1 for each in times.values()):
        return []
    name, rhythm = next(iter(rhythms.items()))
    dated = np.issubdtype(times[name].dtype, np.datetime64)
    told = f"a single time tells no rhythm: coming times are taken to be {rhythm.step} apart; bring two rows or more"
    return [told] if dated else []


def _clock_changes(zones: dict[str, Zone | None]) -> list[str]:
    changing = next((zone for zone in zones.values() if isinstance(zone, WrittenZone) and zone.changes), None)
    if changing is None:
        return []
    return [
        "the offsets of the times change, and coming changes are not known: coming times carry the last offset; "
        f"name the zone to know them, such as {advice.zone()}"
    ]


def _missing(
    long: LongRows, members: Members, coming: Members, reading: SeriesReading
) -> tuple[Members, list[str], list[DataError]]:
    """Return the series that have a value, warnings, and the refusal of blanks for who needs every value.

    Raises DataError for blanks unless they are to be imputed or kept, for a series without any value unless blanks are
    kept, and where no value is left at all.
    """
    blank = np.isnan(long.values)
    # Of a coming step the value is what is asked for.
    blank[[row for rows in coming.values() for row in rows]] = False
    if not blank.any():
        return members, [], []
    first, column = int(np.argmax(blank)), long.columns.y or ", ".join(long.columns.wide[:5])
    if blank.all():
        blanks = f"{blank.size:,} blanks"
        raise DataError(f"column {column!r} has no value at all", place=long.place(first), found=blanks)
    empty = [name for name, rows in members.items() if blank[rows].all()]
    if empty and not reading.keeps:
        raise DataError(f"series {empty[0]!r} has no value at all", place=long.place(int(members[empty[0]][0])))
    refusal = DataError(
        f"{int(blank.sum()):,} missing values in column {column!r}",
        place=long.place(first),
        found="the first here",
        advice=f"fill them in, or choose {advice.imputing()}",
    )
    if not reading.keeps and reading.filling is None:
        raise refusal
    told = [f"{len(empty):,} series have no value at all, such as {empty[0]!r}: left out"] if empty else []
    left = set(empty)
    kept = {name: rows for name, rows in members.items() if name not in left}
    return kept, told, [refusal] if reading.filling is None else []
