"""Load an artefact of any task.

Not here: what each task's model answers.
"""

from __future__ import annotations

from pathlib import Path

from recurra.artefact import load
from recurra.models.language import RunningLanguage
from recurra.models.series import RunningForecaster
from recurra.models.shapes import expected_shapes
from recurra.models.text import RunningClassifier

Running = RunningClassifier | RunningLanguage | RunningForecaster
MODELS: dict[str, type[Running]] = {"text": RunningClassifier, "language": RunningLanguage, "series": RunningForecaster}


def load_any(folder: Path) -> Running:
    """Return the model of an artefact, whatever its task; raises ArtefactError as each task's load does."""
    held = load(folder, expected=expected_shapes)
    return MODELS[held.task].from_artefact(held)
