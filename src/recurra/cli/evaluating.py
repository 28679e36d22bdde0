"""`recurra evaluate`: measure an artefact on rows of its own task, beside a rival on the same rows.

Not here: the formulas (metrics.py) and drawing (report/).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.artefact import resolve
from recurra.cli.console import emit_json, emit_table, plain_figures, say, say_warnings, tell_rows, told_rival
from recurra.cli.gates import check_gates, read_gates
from recurra.datasets.formats import TextReading
from recurra.runs.folder import learnt_again, read_source
from recurra.tasks.known import load_any, task_named
from recurra.tasks.task import Rows, Source, Task

if TYPE_CHECKING:
    from recurra.config import Precision
    from recurra.datasets.series.table import SeriesReading


def evaluate_file(
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
    task = task_named(model.plan.task)
    gates = read_gates(fail_under, task=task.name)
    # The model tells what the reading leaves open: columns, labels, rhythm, as it has learnt them.
    rows = task.read(Source([file], reading, series, model=model), None)
    tell_rows(rows)
    record = _beside_rivals(task, model, rows, folder) if rival else task.head.figures(model, rows.measured)
    if report:
        from recurra.report.page import save
        from recurra.runs.run import training_report

        title = f"{Path(file).name} against {Path(artefact).name}"
        save(training_report({"task": record["task"], "title": title, "evaluation": record}), Path(report))
    if as_json:
        emit_json(record)
    else:
        say_warnings(record.get("warnings", []))
        emit_table(("figure", "value"), list(plain_figures(record).items()))
        for other in record.get("rivals", []):
            print(f"rival  {told_rival(other)}")
        if "lost" in record:
            print(f"lost  {record['lost']}")
    # Last: exit 5 must not swallow the figures.
    check_gates(gates, record)


def _beside_rivals(task: Task, model: Any, rows: Rows, folder: Path) -> dict[str, Any]:
    """Measure beside the rivals, which learn from the rows of the artefact's run where these are at hand."""
    record = task.judge(model, rows.measured, learnt_again(task, read_source(folder.parent)), ())
    # What the rivals lacked is talk: a record of figures has no place for it.
    for note in record.pop("notes", []):
        say(note)
    return record
