"""One run of any task: rows are made ready and learnt from, the model is judged beside its rivals, the page written.

Not here: reading files and printing (cli/), what each task measures and tells (tasks/).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from recurra.cells import CELLS
from recurra.errors import UsageError
from recurra.estimators.estimator import Estimator
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.nets.run import Plan
from recurra.report.page import Report, save
from recurra.report.run_sections import settings_sections
from recurra.runs.folder import NAME, check_same_run, source_record, write_json
from recurra.runs.versions import versions
from recurra.tasks.heads.lost import learning_on
from recurra.tasks.known import task_named
from recurra.tasks.names import CALLED
from recurra.tasks.reads import readers
from recurra.tasks.task import Prepared, Ready
from recurra.training.progress import Watch


def run_task(estimator: Estimator, ready: Ready, *, out: Path, title: str, watch: Watch) -> dict[str, Any]:
    """Do the whole run in the folder `out`, or go on with it; return the record that report.json holds.

    The model is measured on the test part, else on what validation held out, which is then said. Raises UsageError
    where the folder holds a run of other choices.
    """
    parts, prepared = ready.parts, ready.prepared
    record = _learnt(estimator, prepared, out=out, title=title, watch=watch)
    if prepared.split:
        write_json(out / "split.json", prepared.split)
    # Behind the training: a run that ended before its first checkpoint may leave nothing but the notes of folder.NOTES.
    if ready.source is not None:
        write_json(out / NAME, source_record(ready.source, prepared.kept))
    # Without a test part the figures are of rows that already chose the epoch, which flatters the net: it is said.
    part = "test" if parts.test is not None else prepared.part
    learnt_from = prepared.learnt_from + (f", measured on {part}" if prepared.part else "")
    record |= {
        **({"evaluated_on": part} if prepared.part else {}),
        "evaluation": _judged(estimator, ready),
        **prepared.told,
        "warnings": estimator.warnings_,
        "notes": [*estimator.warnings_, *estimator.notes_],
        "subtitle": f"{_a_net(record['settings']['net']['cell'])} learnt from {learnt_from}.",
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
        "cell": cell_record(plan.recurrent),
        "history": estimator.history_,
        "best_epoch": estimator.best_epoch_,
        "versions": versions(),
    }


def _judged(estimator: Estimator, ready: Ready) -> dict[str, Any]:
    """Measure the model on the test part, else on the part held out; the rivals learn from the same rows as it did."""
    task, parts, prepared, model = estimator.task, ready.parts, ready.prepared, estimator.model_
    rows = prepared.held if parts.test is None else parts.test
    tries = [*learning_on(estimator.history_, estimator.best_epoch_), *prepared.tries]
    return {**task.judge(model, rows, prepared.seen, tries), **task.head.shown(model)}


def network_rows(plan: Plan) -> list[list[Any]]:
    """Name, kind, outputs and parameters of each layer, for a summary table."""
    return [
        [name, spec.kind, str(getattr(spec, "outputs", "")), spec.parameters] for name, spec in plan.layers().items()
    ]


def cell_record(spec: RecurrentSpec) -> dict[str, Any]:
    """Kind, sizes and form of the recurrent layer, for its drawing and its equations."""
    sizes = {"inputs": spec.inputs, "hidden": spec.hidden}
    return {"kind": spec.cell, "activation": spec.activation, "reset_after": spec.reset_after, **sizes}


def _a_net(cell: str) -> str:
    """Name a net by its cell, with an article."""
    noun = CELLS[cell].noun
    return noun[0].upper() + noun[1:]


def training_report(record: dict[str, Any]) -> Report:
    """Return the report of a run from its record; what the record lacks is left out.

    Keys: task, title, subtitle, settings, versions, command, network, cell, history, evaluation, notes (docs/report.md
    tells each). Raises UsageError for an unknown task or a part of the wrong shape.
    """
    task = record.get("task")
    # A record may come from a file that somebody wrote or changed; its task is no name to import by.
    if task not in CALLED:
        raise UsageError("record.task", found=repr(task), allowed=", ".join(CALLED))
    head = task_named(task).head
    return Report(
        str(record.get("title") or head.title),
        str(record.get("subtitle") or ""),
        (*head.sections(record), *settings_sections(record, readers)),
        record,
    )
