"""The report of one run: a plain record of it becomes sections, by its task.

Not here: making the record; fit and evaluate return what it is built from.
"""

from __future__ import annotations

from typing import Any

from recurra.errors import UsageError
from recurra.report.page import Report
from recurra.report.run_sections import settings_sections
from recurra.tasks.known import TASKS


def training_report(record: dict[str, Any]) -> Report:
    """Return the report of a run from its record; what the record lacks is left out.

    Keys: task, title, subtitle, settings, versions, command, network, cell, history, evaluation, notes (docs/report.md
    tells each). Raises UsageError for an unknown task or a part of the wrong shape.
    """
    task = record.get("task")
    if task not in TASKS:
        raise UsageError("record.task", found=repr(task), allowed=", ".join(TASKS))
    head = TASKS[task].head
    return Report(
        str(record.get("title") or head.title),
        str(record.get("subtitle") or ""),
        (*head.sections(record), *settings_sections(record)),
        record,
    )
