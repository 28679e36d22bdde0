"""One run of any task: its folder; rows are learnt from, the model is judged beside its rivals, the page written.

Not here: rows and where they came from (sources.py), printing (cli/), what each task measures and tells (tasks/).
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from recurra.artefact import write_atomically
from recurra.cells import CELLS
from recurra.engine.processors import versions
from recurra.errors import UsageError
from recurra.estimators.estimator import Estimator
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.nets.run import Plan
from recurra.report.page import Report, save
from recurra.report.run_sections import RunRecord, settings_sections
from recurra.runs.sources import NAME, source_record
from recurra.tasks.heads.lost import learning_on
from recurra.tasks.names import CALLED
from recurra.tasks.reads import readers
from recurra.tasks.task import Prepared, Ready, task_named
from recurra.training.progress import Watch

ROOT = Path("runs")
NOTES = frozenset({"run.json", "rejects.json"})
"""What a run writes before it has learnt anything: refused data must not block the folder for the next try."""

PASSED_OVER = ("settings.training.device",)
"""Choices that a run may change when it goes on."""


def run_task(estimator: Estimator, ready: Ready, *, out: Path, title: str, watch: Watch) -> dict[str, Any]:
    """Do the whole run in the folder `out`, or go on with it; return the record that report.json holds.

    The model is measured on the test part, else on what validation held out, which is then said. Raises UsageError
    where the folder holds a run of other choices.
    """
    parts, prepared = ready.parts, ready.prepared
    record = _learnt(estimator, prepared, out=out, title=title, watch=watch)
    if prepared.split:
        write_json(out / "split.json", prepared.split)
    # Behind the training: a run that ended before its first checkpoint may leave nothing but the files of NOTES.
    if ready.source is not None:
        write_json(out / NAME, source_record(ready.source, prepared.kept, ready.reading))
    # Without a test part the figures are of rows that already chose the epoch, which flatters the net: it is said.
    part = "test" if parts.test is not None else prepared.part
    learnt_from = prepared.learnt_from + (f", measured on {part}" if prepared.part else "")
    record |= {
        **({"evaluated_on": part} if prepared.part else {}),
        "evaluation": _judged(estimator, ready),
        **prepared.told,
        **estimator.task.fitted(ready),
        "warnings": estimator.warnings_,
        "notes": [*estimator.warnings_, *estimator.notes_],
        # As they were in the end: rows may have chosen what the user left open.
        "settings": prepared.settings.model_dump(mode="json"),
        "subtitle": f"{_name(record, estimator.task.name)} learnt from {learnt_from}.",
    }
    write_json(out / "history.json", record["history"])
    save(training_report(record), out / "report.html")
    return record


def _learnt(estimator: Estimator, prepared: Prepared, *, out: Path, title: str, watch: Watch) -> dict[str, Any]:
    """Begin the run or go on with it, learn and save the artefact; return the record of it."""
    settings = estimator.settings().model_dump(mode="json")
    # The estimator's own line too: vectors and a wide part are asked for beside the settings.
    begun = {"task": estimator.task.name, "title": title, "settings": settings, "estimator": repr(estimator)}
    # Before training, so that hours are not spent on a run that the folder does not belong to.
    check_same_run(out, begun)
    started = time.perf_counter()
    estimator.fit_prepared(prepared, run=out, watch=watch)
    # The seconds are those of learning; a resumed run tells those since it was resumed.
    seconds = time.perf_counter() - started
    # Saved before it is judged: rivals take minutes, and an interruption there must not cost the model.
    estimator.save(out / "artefact")
    plan = estimator.model_.plan
    return {
        **begun,
        "seconds": round(seconds, 1),
        "network": network_rows(plan),
        "cell": cell_record(plan.recurrent) if plan.recurrent else {},
        "history": estimator.history_,
        "best_epoch": estimator.best_epoch_,
        "versions": versions(),
    }


def _judged(estimator: Estimator, ready: Ready) -> dict[str, Any]:
    """Measure the model on the test part, else on the part held out; the rivals learn from the same rows as it did."""
    task, parts, prepared, model = estimator.task, ready.parts, ready.prepared, estimator.model_
    if parts.test is None and estimator.out_of_fold_:
        return {**estimator.out_of_fold_, **task.head.shown(model)}
    rows = prepared.held if parts.test is None else parts.test
    tries = [*learning_on(estimator.history_, estimator.best_epoch_), *prepared.tries]
    return {**task.judge(model, rows, prepared.seen, tries), **task.head.shown(model)}


def network_rows(plan: Plan) -> list[list[Any]]:
    """Name, kind, outputs and parameters of each layer, for a summary table."""
    return [list(row) for row in plan.rows]


def cell_record(spec: RecurrentSpec) -> dict[str, Any]:
    """Kind, sizes and form of the recurrent layer, for its drawing and its equations."""
    sizes = {"inputs": spec.inputs, "hidden": spec.hidden}
    return {"kind": spec.cell, "activation": spec.activation, "reset_after": spec.reset_after, **sizes}


def _name(record: dict[str, Any], task: str) -> str:
    """Name a model by its cell, with an article, and what stands beside its net; one without a cell has no net."""
    cell, kinds = record["cell"], {row[1] for row in record["network"]}
    noun = CELLS[cell["kind"]].noun if cell else CALLED[task].netless
    beside = " among linear models of n-grams" if cell and "grams" in kinds else ""
    return noun[0].upper() + noun[1:] + beside


def training_report(record: dict[str, Any]) -> Report:
    """Return the report of a run from its record; what the record lacks is left out.

    Keys: task, title, subtitle, settings, versions, command, network, cell, history, evaluation, notes (docs/report.md
    tells each). Raises UsageError for an unknown task or a part of the wrong shape.
    """
    task = record.get("task")
    # A record may come from a file that somebody wrote or changed; its task is no name to import by.
    if task not in CALLED:
        raise UsageError("record.task", found=repr(task), allowed=", ".join(CALLED))
    head, told = task_named(task).head, RunRecord(record)
    return Report(
        str(record.get("title") or head.title),
        str(record.get("subtitle") or ""),
        (*head.sections(told), *settings_sections(told, readers)),
        record,
    )


def new_run(name: str, *, out: str | Path | None = None, resume: bool = False) -> Path:
    """Choose and make the folder of a run.

    Without `out` it is the first free of runs/NAME, runs/NAME-2, …. A given folder must be new or empty, or hold no
    more than the notes of a run that ended before its first checkpoint, unless `resume` goes on with what it holds.
    Raises UsageError.
    """
    folder = Path(out) if out else _free(ROOT / name)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is no folder", advice="give another --out")
    if folder.is_dir() and not resume:
        if {path.name for path in folder.iterdir()} - NOTES:
            advice = "give another --out, or --resume to go on with it"
            raise UsageError(f"{folder} already holds something", advice=advice)
        # Its notes are no part of this run: its rejects would be taken for ours, its choices be compared.
        for name in NOTES:
            (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _free(folder: Path) -> Path:
    number, candidate = 1, folder
    while candidate.exists():
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate


def write_json(path: Path, record: Any) -> None:
    """Write one JSON file whole or not at all."""
    # Keys are sorted, so that two runs can be compared line by line. NaN is refused: it is no JSON.
    write_atomically(path, json.dumps(record, indent=2, sort_keys=True, allow_nan=False, default=str) + "\n")


def check_same_run(folder: Path, config: dict[str, Any]) -> None:
    """Write run.json, or compare with the one a killed run left; raises UsageError naming what differs."""
    path = folder / "run.json"
    if path.exists():
        # Ours goes through JSON too: a tuple would differ from the list that was read back.
        before, now = _flat(json.loads(path.read_text())), _flat(json.loads(json.dumps(config, default=str)))
        # Names of both sides: a choice that only one version of the package knows is a difference.
        names = {name for name in {*before, *now} if before.get(name) != now.get(name)}.difference(PASSED_OVER)
        if names:
            name = min(names, key=_told_first)
            shown = f"{name} {before.get(name)!r} before, {now.get(name)!r} now"
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise UsageError(f"{folder} was begun with other choices", found=shown + more, advice="give another --out")
    # Written again where nothing differs but what may: the file tells where the run goes on.
    write_json(path, config)


def _flat(record: dict[str, Any], start: str = "") -> dict[str, Any]:
    """Return nested choices by their dotted names."""
    flat: dict[str, Any] = {}
    for name, value in record.items():
        flat |= _flat(value, f"{start}{name}.") if isinstance(value, dict) else {f"{start}{name}": value}
    return flat


def _told_first(name: str) -> tuple[bool, str]:
    """A setting tells more than the estimator's whole line that holds it."""
    return not name.startswith("settings."), name
