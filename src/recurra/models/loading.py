"""Load an artefact of any task.

Not here: what each task's model answers.
"""

from __future__ import annotations

from pathlib import Path

from recurra.artefact import load
from recurra.config import Precision
from recurra.models.language import RunningLanguage
from recurra.models.model import expected_shapes
from recurra.models.series import RunningForecaster
from recurra.models.text import RunningClassifier

Running = RunningClassifier | RunningLanguage | RunningForecaster
MODELS: dict[str, type[Running]] = {
    model.task: model for model in (RunningClassifier, RunningLanguage, RunningForecaster)
}


def load_any(folder: Path, *, precision: Precision | None = None) -> Running:
    """Return the model of an artefact, whatever its task; raises ArtefactError as each task's load does."""
    held = load(folder, expected=expected_shapes)
    return MODELS[held.task].from_artefact(held).in_precision(precision)
