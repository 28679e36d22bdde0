"""The sections of a report on forecasting: scores beside the naive rivals, and series beside their forecasts.

Not here: the network and the settings, which all tasks share (run_sections.py).
"""

from __future__ import annotations

from recurra.report.blocks import Block, Figure, Paragraph, Table
from recurra.report.charts.curves import Line, actual_against_predicted, actual_against_predicted_points, lines
from recurra.report.numbers import number
from recurra.report.page import Section
from recurra.report.run_sections import (
    RunRecord,
    RunRows,
    measured,
    network_section,
    result_section,
    section,
    training_section,
)

# More than `evaluate_series` measures: a record may be made by a caller's own hand (docs/report.md).
SCORES = (
    ("mae", "MAE", False),
    ("rmse", "RMSE", False),
    ("smape", "sMAPE", False),
    ("mase", "MASE", False),
    ("owa", "OWA", False),
    ("coverage", "coverage", True),
)
HEADINGS = {
    "mae": "MAE",
    "rmse": "RMSE",
    "smape": "sMAPE",
    "mase": "MASE",
    "owa": "OWA",
    "pinball": "pinball",
    "coverage": "coverage",
    "seconds": "seconds",
}
MOST_SERIES = 6
"""Series that are drawn; of more, the first."""


def series_sections(record: RunRecord) -> list[Section]:
    """Return what the record of a forecasting run holds, in the order one reads it."""
    scores = record.part("evaluation")
    return [
        *result_section(record, _judged(scores), SCORES, HEADINGS, "windows"),
        *section("Actual against predicted", [*_drawn(scores.rows("series")), _by_step(scores.rows("by_horizon"))]),
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
    words = {"windows": "windows", "rows": "values"}
    counts = [(key, scores.counted(key)) for key in words]
    told = [f"{number(count)} {words[key]}" for key, count in counts if count]
    return Paragraph(f"Judged on {', '.join(told)}.") if told else None


def _drawn(series: RunRows) -> list[Block]:
    """Return each series beside its forecast; a single one also point by point."""
    blocks: list[Block] = [_one(one) for one in series[:MOST_SERIES]]
    if len(series) == 1:
        # Points of several series would show how their levels differ, and not how well each is forecast.
        actual, predicted = column_pair(series[0])
        if any(a is not None and p is not None for a, p in zip(actual, predicted, strict=True)):
            points = Figure(actual_against_predicted_points(actual, predicted), "Each value against its prediction.")
            blocks.append(points)
    if len(series) > MOST_SERIES:
        blocks.append(Paragraph(f"The first {MOST_SERIES} of {number(len(series))} series are drawn."))
    return blocks


def column_pair(one: RunRecord) -> tuple[list[float | None], list[float | None]]:
    """Return the actual and the predicted values of a series."""
    actual, predicted = ([measured(value) for value in one.listed(key)] for key in ("actual", "predicted"))
    return actual, predicted


def _one(one: RunRecord) -> Figure:
    actual, predicted = column_pair(one)
    # None where there are no intervals: an empty list would be a column of the wrong length.
    low, high = ([measured(value) for value in one.listed(key)] or None for key in ("low", "high"))
    start = one.counted("test_from")
    svg = actual_against_predicted(
        one.listed("times") or list(range(1, len(actual) + 1)),
        actual,
        predicted=predicted,
        low=low,
        high=high,
        test_from=start,
        y_label=str(one.get("unit") or "value"),
    )
    name = str(one.get("name") or "")
    shade = " On the shade: the test part." if start is not None else ""
    return Figure(svg, f"{name + ': a' if name else 'A'}ctual against predicted.{shade}")


def _by_step(steps: RunRows) -> Figure | None:
    """Return the error by how far ahead was forecast."""
    # One measure alone: each has a unit of its own, and two would need two axes.
    key = next((key for key in ("mae", "rmse", "smape", "mase") if steps.has(key)), "")
    if len(steps) < 2 or not key:
        return None
    curve = Line(HEADINGS[key], steps.column("step"), steps.column(key))
    return Figure(lines(curve, x_label="steps ahead", y_label=HEADINGS[key]), "Error by how far ahead was forecast.")
