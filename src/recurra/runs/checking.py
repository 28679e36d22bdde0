"""What a fit asks of a file's rows, for `recurra data check`: the very steps that each task takes before it trains.

Not here: looking through a file (datasets/checking.py), which calls these.
"""

from __future__ import annotations

from collections.abc import Callable

from recurra.datasets.checking import UNLABELLED, Needs
from recurra.datasets.labels import check_training_labels
from recurra.datasets.records import TextTable
from recurra.datasets.series_build import imputed
from recurra.datasets.series_table import SeriesTable
from recurra.estimators.language import LanguageModel
from recurra.estimators.language_rows import prepare_language
from recurra.estimators.series import Forecaster
from recurra.estimators.text import TextClassifier
from recurra.runs.language import cut_lines
from recurra.runs.series import prepare_past, unseen
from recurra.runs.sources import lines_of
from recurra.runs.text import prepare_rows


def needs_of(
    text: Callable[[], TextClassifier],
    language: Callable[[], LanguageModel],
    series: Callable[[], Forecaster],
    *,
    file: str,
) -> dict[str, Needs]:
    """Return for each task what a fit asks of the rows of a file; its estimator is made once the task is known."""
    return {
        "text": lambda table: needs_of_texts(text(), table, file=file),
        "language": lambda whole: needs_of_language(language(), whole),
        "series": lambda table: needs_of_series(series(), table),
    }


def needs_of_texts(classifier: TextClassifier, table: TextTable, *, file: str) -> list[str]:
    """Check, split and encode the rows of a table."""
    if table.labels is None:
        return [UNLABELLED]
    check_training_labels(table.labels, file=file)
    return prepare_rows(classifier, table).warnings


def needs_of_language(model: LanguageModel, whole: str) -> list[str]:
    """Cut a text into lines, hold parts out, and encode them."""
    parts = cut_lines(lines_of(whole), None, None, share=model.validation)
    return prepare_language(model, parts.train, parts.validation).warnings


def needs_of_series(model: Forecaster, table: SeriesTable) -> list[str]:
    """Hold the test part and the windows of validation out, and fit the scalers."""
    prepare_past(model, imputed(table, unseen=unseen(model)))
    return []
