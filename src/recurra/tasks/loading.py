"""The model of every task, and loading whichever of them an artefact holds.

Not here: what each task's model answers.
"""

from __future__ import annotations

from pathlib import Path

from recurra.artefact import load_artefact
from recurra.config import Precision
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.horizon.run import RunningForecaster
from recurra.tasks.heads.next_token.run import RunningLanguage

Running = RunningClassifier | RunningLanguage | RunningForecaster
MODELS: dict[str, type[Running]] = {
    model.task: model for model in (RunningClassifier, RunningLanguage, RunningForecaster)
}


def load_any(folder: Path, *, precision: Precision | None = None) -> Running:
    """Return the model of an artefact, whatever its task; raises ArtefactError as each task's load does."""
    # The artefact tells its task before its weights are read; that task's plan tells what they must be.
    held = load_artefact(folder, expected=lambda config, task: MODELS[task].shapes(config, task))
    return MODELS[held.task].from_artefact(held).in_precision(precision)
