"""The record, the models and the learner of a task by its name; each is loaded when somebody asks for it.

Not here: which tasks there are (names.py), what a task is (task.py), and what answers and learns (heads/).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.artefact import load_artefact
from recurra.config import Precision
from recurra.tasks.names import CALLED

if TYPE_CHECKING:
    from recurra.nets.learn import LearningNet
    from recurra.tasks.task import Prepared, Task


@cache
def task_named(name: str) -> Task:
    """Return the record of a task in `names.CALLED`; the file of its name in this folder holds it."""
    task: Task = import_module(f"recurra.tasks.{name}").TASK
    return task


def model_of(task: str) -> Any:
    """Return the class of a task's models."""
    # Not through the record: an answer needs the head alone, and a record brings readers, rivals and reports along.
    return _file_of(task, "run").MODEL


def learner_of(task: str) -> Callable[[LearningNet, Prepared], Any]:
    """Return what makes that which the loop trains, of a net and prepared rows; it brings torch along."""
    learner: Callable[[LearningNet, Prepared], Any] = _file_of(task, "learn").learner
    return learner


def _file_of(task: str, name: str) -> Any:
    return import_module(f"recurra.tasks.heads.{CALLED[task].head}.{name}")


def load_any(folder: Path, *, precision: Precision | None = None) -> Any:
    """Return the model of an artefact, whatever its task; raises ArtefactError as each task's load does."""
    # Only the folder knows its task: the model of that task then says which tensors there must be.
    held = load_artefact(folder, expected=lambda config, task: model_of(task).shapes(config, task))
    return model_of(held.task).from_artefact(held).in_precision(precision)
