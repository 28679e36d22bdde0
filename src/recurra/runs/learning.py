"""What the runs of all tasks share: begun, learnt and saved; at the end history and report are written.

Not here: what each task measures (text.py, language.py, series.py).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar, Protocol

from recurra.cells import CELLS
from recurra.config import Settings
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.nets.run import Plan
from recurra.report.page import save
from recurra.runs.folder import check_same_run, write_json
from recurra.runs.versions import versions
from recurra.tasks.tell import training_report
from recurra.training.progress import Record, Watch


class Learning(Protocol):
    """An estimator of any task."""

    task: ClassVar[Any]
    model_: Any
    history_: list[Record]
    best_epoch_: int

    def settings(self) -> Settings:
        """Return all choices."""

    def fit_prepared(self, prepared: Any, *, run: Path, watch: Watch) -> Any:
        """Learn from what is prepared."""

    def save(self, folder: Path) -> None:
        """Write the artefact."""


def learnt(estimator: Learning, prepared: Any, *, out: Path, title: str, watch: Watch) -> dict[str, Any]:
    """Begin the run or go on with it, learn and save the artefact; return the record of it.

    Raises UsageError where the folder holds a run of other choices.
    """
    settings = estimator.settings().model_dump(mode="json")
    begun = {"task": estimator.task, "title": title, "settings": settings, "estimator": repr(estimator)}
    check_same_run(out, begun)
    started = time.perf_counter()
    estimator.fit_prepared(prepared, run=out, watch=watch)
    seconds = time.perf_counter() - started
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


def finished(record: dict[str, Any], *, out: Path, learnt_from: str) -> dict[str, Any]:
    """Write the history and the report of a run; return its whole record."""
    record = {**record, "subtitle": f"{a_net(record['settings']['net']['cell'])} learnt from {learnt_from}."}
    write_json(out / "history.json", record["history"])
    save(training_report(record), out / "report.html")
    return record


def network_rows(plan: Plan) -> list[list[Any]]:
    """Name, kind, outputs and parameters of each layer, for a summary table."""
    return [
        [name, spec.kind, str(getattr(spec, "outputs", "")), spec.parameters] for name, spec in plan.layers().items()
    ]


def a_net(cell: str) -> str:
    """Name a net by its cell, with an article."""
    noun = CELLS[cell].noun
    return noun[0].upper() + noun[1:]


def cell_record(spec: RecurrentSpec) -> dict[str, Any]:
    """Kind, sizes and form of the recurrent layer, for its drawing and its equations."""
    sizes = {"inputs": spec.inputs, "hidden": spec.hidden}
    return {"kind": spec.cell, "activation": spec.activation, "reset_after": spec.reset_after, **sizes}
