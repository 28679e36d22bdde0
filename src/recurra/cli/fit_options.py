"""The options that all fits share, and the estimator they ask for: for `fit` and for `data check` alike.

Not here: what a single task's options are (app_fit.py, app_data.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.cli import options
from recurra.errors import UsageError

if TYPE_CHECKING:
    from recurra.config import Settings
    from recurra.estimators.estimator import Estimator


@dataclass(frozen=True)
class LearningChoices:
    """The options of learning that all tasks share; what is empty is left to the task."""

    cell: options.CellOption = ""
    epochs: options.Epochs = None
    seed: options.Seed = 0
    settings: options.SetOption = field(default_factory=list)
    device: options.DeviceName = ""
    fail_under: options.FailUnder = field(default_factory=list)

    def gates(self, task: str) -> dict[str, float]:
        """Return the quality gates; raises UsageError for what the task does not measure."""
        from recurra.cli.gates import read_gates

        return read_gates(self.fail_under, task=task)

    def changed(self, settings: Settings, task: str) -> Settings:
        """Put the options into a task's settings.

        Raises UsageError for a bad one, for one that the task does not read, and for a device that is not there.
        """
        from recurra.engine.devices import device_of
        from recurra.tasks.reads import check_read

        changes: dict[str, Any] = options.read_settings(self.settings)
        # Behind --set, so that an option of its own wins over the same setting there.
        changes |= {"cell": self.cell} if self.cell else {}
        changes |= {"epochs": self.epochs} if self.epochs else {}
        changes |= {"device": self.device} if self.device else {}
        changed = settings.changed(changes)
        check_read(changed, task, begun=settings)
        # Asked now: a GPU that is not there is told before the rows are read.
        device_of(changed.training.device)
        return changed

    def estimator(self, task: str, file: str, *, vectors: str = "", **asked: Any) -> Estimator:
        """Return the estimator that is asked for, of the rows of a file; what is empty is left to the task.

        Raises UsageError, and DataError for vectors that are not there.
        """
        from recurra.estimators.loading import estimator_of
        from recurra.runs.sources import settings_of, vectors_path

        made = estimator_of(task)
        # A known set may need settings of its own; --set and the task's options still change them.
        settings = self.changed(made.task.settings.changed(settings_of(file)), task)
        # By identity: 0 equals False, and --validation 0 is a choice.
        given = {
            name: value for name, value in asked.items() if value is not None and value is not False and value != ""
        }
        if vectors:
            given["vectors"] = vectors_path(vectors)
        if "validation" in given:
            given["validation"] = _whole_or_share(given["validation"])
        estimator: Estimator = made(config=settings, random_state=self.seed, **given)
        return estimator


def _whole_or_share(number: float) -> float:
    """Return a number of units as a whole one: the command line knows numbers with a point alone."""
    return int(number) if number >= 1 and number == int(number) else number


@dataclass(frozen=True)
class RunChoices:
    """The options that say where and how a run goes."""

    out: options.Out = ""
    threads: options.Threads = 0
    resume: options.Resume = False
    quiet: options.Quiet = False
    json_: options.Json = False

    def folder(self, name: str) -> Path:
        """Make or find the run's folder."""
        from recurra.runs.folder import new_run

        # Without --out the next free folder would be taken, and training begin anew in silence.
        if self.resume and not self.out:
            raise UsageError("--resume needs --out", advice="name the run to go on with")
        if self.resume and not Path(self.out).is_dir():
            raise UsageError(f"--resume: there is no run at {self.out}")
        return new_run(name, out=self.out, resume=self.resume)
