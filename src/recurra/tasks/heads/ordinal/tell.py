"""The sections of a report on classes in an order: errors in steps, confusion, the hardest rows.

Not here: training and network, which all tasks share (run_sections.py).
"""

from __future__ import annotations

from recurra.report.blocks import Figure, Paragraph, Table
from recurra.report.charts.scores import MOST_LABELS, confusion
from recurra.report.numbers import number
from recurra.report.page import Section
from recurra.report.run_sections import (
    RunRecord,
    RunRows,
    cell,
    counted,
    network_section,
    result_section,
    section,
    training_section,
)
from recurra.tasks.heads.regression.tell import members_table

SCORES = (
    ("mae", "mean error in steps", False),
    ("kappa", "quadratic weighted kappa", False),
    ("accuracy", "accuracy", True),
    ("within_one", "within one step", True),
)
RIVAL_SCORES = {key: label for key, label, _ in SCORES} | {"seconds": "seconds to train"}


def order_sections(record: RunRecord) -> list[Section]:
    """Return what the record of such a run holds, in the order one reads it."""
    scores = record.part("evaluation")
    count = scores.counted("rows")
    judged = Paragraph(f"Judged on {number(count)} rows.") if count else None
    return [
        *result_section(record, judged, SCORES, RIVAL_SCORES, "rows"),
        *section("What each judge is worth", [members_table(scores.rows("members"), "mae", "mean error in steps")]),
        *section("Mistakes", [_confusion(scores)]),
        *training_section(record),
        *_hardest(scores.rows("hardest")),
        *network_section(record),
    ]


def _confusion(scores: RunRecord) -> Figure | None:
    labels = [str(name) for name in scores.listed("labels")]
    matrix = [[counted(value) or 0 for value in row] for row in scores.listed("confusion") if isinstance(row, list)]
    if not matrix or len(matrix) != len(labels) or len(labels) > MOST_LABELS:
        return None
    return Figure(confusion(matrix, labels), "True classes (down) against answers (across), in order: rows counted.")


def _hardest(rows: RunRows) -> list[Section]:
    if not rows:
        return []
    keys = {"row": "row", "label": "true", "predicted": "predicted", "steps": "steps", "excerpt": "text"}
    body = tuple(tuple(str(row.get(key, "")) if key == "row" else cell(row.get(key)) for key in keys) for row in rows)
    return section("Hardest rows", [Table(tuple(keys.values()), body, "The rows of most steps from their class.")])
