"""The record of a task by its name; it is loaded when somebody asks for it.

Not here: which tasks there are (names.py), and what a task is (task.py).
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from recurra.tasks.task import Task


@cache
def task_named(name: str) -> Task:
    """Return the record of a task in `names.CALLED`; the file of its name in this folder holds it."""
    task: Task = import_module(f"recurra.tasks.{name}").TASK
    return task
