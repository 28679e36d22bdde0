"""The report of one run: a plain record of it becomes sections, by its task.

Not here: making the record; fit and evaluate return what it is built from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from recurra.errors import UsageError
from recurra.report.page import Report, Section
from recurra.report.run_record import Record
from recurra.report.run_sections import settings_sections
from recurra.tasks.heads.classes.tell import text_sections
from recurra.tasks.heads.horizon.tell import series_sections
from recurra.tasks.heads.next_token.tell import language_sections

TASKS: dict[str, tuple[str, Callable[[Record], list[Section]]]] = {
    "text": ("Text classification", text_sections),
    "language": ("Language model", language_sections),
    "series": ("Forecast", series_sections),
}
"""The usual title of each task's report, and its sections."""


def training_report(record: dict[str, Any]) -> Report:
    """Return the report of a run from its record; what the record lacks is left out.

    Keys: task, title, subtitle, settings, versions, command, network, cell, history, evaluation, notes (docs/report.md
    tells each). Raises UsageError for an unknown task or a part of the wrong shape.
    """
    task = record.get("task")
    if task not in TASKS:
        raise UsageError("record.task", found=repr(task), allowed=", ".join(TASKS))
    title, sections = TASKS[task]
    return Report(
        str(record.get("title") or title),
        str(record.get("subtitle") or ""),
        (*sections(record), *settings_sections(record)),
        record,
    )
