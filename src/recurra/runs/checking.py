"""What a fit asks of a file's rows, for `recurra data check`: the very steps that each task takes before it trains.

Not here: looking through a file (datasets/checking.py), which calls these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from recurra.datasets.checking import UNLABELLED
from recurra.datasets.formats import TextReading
from recurra.datasets.known.airline import airline_table, is_airline
from recurra.datasets.series.table import SeriesTable, imputed
from recurra.datasets.texts import open_texts
from recurra.errors import DataError
from recurra.estimators.estimator import Estimator
from recurra.reads import Task
from recurra.runs.run import made_ready
from recurra.runs.sources import Lines, has_lines_apart, has_parts, labelled, lines_of, running_text
from recurra.tasks.series import unseen
from recurra.tasks.task import Rows


def known_rows(source: str, *, test: str) -> tuple[Task, Callable[[], Any]] | None:
    """Return the task of a set that is known by its name, or of a folder with parts, and what gives its rows."""
    if has_parts(source):
        return "text", lambda: labelled([source], TextReading(), test=test)[0]
    if has_lines_apart(source):
        return "language", lambda: "\n".join(running_text(source, TextReading()).train)
    return ("series", airline_table) if is_airline(source) else None


def needs_of(estimator: Estimator, file: str, *, test: str, reading: TextReading) -> Callable[[Any], list[str]]:
    """Return what the estimator's fit asks of what was read of a file; the rows of the file `test` are held against it.

    What it gives returns warnings, and raises DataError for what cannot be learnt from.
    """

    def needs(table: Any) -> list[str]:
        return made_ready(estimator, Rows(_as_read(estimator, table, test, reading), file)).warnings

    return needs


def _as_read(estimator: Estimator, table: Any, test: str, reading: TextReading) -> Any:
    """Return what a file gave as the task's own reading would."""
    if isinstance(table, str):
        return Lines(lines_of(table))
    if isinstance(table, SeriesTable):
        return imputed(table, unseen=unseen(estimator.asked(), table))
    if table.labels is None:
        raise DataError(UNLABELLED)
    return table, open_texts(test, reading, labelled=True, learnt=table.columns).whole() if test else None
