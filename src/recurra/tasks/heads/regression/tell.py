"""The sections of a report on regression: errors, what was said against what was so, the rows of the largest errors.

Not here: training and network, which all tasks share (run_sections.py).
"""

from __future__ import annotations

from recurra.report.blocks import Figure, Paragraph, Table
from recurra.report.charts.curves import Line, lines
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

SCORES = (("mae", "mean error", False), ("rmse", "RMSE", False), ("r2", "R²", False), ("spearman", "Spearman", False))
RIVAL_SCORES = {"mae": "mean error", "rmse": "RMSE", "r2": "R²", "spearman": "Spearman", "seconds": "seconds to train"}


def number_sections(record: RunRecord) -> list[Section]:
    """Return what the record of a regressor's run holds, in the order one reads it."""
    scores = record.part("evaluation")
    count = scores.counted("rows")
    judged = Paragraph(f"Judged on {number(count)} rows.") if count else None
    return [
        *result_section(record, judged, SCORES, RIVAL_SCORES, "rows"),
        *section("Each target", [_targets(scores.rows("by_target"))]),
        *section("What each judge is worth", [members_table(scores.rows("members"), "rmse", "RMSE")]),
        *section("Said and true", [_deciles(scores.rows("by_decile"))]),
        *training_section(record),
        *_top(scores.rows("top_errors")),
        *network_section(record),
    ]


def members_table(members: RunRows, key: str, heading: str) -> Table | None:
    """Return the judges of a blend: what each counts, and its own figure."""
    if not members:
        return None
    body = tuple((str(one.get("name") or ""), one.measured("weight"), one.measured(key)) for one in members)
    return Table(("judge", "weight", heading), body, "All figures are of rows that the judge had not learnt from.")


def _targets(targets: RunRows) -> Table | None:
    # Of one target the figures on top tell all.
    if len(targets) < 2:
        return None
    keys = {"target": "target", "mae": "mean error", "rmse": "RMSE", "r2": "R²", "spearman": "Spearman"}
    body = tuple(tuple(cell(one.get(key)) for key in keys) for one in targets)
    return Table(tuple(keys.values()), body, "Each target by itself, in its unit.")


def _deciles(groups: RunRows) -> Figure | None:
    said, true = groups.column("said"), groups.column("true")
    if len(groups) < 2 or None in said or None in true:
        return None
    places = [float(value) for value in said if value is not None]
    chart = lines(
        Line("true", places, true), Line("as said", places, said, dashed=True), x_label="said", y_label="true, the mean"
    )
    return Figure(chart, "The mean of what was so, in ten groups of rows from the lowest answer to the highest.")


def _top(rows: RunRows) -> list[Section]:
    if not rows:
        return []
    body = tuple(
        (
            str(row.get("row", "")),
            cell(row.get("true")),
            cell(_short(row.listed("said"))),
            str(row.get("excerpt") or ""),
        )
        for row in rows
    )
    return section("Largest errors", [Table(("row", "true", "said", "text"), body)])


def _short(values: list[object]) -> list[str]:
    return [f"{value:.4g}" if isinstance(value, int | float) else str(value) for value in values]
