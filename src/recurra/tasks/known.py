"""The record and the models of a task by its name; each is loaded when somebody asks for it.

Not here: which tasks there are (names.py), what a task is (task.py), and what its models answer (heads/KIND/run.py).
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.artefact import load_artefact
from recurra.config import Precision
from recurra.tasks.names import CALLED

if TYPE_CHECKING:
    from recurra.tasks.task import Task


@cache
def task_named(name: str) -> Task:
    """Return the record of a task in `names.CALLED`; the file of its name in this folder holds it."""
    task: Task = import_module(f"recurra.tasks.{name}").TASK
    return task


def model_of(task: str) -> Any:
    """Return the class of a task's models."""
    # Not through the record: an answer needs the head alone, and a record brings readers, rivals and reports along.
    return import_module(f"recurra.tasks.heads.{CALLED[task].head}.run").MODEL


def load_any(folder: Path, *, precision: Precision | None = None) -> Any:
    """Return the model of an artefact, whatever its task; raises ArtefactError as each task's load does."""
    # Only the folder knows its task: the model of that task then says which tensors there must be.
    held = load_artefact(folder, expected=lambda config, task: model_of(task).shapes(config, task))
    return model_of(held.task).from_artefact(held).in_precision(precision)
