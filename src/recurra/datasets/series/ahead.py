"""What is known of coming steps: rows of another table put behind each series, and a refusal where some are missing.

Not here: rows at the end of the same table (covariates.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from recurra.datasets.series.covariates import BesideNames, Covariates, Numbers, ahead_of
from recurra.datasets.series.learnt import LearntSeries
from recurra.datasets.series.table import SeriesReading, SeriesTable
from recurra.errors import DataError, either


def reading_ahead(said: SeriesReading, learnt: LearntSeries) -> tuple[SeriesReading, LearntSeries]:
    """Return how a table of coming rows is read: as is said, else as a model has `learnt` its own, and without values.

    Raises DataError for a model that knows no column ahead.
    """
    known = learnt.reading
    names = tuple(known.future)
    if not names:
        advice = f"leave it out, or fit with {either('--future COLUMN', 'future=[…]')}"
        raise DataError("coming rows for a model that learnt from no column known ahead", advice=advice)
    # Its rows are those of the coming steps alone, or of the past, too: no rhythm is asked of them.
    as_coming: dict[str, Any] = {"y": names[0], "past": names[1:], "future": (), "static": (), "wide": False,
        "missing": True, "gaps": "ignore", "sort": True, "impute": None}  # fmt: skip
    kept = {**as_coming, "y": None, "past": ()}
    return replace(said, **as_coming), LearntSeries(reading=replace(known, **kept))


def with_ahead(table: SeriesTable, coming: SeriesTable) -> SeriesTable:
    """Return the table with the coming rows of another one, read by `reading_ahead`, behind each of its series.

    A table of one series without a name serves all. Raises DataError for a series without rows.
    """
    known, future = table.covariates, _order(coming)
    past = known.names.past if known else ()
    names = BesideNames(past, future, known.names.static if known else ())
    rows = {}
    for name in table.ids:
        source = coming.ids[0] if coming.unnamed else table.columns.row_of(name)
        if source not in coming.values:
            found = f"series {', '.join(map(repr, coming.ids[:5]))}"
            raise DataError(f"no coming rows for series {name!r}", found=found, advice="bring them, too")
        told = _numbers(coming, source)
        # What stands in both is the past; a table whose rows have no times holds coming steps alone.
        dated = bool(coming.columns.ds) and bool(table.columns.ds) and not table.counted
        told = ahead_of(table, name, told, coming.times[source] if dated else None)
        unknown = np.full((len(told), len(past)), np.nan)
        rows[name] = np.concatenate([_before(table, name, names), np.concatenate([unknown, told], axis=1)])
    statics = known.statics if known else dict.fromkeys(table.ids, ())
    return replace(table, covariates=Covariates(names, rows, statics))


def _order(coming: SeriesTable) -> tuple[str, ...]:
    return (coming.columns.y, *(coming.covariates.names.past if coming.covariates else ()))


def _before(table: SeriesTable, name: str, names: BesideNames) -> Numbers:
    """Return what is known up to now of some columns: (steps, columns); NaN of those that the table lacks."""
    steps = len(table.values[name])
    if table.covariates is None:
        return np.full((steps, len(names.changing)), np.nan)
    return table.covariates.of(name, names.changing)[:steps]


def _numbers(coming: SeriesTable, name: str) -> Numbers:
    first = np.where(coming.missing[name], np.nan, coming.values[name])[:, None]
    return first if coming.covariates is None else np.concatenate([first, coming.covariates.rows[name]], axis=1)


def ahead_doubts(table: SeriesTable, names: Sequence[str]) -> list[str]:
    """Warn where nothing is known ahead of the columns `names` that a model has learnt to know."""
    if not names or any(_given(table, name) for name in table.ids):
        return []
    missing = ", ".join(map(repr, names))
    return [
        f"nothing is known ahead of {missing}: the model answers without, which is less sure; give coming rows with "
        f"{either('--future FILE', 'future=frame')}, or at the end of the file with the value blank"
    ]


def check_ahead(table: SeriesTable, names: Sequence[str], steps: int) -> None:
    """Raise DataError where some coming rows are given, and others of the next `steps` are not: it names the first."""
    if not names or not any(_given(table, name) for name in table.ids):
        return
    for name in table.ids:
        known = _ahead(table, name)
        there = np.zeros(steps, np.bool_)
        there[: len(known)] = np.isfinite(known[:steps]).any(axis=1)
        if not there.all():
            at = int(np.argmin(there))
            time = table.notation.write(table.coming(name, steps)[at : at + 1], table.zone(name))[0]
            found = f"{int(there.sum()):,} of {steps:,} coming rows; the first that is missing: {time}"
            advice = "bring a row for each step that is forecast, or none"
            raise DataError(f"coming rows of series {name!r} are missing", found=found, advice=advice)


def _ahead(table: SeriesTable, name: str) -> Numbers:
    known = table.covariates
    if known is None:
        return np.zeros((0, 1))
    return np.asarray(known.rows[name][len(table.values[name]) :, len(known.names.past) :])


def _given(table: SeriesTable, name: str) -> bool:
    return bool(np.isfinite(_ahead(table, name)).any())
