"""The model of every task, and loading whichever of them an artefact holds.

Not here: what each task's model answers.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from recurra.artefact import load_artefact
from recurra.config import Precision
from recurra.tasks.names import CALLED


def model_of(task: str) -> Any:
    """Return the class of a task's models; only the head that it needs is imported."""
    return import_module(f"recurra.tasks.heads.{CALLED[task].head}.run").MODEL


def load_any(folder: Path, *, precision: Precision | None = None) -> Any:
    """Return the model of an artefact, whatever its task; raises ArtefactError as each task's load does."""
    held = load_artefact(folder, expected=lambda config, task: model_of(task).shapes(config, task))
    return model_of(held.task).from_artefact(held).in_precision(precision)
