"""`recurra fit` and `recurra evaluate`: a model is learnt or loaded, its figures are told beside a rival's, gates held.

A quality gate such as `--fail-under accuracy=0.9` ends with exit 5 when the figure is not reached.

Not here: the options (app_fit.py, app.py), what each task makes of its rows (tasks/), the run itself (runs/run.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.artefact import require_task, resolve
from recurra.cli.console import emit_json, emit_table, say, say_warnings, shown
from recurra.cli.progress import progress
from recurra.datasets.formats import TextReading
from recurra.errors import GateError, UsageError
from recurra.model import load_any, model_of
from recurra.runs.sources import learnt_again, read_source
from recurra.tasks.names import CALLED
from recurra.tasks.task import Rows, Source, Task, made_ready, task_named

if TYPE_CHECKING:
    from recurra.config import Precision
    from recurra.datasets.series.table import SeriesReading
    from recurra.estimators.estimator import Estimator

SENTENCES = ("lost", "lag")
"""Figures that are sentences: that the network lost, and that it is no better than repeating the past."""


def fit_files(
    estimator: Estimator,
    source: Source,
    gates: Mapping[str, float],
    *,
    folder: Callable[[str], Path],
    quiet: bool,
    as_json: bool,
) -> None:
    """Train a model; `folder` makes the run's folder of its usual name."""
    from recurra.runs.run import run_task, write_json

    own, choices = estimator.task, estimator.asked()
    rows = own.read(source, choices)
    # Each warning is told before the next step may refuse the rows: it may be the reason.
    _tell_rows(rows)
    ready = made_ready(own, choices, rows, source)
    say_warnings(ready.warnings)
    if rows.columns:
        say(f"note: {rows.columns}")
    stem = Path(source.files[0]).name.split(".")[0] or "stdin"
    # The folder is made only now: refused rows leave none behind.
    out = folder(f"{own.name}-{stem}")
    if rows.rejects:
        write_json(out / "rejects.json", [asdict(reject) for reject in rows.rejects])
    # About ten lines in a log, however many epochs there are.
    every = max(1, choices.settings.training.epochs // 10)
    with progress(f"training on {rows.counted} → {out}", quiet=quiet, every=every) as watch:
        title = own.head.run_title.format(stem)
        record = run_task(estimator, ready, out=out, title=title, watch=watch)
    if record.get("vector_coverage") is not None:
        say(f"word vectors cover {100 * record['vector_coverage']:.1f} % of the vocabulary")
    _tell(out, record, gates, as_json=as_json, told=ready.prepared.warnings)


def _tell(
    out: Path, record: dict[str, Any], gates: Mapping[str, float], *, as_json: bool, told: Sequence[str] = ()
) -> None:
    """Print the result and the warnings not yet told, then hold it against the quality gates."""
    evaluation = record["evaluation"]
    doubts = [*record.get("warnings", []), *evaluation.get("warnings", [])]
    warnings = [doubt for doubt in doubts if doubt not in told]
    notes = [note for note in record.get("notes", []) if note not in doubts]
    result = {
        "run": str(out),
        "artefact": str(out / "artefact"),
        "report": str(out / "report.html"),
        "best_epoch": record["best_epoch"],
        **({"evaluated_on": record["evaluated_on"]} if "evaluated_on" in record else {}),
        # A net that learns by no steps has no history.
        **(record["history"][-1] if record["history"] else {}),
        # Single figures alone: tables and curves stand in report.json.
        "evaluation": {name: value for name, value in evaluation.items() if isinstance(value, int | float | str)},
        "rival": evaluation.get("rival"),
        **{name: evaluation[name] for name in SENTENCES if name in evaluation},
        "warnings": warnings,
        "notes": notes,
    }
    if as_json:
        emit_json(result)
    else:
        say_warnings(warnings)
        for note in notes:
            say(f"note: {note}")
        for name in ("run", "artefact", "report", "best_epoch", "evaluated_on"):
            if name in result:
                print(f"{name:12} {result[name]}")
        for name, value in _plain_figures(evaluation).items():
            print(f"{name:12} {value:.4f}" if isinstance(value, float) else f"{name:12} {value}")
        if evaluation.get("rival"):
            print(f"{'rival':12} {_told_rival(evaluation['rival'])}")
        _print_sentences(result, width=12)
    # Last: where a gate is missed, the run is saved and told all the same.
    check_gates(gates, evaluation)


def evaluate_file(
    artefact: str,
    file: str,
    reading: TextReading,
    series: SeriesReading,
    *,
    fail_under: list[str],
    report: str,
    rival: bool,
    dynamic: bool,
    as_json: bool,
    precision: Precision | None,
) -> None:
    """Measure, print, write the report, hold against the gates."""
    folder = resolve(Path(artefact))
    model = load_any(folder, precision=precision)
    if model.task not in CALLED:
        # What has learnt elsewhere has no rows here that it could be measured on.
        require_task(model.task, next(iter(CALLED)))
    task = task_named(model.plan.task)
    following = _following(task) if dynamic else None
    gates = read_gates(fail_under, task=task.name)
    # The model tells what the reading leaves open: columns, labels, rhythm, as it has learnt them.
    rows = task.read(Source([file], reading, series, model=model), None)
    _tell_rows(rows)
    record = _beside_rivals(task, model, rows, folder) if rival else task.head.figures(model, rows.measured)
    record |= following(model, rows.measured) if following else {}
    if report:
        from recurra.report.page import save
        from recurra.runs.run import training_report

        title = f"{Path(file).name} against {Path(artefact).name}"
        save(training_report({"task": record["task"], "title": title, "evaluation": record}), Path(report))
    if as_json:
        emit_json(record)
    else:
        _print_figures(record)
    # Last: exit 5 must not swallow the figures.
    check_gates(gates, record)


def _print_figures(record: Mapping[str, Any]) -> None:
    say_warnings(record.get("warnings", []))
    emit_table(("figure", "value"), list(_plain_figures(record).items()))
    for other in record.get("rivals", []):
        print(f"rival  {_told_rival(other)}")
    _print_sentences(record)


def _print_sentences(figures: Mapping[str, Any], *, width: int = 5) -> None:
    for name in SENTENCES:
        if name in figures:
            print(f"{name:{width}} {figures[name]}")


def _following(task: Task) -> Callable[[Any, Any], Mapping[str, Any]]:
    """Return what measures a model that goes on learning; raises UsageError for a task that has none."""
    if task.head.following is None:
        allowed = "a model that predicts the next token, which can learn from it once it is scored"
        raise UsageError("--dynamic", found=f"a model of task {task.name}", allowed=allowed)
    return task.head.following


def _beside_rivals(task: Task, model: Any, rows: Rows, folder: Path) -> dict[str, Any]:
    """Measure beside the rivals, which learn from the rows of the artefact's run where these are at hand."""
    record = task.judge(model, rows.measured, learnt_again(task, read_source(folder.parent)), ())
    # What the rivals lacked is talk: a record of figures has no place for it.
    for note in record.pop("notes", []):
        say(note)
    return record


def _tell_rows(rows: Rows) -> None:
    """Tell what is doubtful and remarkable of rows that were read."""
    say_warnings(rows.warnings)
    for remark in rows.remarks:
        say(remark)


def _plain_figures(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a table of figures shows of an evaluation; sentences are told below it."""
    return {
        name: value
        for name, value in evaluation.items()
        if isinstance(value, int | float | str) and name not in SENTENCES
    }


def _told_rival(rival: Mapping[str, Any]) -> str:
    """Tell a rival's figures in one line, as many digits as the model's own."""
    return ", ".join(f"{name} {shown(value)}" for name, value in rival.items())


def read_gates(gates: Sequence[str], *, task: str) -> dict[str, float]:
    """Read METRIC=VALUE texts; raises UsageError for a metric the task does not have and for what is no number."""
    wanted: dict[str, float] = {}
    model = model_of(task)
    figures = (*model.more_is_better, *model.less_is_better)
    for gate in gates:
        name, found, text = gate.partition("=")
        if not found or name not in figures:
            raise UsageError(f"--fail-under {gate!r}", allowed=f"METRIC=VALUE with one of {', '.join(figures)}")
        # What is no number becomes NaN: one question then refuses it together with `nan` and `inf`.
        try:
            wanted[name] = float(text)
        except ValueError:
            wanted[name] = math.nan
        if not math.isfinite(wanted[name]):
            raise UsageError(f"--fail-under {gate!r}", allowed="a number after =")
    return wanted


def check_gates(gates: Mapping[str, float], figures: Mapping[str, Any]) -> None:
    """Raise GateError for the first gate that is missed; a figure that is not a number misses every gate.

    Which way a figure is better comes from its task: one that is better when small passes when it is small.
    """
    for name, wanted in gates.items():
        measured = figures.get(name)
        less = name in model_of(figures["task"]).less_is_better
        # A figure that is not defined, such as F1 without a row of the class, reaches nothing.
        passed = measured is not None and (measured <= wanted if less else measured >= wanted)
        if not passed:
            allowed = f"{'at most' if less else 'at least'} {wanted:g}"
            found = "no value: it is not defined on these rows" if measured is None else f"{measured:.4f}"
            raise GateError(f"quality gate {name}", found=found, allowed=allowed)
