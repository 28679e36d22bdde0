"""`recurra evaluate`: measure an artefact on rows of its own task, beside a rival on the same rows.

Not here: the formulas (metrics.py) and drawing (report/).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.artefact import resolve
from recurra.cli.gates import check_gates, read_gates
from recurra.cli.output import emit_json, emit_table, plain_figures, say, tell_mending, told_rival, warn
from recurra.datasets.cells import is_missing
from recurra.datasets.labels import as_known
from recurra.datasets.texts import open_texts
from recurra.errors import DataError
from recurra.runs.sources import has_parts, labelled, running_text
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.horizon.run import RunningForecaster
from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.tasks.loading import load_any

if TYPE_CHECKING:
    from recurra.config import Precision
    from recurra.datasets.formats import TextReading
    from recurra.datasets.series.table import SeriesReading


def evaluate(
    artefact: str,
    file: str,
    reading: TextReading,
    series: SeriesReading,
    *,
    fail_under: list[str],
    report: str,
    rival: bool,
    as_json: bool,
    precision: Precision | None,
) -> None:
    """Measure, print, write the report, hold against the gates."""
    folder = resolve(Path(artefact))
    model = load_any(folder, precision=precision)
    gates = read_gates(fail_under, task=model.plan.task)
    if isinstance(model, RunningClassifier):
        record = _text(model, folder, file, reading, rival)
    elif isinstance(model, RunningLanguage):
        record = _language(model, folder, file, reading, rival)
    else:
        record = _series(model, file, series, reading)
    if report:
        from recurra.report.page import save
        from recurra.tasks.tell import training_report

        title = f"{Path(file).name} against {Path(artefact).name}"
        save(training_report({"task": record["task"], "title": title, "evaluation": record}), Path(report))
    if as_json:
        emit_json(record)
    else:
        warn(record.get("warnings", []))
        emit_table(("figure", "value"), list(plain_figures(record).items()))
        for other in record.get("rivals", []):
            print(f"rival  {told_rival(other)}")
        if "lost" in record:
            print(f"lost  {record['lost']}")
    check_gates(gates, record)


def _text(model: RunningClassifier, folder: Path, file: str, reading: TextReading, rival: bool) -> dict[str, Any]:
    from recurra.tasks.heads.classes.measure import evaluate_text

    # A class that the model has learnt is one, whatever its name.
    reading = replace(reading, labels_as_written=any(map(is_missing, model.labels)))
    columns = model.origin.columns
    if has_parts(file):
        table = labelled([file], reading)[1]
    else:
        table = open_texts(file, reading, labelled=True, learnt=columns).whole()
    if table is None or table.labels is None:
        raise DataError(f"{file} has no labels")
    warn(table.warnings)
    labels = as_known(table.labels, model.labels)
    evaluation = evaluate_text(model, table.texts, labels)
    if not rival:
        return evaluation.record
    from recurra.runs.text import Rival, text_rivals, with_rivals

    learnt = _training_rows(folder)
    if learnt is None:
        say("the rows this model learnt from are not at hand: the rival is the most frequent label of the rows given")
        most = max(sorted(set(labels)), key=labels.count)
        rivals = [Rival(f"majority ({most})", np.array(labels) == most)]
    else:
        rivals = text_rivals(learnt, (table.texts, labels))
    return with_rivals(evaluation, rivals, model.plan)


def _training_rows(folder: Path) -> tuple[list[str], list[str]] | None:
    """Return the rows a run learnt from, when its files are still there and unchanged."""
    from recurra.runs.provenance import read_source, training_rows

    told = read_source(folder.parent)
    return training_rows(told) if told else None


def _language(model: RunningLanguage, folder: Path, file: str, reading: TextReading, rival: bool) -> dict[str, Any]:
    from recurra.runs.language import with_trigram
    from recurra.runs.provenance import read_source, training_lines

    text = running_text(file, reading)
    warn(text.warnings)
    lines = text.train if text.test is None else text.test
    record = model.figures(lines)
    if not rival:
        return record
    told = read_source(folder.parent)
    learnt = training_lines(told) if told else None
    if learnt is None:
        say("the text this model learnt from is not at hand: no trigram is measured")
        return record
    return with_trigram(record, model, learnt, lines)


def _series(model: RunningForecaster, file: str, series: SeriesReading, reading: TextReading) -> dict[str, Any]:
    from recurra.runs.sources import series_table
    from recurra.tasks.heads.horizon.measure import evaluate_series

    table = series_table(file, series, unseen=model.horizon, learnt=model.learnt, **reading.options())
    warn([*table.warnings, *model.names_of(table)[1]])
    record = evaluate_series(model, table, season=model.encoder.config.season)
    tell_mending(series, model.learnt)
    return record
