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
    from recurra.estimators.language import LanguageModel
    from recurra.estimators.series import Forecaster
    from recurra.estimators.text import TextClassifier
    from recurra.reads import Task


@dataclass(frozen=True)
class LearningChoices:
    """The options of learning that all tasks share; what is empty is left to the task."""

    cell: options.CellOption = ""
    epochs: options.Epochs = None
    seed: options.Seed = 0
    settings: options.Settings = field(default_factory=list)
    device: options.Device = ""
    fail_under: options.FailUnder = field(default_factory=list)

    def gates(self, task: Task) -> dict[str, float]:
        """Return the quality gates; raises UsageError for what the task does not measure."""
        from recurra.cli.gates import read_gates

        return read_gates(self.fail_under, task=task)

    def changed(self, settings: Settings, task: Task) -> Settings:
        """Put the options into a task's settings.

        Raises UsageError for a bad one, for one that the task does not read, and for a device that is not there.
        """
        from recurra.config import read_settings
        from recurra.engine.devices import device_of
        from recurra.reads import check_read

        changes: dict[str, Any] = read_settings(self.settings)
        changes |= {"cell": self.cell} if self.cell else {}
        changes |= {"epochs": self.epochs} if self.epochs else {}
        changes |= {"device": self.device} if self.device else {}
        changed = settings.changed(changes)
        check_read(changed, task, begun=settings)
        device_of(changed.training.device)
        return changed

    def classifier(self, *, vectors: str, wide: bool, validation: float | None) -> TextClassifier:
        """Return the classifier that is asked for; raises UsageError, and DataError for vectors that are not there."""
        from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
        from recurra.runs.sources import vectors_path

        settings = self.changed(TEXT_SETTINGS, "text")
        return TextClassifier(vectors=vectors_path(vectors), wide=wide, config=settings, **self._held_out(validation))

    def language_model(
        self, *, tokens: str, vectors: str, validation: float | None, tokenised: bool = False
    ) -> LanguageModel:
        """Return the language model that is asked for, of a text that comes `tokenised` or not; raises as above."""
        from recurra.estimators.language import LANGUAGE_SETTINGS, LanguageModel
        from recurra.runs.sources import vectors_path

        # What comes tokenised kept its capitals; --set and --tokens may still say otherwise.
        came = {"tokens": "space", "lowercase": False} if tokenised else {}
        settings, table = self.changed(LANGUAGE_SETTINGS.changed(came), "language"), vectors_path(vectors)
        return LanguageModel(tokens=tokens or None, vectors=table, config=settings, **self._held_out(validation))

    def forecaster(
        self, *, horizon: int | None, window: int | None, season: int | None, validation: int | None
    ) -> Forecaster:
        """Return the forecaster that is asked for; raises UsageError."""
        from recurra.estimators.series import SERIES_SETTINGS, Forecaster

        settings = self.changed(SERIES_SETTINGS, "series")
        return Forecaster(horizon=horizon, window=window, season=season, config=settings, **self._held_out(validation))

    def _held_out(self, validation: float | None) -> dict[str, Any]:
        return {"random_state": self.seed} | ({} if validation is None else {"validation": validation})


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

        if self.resume and not self.out:
            raise UsageError("--resume needs --out", advice="name the run to go on with")
        if self.resume and not Path(self.out).is_dir():
            raise UsageError(f"--resume: there is no run at {self.out}")
        return new_run(name, out=self.out, resume=self.resume)
