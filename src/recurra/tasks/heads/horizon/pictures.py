"""Figures of a forecaster's report: series, the lead over rivals, errors and residuals by step ahead, shares.

Not here: in which order they stand (tell.py), what they show as numbers (drawn.py, skill.py).
"""

from __future__ import annotations

from typing import Any

from recurra.report.blocks import Block, Figure, Paragraph, SideBySide
from recurra.report.charts.curves import Line, actual_against_predicted, actual_against_predicted_points, lines
from recurra.report.charts.forecasts import leads, residual_bars, residuals_by_step, shares, small_forecast
from recurra.report.numbers import number, percent
from recurra.report.run_sections import RunRecord, RunRows, measured
from recurra.tasks.heads.horizon.drawn import MOST

UNITS = {"mae": "MAE", "rmse": "RMSE", "smape": "sMAPE", "mase": "MASE"}
NAMES = {"net": "nets", "theta": "Theta", "holt": "damped Holt"}
"""What the parts of a blend are called on a page."""
FAR = 2.5
"""Times the best rival's error from which a rival is left out of a drawing: it would press all others together."""
KEY = "The thin line is what was and what came, the thick one the forecast, on its interval of 80 %."


def series_blocks(series: RunRows) -> list[Block]:
    """Return each series beside its forecast, small ones in pairs; a single one large, and point by point."""
    if len(series) == 1:
        return [_large(series[0]), *_points(series[0])]
    drawn = [_small(one) for one in series[:MOST]]
    blocks: list[Block] = [Paragraph(KEY)] if drawn else []
    blocks += [SideBySide(tuple(drawn[place : place + 2])) for place in range(0, len(drawn), 2)]
    if len(series) > MOST:
        blocks.append(Paragraph(f"The first {MOST} of {number(len(series))} series are drawn."))
    return blocks


def column_pair(one: RunRecord) -> tuple[list[float | None], list[float | None]]:
    """Return the actual and the predicted values of a series."""
    actual, predicted = ([measured(value) for value in one.listed(key)] for key in ("actual", "predicted"))
    return actual, predicted


def _ends(one: RunRecord) -> dict[str, list[float | None] | None]:
    """Return the ends of the interval; None where there are none: an empty list would be a column of wrong length."""
    return {key: [measured(value) for value in one.listed(key)] or None for key in ("low", "high")}


def _large(one: RunRecord) -> Figure:
    actual, predicted = column_pair(one)
    start = one.counted("test_from")
    times = one.listed("times") or list(range(1, len(actual) + 1))
    told: dict[str, Any] = {**_ends(one), "test_from": start, "y_label": str(one.get("unit") or "value")}
    svg = actual_against_predicted(times, actual, predicted=predicted, **told)
    name = str(one.get("name") or "")
    shade = " On the shade: the test part." if start is not None else ""
    return Figure(svg, f"{name + ': a' if name else 'A'}ctual against predicted.{shade}")


def _points(one: RunRecord) -> list[Block]:
    # Points of several series would show how their levels differ, and not how well each is forecast.
    actual, predicted = column_pair(one)
    if not any(a is not None and p is not None for a, p in zip(actual, predicted, strict=True)):
        return []
    return [Figure(actual_against_predicted_points(actual, predicted), "Each value against its prediction.")]


def _small(one: RunRecord) -> Figure:
    actual, predicted = column_pair(one)
    times = one.listed("times") or ["1", str(len(actual))]
    ends = (str(times[0]), str(times[-1]))
    svg = small_forecast(actual, predicted, **_ends(one), test_from=one.counted("test_from") or 0, ends=ends)
    standing, mase = str(one.get("standing") or ""), one.measured("mase")
    name = str(one.get("name") or "series")
    told = f"{standing.capitalize()}: {name}" if standing else name
    error = f", MASE {number(mase)}" if mase is not None else ""
    return Figure(svg, f"{told}{error}.", f"{name}: history, forecast and what came.")


def lead_figure(rivals: RunRows) -> Figure | None:
    """Return the skill against each rival with its interval: the share of the rival's MASE that is saved."""
    told = RunRows(rival for rival in rivals if rival.measured("skill") is not None)
    if not told or not told.has("low"):
        return None
    names = [str(rival.get("name", "rival")) for rival in told]
    # The bootstrap told how far the difference moves: here as a share of the rival's error, so that all have one axis.
    lows, highs = (
        [
            None if end is None or not mase else -end / mase
            for end, mase in zip(column, told.column("mase"), strict=True)
        ]
        for column in (told.column("high"), told.column("low"))
    )
    svg = leads(names, told.column("skill"), lows, highs, x_label="share of the rival's MASE that this run saves")
    doubt = "A line holds it in 95 % of bootstrap draws; grey: it may be chance."
    return Figure(svg, f"The skill against each rival. {doubt}")


def horizon_figure(steps: RunRows, rivals: RunRows) -> Figure | None:
    """Return the error by how far ahead was forecast, the model's beside the rivals'."""
    # One measure alone: each has a unit of its own, and two would need two axes.
    key = next((key for key in ("mae", "rmse", "smape", "mase") if steps.has(key)), "")
    if len(steps) < 2 or not key:
        return None
    others = {name: steps.column(name) for name in map(str, (rival.get("name") for rival in rivals)) if steps.has(name)}
    # One of two that are the same, as the naive rivals are without a season, would hide the other.
    others = {name: one for place, (name, one) in enumerate(others.items()) if one not in [*others.values()][:place]}
    sizes = {name: sum(value or 0.0 for value in column) for name, column in others.items()}
    far = [name for name, size in sizes.items() if size > FAR * min(sizes.values())]
    shown = {name: column for name, column in others.items() if name not in far}
    told = {"this run" if shown else UNITS[key]: steps.column(key), **shown}
    curves = [Line(name, steps.column("step"), column) for name, column in told.items()]
    left = f" Far above all of these, and left out: {' and '.join(far)}." if far else ""
    svg = lines(*curves, x_label="steps ahead", y_label=UNITS[key])
    return Figure(svg, f"Error by how far ahead was forecast.{left}")


def residual_blocks(scores: RunRecord) -> list[Block]:
    """Return how residuals are spread, and how they lie at each step ahead."""
    values = [value for value in map(measured, scores.listed("residuals")) if value is not None]
    steps, figures = scores.rows("by_horizon"), []
    if len(values) > 1:
        svg = residual_bars(values, x_label="actual − predicted, in units of MASE", y_label="values")
        figures.append(Figure(svg, "How residuals are spread; what lies further out stands at the ends."))
    if len(steps) > 1 and steps.has("residual"):
        middle, low, high = (steps.column(key) for key in ("residual", "residual_low", "residual_high"))
        svg = residuals_by_step(steps.column("step"), middle, low, high, y_label="actual − predicted")
        # Of one series there is one residual a step, and no band.
        told = "The residual of each step ahead." if low == high else "Mean by step ahead, on what 80 % lie between."
        figures.append(Figure(svg, f"{told} Above 0 the forecast was too low."))
    return [SideBySide(tuple(figures))] if figures else []


def share_blocks(scores: RunRecord) -> list[Block]:
    """Return what each part counts in a blend, and how its intervals were stretched and held."""
    told = [(str(name), measured(value)) for name, value in scores.part("shares").items()]
    parts = [(NAMES.get(name, name), value) for name, value in told if value]
    if not parts:
        return []
    svg = shares([name for name, _ in parts], [float(value) for _, value in parts])
    blocks: list[Block] = [Figure(svg, "What each part counts, weighed on windows before the test part.")]
    factors = [number(value) for value in map(measured, scores.listed("factors")) if value is not None]
    inside = [percent(value, 1) for value in map(measured, scores.listed("inside_80")) if value is not None]
    said = []
    if factors:
        said.append(
            f"Those windows stretched the intervals by {', '.join(factors)}: a factor for each third of the horizon."
        )
    if inside:
        said.append(
            f"Of the test part, {', '.join(inside)} of the values of each third lie inside the interval of 80 %."
        )
    return [*blocks, Paragraph(" ".join(said))] if said else blocks
