"""The sections of a report on a tagger: scores, each type by itself, the sentences of most mistakes.

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

SPAN_SCORES = (
    ("f1", "F1 of spans", True),
    ("precision", "precision", True),
    ("recall", "recall", True),
    ("accuracy", "tokens right", True),
)
TAG_SCORES = (("accuracy", "tokens right", True), ("f1", "F1, mean of the tags", True))
RIVAL_SCORES = {"f1": "F1", "accuracy": "tokens right", "seconds": "seconds to train"}


def tag_sections(record: RunRecord) -> list[Section]:
    """Return what the record of a tagger's run holds, in the order one reads it."""
    scores = record.part("evaluation")
    rows, tokens = scores.counted("rows"), scores.counted("tokens")
    judged = Paragraph(f"Judged on {number(rows)} sentences of {number(tokens or 0)} tokens.") if rows else None
    plain = scores.get("scheme") == "plain"
    return [
        *result_section(record, judged, TAG_SCORES if plain else SPAN_SCORES, RIVAL_SCORES, "sentences"),
        *section("Each tag" if plain else "Each type of span", [_types(scores.rows("by_type"), plain)]),
        *training_section(record),
        *_hardest(scores.rows("hardest")),
        *network_section(record),
    ]


def _types(types: RunRows, plain: bool) -> Table | None:
    if not types:
        return None
    keys = {"type": "tag" if plain else "type", "spans": "true", "predicted": "predicted"}
    keys |= {name: name for name in ("precision", "recall")} | {"f1": "F1"}
    body = tuple(tuple(cell(one.get(key)) for key in keys) for one in types)
    what = "tokens" if plain else "spans; one counts where its type and both its ends are right"
    return Table(tuple(keys.values()), body, f"Counted in {what}.")


def _hardest(rows: RunRows) -> list[Section]:
    if not rows:
        return []
    body = tuple(
        (str(row.get("line", "")), row.counted("wrong"), row.counted("tokens"), str(row.get("excerpt") or ""))
        for row in rows
    )
    told = Paragraph("The sentences with most wrong tokens, and what was said of them.")
    return section("Hardest sentences", [told, Table(("line", "wrong", "tokens", "mistakes"), body)])
