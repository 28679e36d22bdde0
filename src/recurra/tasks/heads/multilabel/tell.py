"""The sections of a report on several labels: scores, each label by itself, the rows of most wrong labels.

Not here: training and network, which all tasks share (run_sections.py).
"""

from __future__ import annotations

from recurra.report.blocks import Paragraph, Table
from recurra.report.numbers import number
from recurra.report.page import Section
from recurra.report.run_sections import (
    RunRecord,
    RunRows,
    cell,
    network_section,
    result_section,
    section,
    training_section,
)
from recurra.tasks.heads.regression.tell import members_table

SCORES = (
    ("f1_micro", "micro F1", True),
    ("f1_macro", "macro F1", True),
    ("subset_accuracy", "rows right as a whole", True),
    ("ranking_precision", "ranking precision", True),
)
RIVAL_SCORES = {key: label for key, label, _ in SCORES} | {"seconds": "seconds to train"}


def labels_sections(record: RunRecord) -> list[Section]:
    """Return what the record of such a run holds, in the order one reads it."""
    scores = record.part("evaluation")
    count, labels, said = scores.counted("rows"), scores.measured("labels_a_row"), scores.measured("said_a_row")
    each = f" A row has {labels:.2f} labels, {said:.2f} are said." if labels is not None and said is not None else ""
    judged = Paragraph(f"Judged on {number(count)} rows.{each}") if count else None
    return [
        *result_section(record, judged, SCORES, RIVAL_SCORES, "rows"),
        *section("Each label", [_labels(scores.rows("by_label"))]),
        *section("What each judge is worth", [members_table(scores.rows("members"), "f1_micro", "micro F1")]),
        *training_section(record),
        *_hardest(scores.rows("hardest")),
        *network_section(record),
    ]


def _labels(labels: RunRows) -> Table | None:
    if not labels:
        return None
    keys = {"label": "label", "rows": "rows", "said": "said", "precision": "precision", "recall": "recall", "f1": "F1"}
    body = tuple(tuple(cell(one.get(key)) for key in keys) for one in labels)
    return Table(tuple(keys.values()), body, "Each label by itself.")


def _hardest(rows: RunRows) -> list[Section]:
    if not rows:
        return []
    body = tuple(
        (str(row.get("row", "")), cell(row.get("true")), cell(row.get("said")), str(row.get("excerpt") or ""))
        for row in rows
    )
    return section("Hardest rows", [Table(("row", "true", "said", "text"), body, "Rows of most wrong labels.")])
