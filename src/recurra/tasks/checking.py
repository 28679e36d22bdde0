"""`recurra data check`: a file looked through before anything is trained, every finding at once.

Not here: the rules themselves; they are the readers' own, and those of the steps that each task takes before it trains.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np

from recurra.config import SeriesConfig
from recurra.datasets.columns import ID_NAMES, TEXT_NAMES, TIME_NAMES, VALUE_NAMES, guess
from recurra.datasets.conll import is_conll
from recurra.datasets.formats import TextOptions, TextReading
from recurra.datasets.known.airline import airline_table, is_airline
from recurra.datasets.labels import check_training_labels
from recurra.datasets.series.checks import VALIDATION, check_lengths, tell
from recurra.datasets.series.files import read_series
from recurra.datasets.series.rhythms import infer
from recurra.datasets.series.table import SeriesReading, SeriesTable, imputed
from recurra.datasets.sources import name_of, stored
from recurra.datasets.tables import read_columns
from recurra.datasets.texts import TextTable, open_texts, read_running_text
from recurra.errors import DataError, Place, either
from recurra.runs.sources import Lines, has_lines_apart, has_parts, labelled, running_text, text_lines, unlabelled
from recurra.tasks.fitted import lines_of
from recurra.tasks.series import recipe_of, unseen
from recurra.tasks.task import Asked, Rows, Source, Task, made_ready, task_named

Level = Literal["error", "warning", "note"]
UNLABELLED = "no label column: fit for predict, not for fit"
MOST = 100
"""Refused rows told one by one."""


@dataclass(frozen=True)
class Finding:
    """One line of the check: an error stops training, a warning does not, a note only tells."""

    level: Level
    text: str


Needs = Callable[[Any], list[Finding]]
"""Takes what was read, returns what is doubtful and chosen, raises DataError for what cannot be learnt from."""


def check_file(
    source: str | Path,
    *,
    task: str | None = None,
    reading: SeriesReading | None = None,
    needs: Callable[[str], Needs] | None = None,
    **choices: Unpack[TextOptions],
) -> list[Finding]:
    """Return what is wrong, doubtful and worth knowing about a file for a task (None: told by its columns).

    `reading` says how series are read, as for `fit series`, and the other choices are those of `TextReading`; with
    `on_error="reject"` refused rows of texts are left out and only warned of.

    Never raises for what the file holds; an error that ends the reading is the last finding.
    """
    given = Source([str(source)], TextReading(**choices), reading or SeriesReading())
    return check_source(given, task=task, needs=needs)


def check_source(
    source: Source, *, task: str | None = None, needs: Callable[[str], Needs] | None = None
) -> list[Finding]:
    """Do what `check_file` does, of a file with all that is said of its reading.

    `needs` tells what a task asks of what was read: that returns findings and raises DataError; without it labels and
    lengths are checked by the defaults.
    """
    findings = list[Finding]()
    try:
        chosen = task or _guess_task(source.files[0], source.texts, source.series)
        findings.append(Finding("note", f"checked for task {chosen}"))
        # Asked for before reading: an option that the task does not read is refused at once.
        asked = (needs or USUAL.__getitem__)(chosen)
        findings += LOOKS.get(chosen, partial(_check_rows, chosen))(source, asked)
    except DataError as problem:
        findings.append(Finding("error", str(problem)))
    return findings


def check_known(task: str, rows: Callable[[], Any], needs: Callable[[str], Needs]) -> list[Finding]:
    """Return what a fit asks of a set that is known by its name: `rows` gives what its reader gives."""
    # Asked before the rows: a choice that the task does not read is refused before a whole set is loaded.
    asked = needs(task)
    return [Finding("note", f"a known set, checked for task {task}"), *_warned(lambda: asked(rows()))]


def _guess_task(source: str | Path, texts: TextReading, reading: SeriesReading) -> str:
    if is_conll(source):
        return "tags"
    # A wide part is asked of texts, a wide table of series: the columns tell which.
    of_series = replace(reading, wide=False) != SeriesReading()
    if (named := texts.text or texts.label) or of_series:
        return "text" if named else "series"
    # Plain lines have no columns, and running text is the only task that needs none.
    if texts.form_of(source) == "lines":
        return "language"
    if str(source) == "-":
        advice = f"name the task: {either('--task text', 'task=')}"
        raise DataError("a table on stdin is read once", place=Place(name_of(source)), advice=advice)
    found = read_columns(source, **texts.options())
    # Texts go first: reviews often stand beside a date and a number, but a table of series hardly ever holds a text.
    if guess(TEXT_NAMES, found) is not None:
        return "text"
    times, values = guess(TIME_NAMES, found), guess((*VALUE_NAMES, *ID_NAMES), found)
    return "series" if times is not None or values is not None or reading.wide else "text"


def _check_texts(source: Source, needs: Needs) -> list[Finding]:
    texts = source.texts
    # Every bad row is to be told, whatever becomes of it in a fit.
    table = open_texts(source.files[0], replace(texts, on_error="reject")).whole()
    refused = (reject.reason for reject in table.rejects[:MOST])
    # Characters, not tokens: how texts are cut is settled only by a fit.
    lengths = np.array([len(each) for each in table.texts])
    sizes = [
        f"{len(table):,} texts of {lengths.min():,} to {lengths.max():,} characters",
        f"median length {int(np.median(lengths)):,} characters",
    ]
    if table.labels is not None:
        # A column of ids, taken for labels, has thousands of classes: the largest are enough to see it.
        classes = ", ".join(f"{name!r} {count:,}" for name, count in Counter(table.labels).most_common(20))
        sizes.append(f"classes: {classes}")
    return [
        *_each("note", [table.note, *([str(table.columns)] if table.columns else [])]),
        *_each("error" if texts.on_error == "stop" else "warning", refused),
        *_each("warning", table.warnings),
        *_each("note", sizes),
        *_warned(lambda: needs(table)),
    ]


def _labels_fit(table: TextTable) -> list[Finding]:
    if table.labels is None:
        raise DataError(UNLABELLED)
    return _each("warning", check_training_labels(table.labels, texts=table.texts))


def _check_language(source: Source, needs: Needs) -> list[Finding]:
    running = read_running_text(source.files[0], text=source.texts.text, **source.texts.options())
    whole = running.text
    sizes = f"{len(whole):,} characters, {whole.count(chr(10)):,} line ends, {len(whole.split()):,} words"
    notes = [running.note, *([str(running.columns)] if running.columns else []), sizes]
    return [*_each("note", notes), *_each("warning", running.warnings), *_warned(lambda: needs(whole))]


def _check_series(source: Source, needs: Needs) -> list[Finding]:
    """Read as strictly as training does; when that fails, tell what the lenient reading still finds."""
    # The file may be read twice, and stdin cannot be.
    findings, kept = list[Finding](), stored(source.files[0])
    reading, options = source.series, source.texts.options()
    try:
        table = read_series(kept, reading.keeping(), **options)
        findings += _warned(lambda: needs(table))
    except DataError as problem:
        findings.append(Finding("error", str(problem)))
        # Everything is mended that can be, so that as much as possible is told.
        lenient = replace(reading, missing=True, sort=True, duplicates="first", gaps="ignore")
        table = read_series(kept, lenient, **options)
    findings += [*_each("note", [table.note, str(table.columns)]), *_each("warning", table.warnings)]
    sizes = [values.size for values in table.values.values()]
    findings.append(Finding("note", f"{len(table.ids):,} series of {min(sizes):,} to {max(sizes):,} steps"))
    if reading.gaps != "ignore":
        # A table that was read leniently was never held against a rhythm: each series then tells its own.
        found = tell(table.rhythms or {name: infer(times) for name, times in table.times.items()})
        told = ", ".join(f"{rhythm} ({count:,})" for rhythm, count in list(found.items())[:10])
        # A net learns steps: of two rhythms in one table it would take an hour and a day for the same thing.
        findings.append(Finding("warning" if len(found) > 1 else "note", f"rhythm: {told}"))
    return findings


def _long_enough(table: SeriesTable) -> list[Finding]:
    """Hold the lengths against what `fit series` needs by its defaults."""
    check_lengths(table, SeriesConfig(), validation=VALIDATION)
    return []


def _check_rows(task: str, source: Source, needs: Needs) -> list[Finding]:
    """Tell of the rows of a task that nobody looks through more closely."""
    rows = task_named(task).read(source, None)
    notes = [rows.counted, *([rows.columns] if rows.columns else [])]
    findings = [*_each("note", notes), *_each("warning", rows.warnings)]
    return findings + _warned(lambda: needs(rows.table))


LOOKS = {"text": _check_texts, "language": _check_language, "series": _check_series}
# What each task asks by its defaults.
USUAL: dict[str, Needs] = {
    "text": _labels_fit, "language": lambda whole: [], "series": _long_enough, "tags": lambda rows: [],
    "multilabel": lambda rows: [], "ordinal": lambda rows: [], "regression": lambda rows: [],
}  # fmt: skip


def _each(level: Level, texts: Iterable[str]) -> list[Finding]:
    return [Finding(level, text) for text in texts]


def _warned(check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return check()
    except DataError as problem:
        return [Finding("error", str(problem))]


def known_rows(source: str, *, test: str) -> tuple[str, Callable[[], Any]] | None:
    """Return the task of a set that is known by its name, or of a folder with parts, and what gives its rows."""
    if has_parts(source):
        return "text", lambda: labelled([source], TextReading(), test=test)[0]
    if has_lines_apart(source):
        return "language", lambda: "\n".join(running_text(source, TextReading()).train)
    return ("series", airline_table) if is_airline(source) else None


def needs_of(task: Task, asked: Asked, source: Source) -> Needs:
    """Return what a fit asks of what was read of a file; the source's test rows are held against it."""

    def needs(table: Any) -> list[Finding]:
        ready = made_ready(task, asked, Rows(_as_read(asked, table, source), source.files[0]))
        leaks = [f"leak report: {line}" for line in lines_of(task.fitted(ready))]
        return [*_each("note", [*ready.prepared.notes, *leaks]), *_each("warning", ready.warnings)]

    return needs


def _as_read(asked: Asked, table: Any, source: Source) -> Any:
    """Return what a file gave as its task would have read it."""
    if isinstance(table, str):
        return Lines(text_lines(table))
    if isinstance(table, SeriesTable):
        # Hidden as a fit hides them: a check that fills from the held-out steps would find more than the fit may see.
        return imputed(table, unseen=unseen(asked, table), unknown=recipe_of(asked) != "net")
    if not isinstance(table, TextTable):
        return table
    if table.labels is None:
        raise DataError(UNLABELLED)
    # The test rows are read by the columns of the training rows: a guess of its own could take others.
    test = open_texts(source.test, source.texts, labelled=True, learnt=table.columns).whole() if source.test else None
    return table, test, unlabelled(source, table.columns) if source.unlabelled else None
