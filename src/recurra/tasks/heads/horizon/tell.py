"""The sections of a report on forecasting: scores beside the naive rivals, and series beside their forecasts.

Not here: the figures themselves (pictures.py), the network and the settings, which all tasks share (run_sections.py).
"""

from __future__ import annotations

from recurra.report.blocks import Paragraph, Table
from recurra.report.numbers import number
from recurra.report.page import Section
from recurra.report.run_sections import (
    RunRecord,
    network_section,
    result_section,
    section,
    training_section,
)
from recurra.tasks.heads.horizon.pictures import (
    horizon_figure,
    lead_figure,
    residual_blocks,
    series_blocks,
    share_blocks,
)

# More than `evaluate_series` measures: a record may be made by a caller's own hand (docs/report.md).
SCORES = (
    ("mae", "MAE", False),
    ("rmse", "RMSE", False),
    ("smape", "sMAPE", False),
    ("mase", "MASE", False),
    ("owa", "OWA", False),
    ("pinball", "pinball", False),
    ("coverage", "coverage", True),
    ("coverage_80", "inside the 80 % interval", True),
    ("coverage_95", "inside the 95 % interval", True),
)
HEADINGS = {
    "mae": "MAE",
    "rmse": "RMSE",
    "smape": "sMAPE",
    "mase": "MASE",
    "owa": "OWA",
    "coverage": "coverage",
    "seconds": "seconds",
    "skill": "skill",
    "difference": "MASE less the rival's",
    "low": "95 % from",
    "high": "to",
}


def series_sections(record: RunRecord) -> list[Section]:
    """Return what the record of a forecasting run holds, in the order one reads it."""
    scores = record.part("evaluation")
    rivals = scores.rows("rivals")
    drawn = scores.rows("series")
    title = "Actual against predicted" if len(drawn) < 2 else "Series: forecasts beside what came"
    return [
        *result_section(record, _judged(scores), SCORES, HEADINGS, "windows"),
        *section(title, series_blocks(drawn)),
        *section("Lead over the rivals", [lead_figure(rivals), horizon_figure(scores.rows("by_horizon"), rivals)]),
        *section("Residuals", residual_blocks(scores)),
        *section("What the forecast is made of", share_blocks(scores)),
        *_fitted(record.part("fitted")),
        *training_section(record),
        *network_section(record),
    ]


def _fitted(told: RunRecord) -> list[Section]:
    """Tell up to when each part was fitted, and where the test part begins."""
    parts = told.rows("parts")
    if not parts:
        return []
    rows = tuple((str(part.get("what") or ""), str(part.get("until") or "")) for part in parts)
    name, measured, leaks = told.get("series"), told.counted("measured") or 0, told.counted("leaks") or 0
    table = Table(("fitted", "on values up to"), rows, f"Of series {name}, the one that ends last.")
    ends = f"In {number(measured - leaks)} of {number(measured)} series all that was fitted ends before the test part"
    line = Paragraph(f"{ends}; that of series {name} begins at {told.get('test_from')}.")
    return section("Leak report", [table, line])


def _judged(scores: RunRecord) -> Paragraph | None:
    """Tell on how much the forecasts were judged."""
    words = {"windows": "windows", "rows": "values", "values": "values", "series_count": "series"}
    counts = [(key, scores.counted(key)) for key in words]
    told = [f"{number(count)} {words[key]}" for key, count in counts if count]
    return Paragraph(f"Judged on {', '.join(told)}.") if told else None
