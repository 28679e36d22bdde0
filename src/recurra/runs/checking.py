"""What a fit asks of a file's rows, for `recurra data check`: the very steps that each task takes before it trains.

Not here: looking through a file (datasets/checking.py), which calls these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from recurra.arguments import share
from recurra.datasets.checking import UNLABELLED
from recurra.datasets.formats import TextReading
from recurra.datasets.known.airline import airline_table, is_airline
from recurra.datasets.series.build import imputed
from recurra.datasets.series.table import SeriesTable
from recurra.datasets.texts import TextTable, open_texts
from recurra.errors import DataError
from recurra.estimators.language import LanguageModel
from recurra.estimators.language_rows import prepare_language
from recurra.estimators.series import Forecaster
from recurra.estimators.text import TextClassifier
from recurra.reads import Task
from recurra.runs.language import cut_lines
from recurra.runs.series import prepare_past, unseen
from recurra.runs.sources import has_lines_apart, has_parts, labelled, lines_of, running_text
from recurra.runs.text import check_parts, prepare_rows


def known_rows(source: str, *, test: str) -> tuple[Task, Callable[[], Any]] | None:
    """Return the task of a set that is known by its name, or of a folder with parts, and what gives its rows."""
    if has_parts(source):
        return "text", lambda: labelled([source], TextReading(), test=test)[0]
    if has_lines_apart(source):
        return "language", lambda: "\n".join(running_text(source, TextReading()).train)
    return ("series", airline_table) if is_airline(source) else None


def needs_of_texts(
    classifier: TextClassifier, table: TextTable, *, file: str, test: str, reading: TextReading
) -> list[str]:
    """Check, split and encode the rows of a table, and hold the rows of the file `test`, if any, against them."""
    if table.labels is None:
        raise DataError(UNLABELLED)
    held = open_texts(test, reading, labelled=True, learnt=table.columns).whole() if test else None
    return [*check_parts(table, held, file=file), *prepare_rows(classifier, table).warnings]


def needs_of_language(model: LanguageModel, whole: str) -> list[str]:
    """Cut a text into lines, hold parts out, and encode them."""
    parts = cut_lines(lines_of(whole), None, None, share=share("--validation", model.validation))
    return prepare_language(model, parts.train, parts.validation).warnings


def needs_of_series(model: Forecaster, table: SeriesTable) -> list[str]:
    """Hold the test part and the windows of validation out, and fit the scalers."""
    prepare_past(model, imputed(table, unseen=unseen(model)))
    return []
