"""The tasks there are.

Not here: what a task is (task.py).
"""

from __future__ import annotations

from recurra.tasks import language, series, text
from recurra.tasks.task import Task

TASKS: dict[str, Task] = {task.name: task for task in (text.TASK, language.TASK, series.TASK)}
