"""Pictures of forecasts: a small series with its interval, how sure a lead over rivals is, residuals by step ahead.

Not here: curves in general (curves.py), or what all charts share (canvas.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from recurra.report.charts.canvas import (
    HALF,
    INK,
    QUIET,
    SERIES,
    drawn,
    equal_columns,
    label,
    lay_rows,
    name_axes,
    numbers,
    whole_ticks,
    write_beside,
)
from recurra.report.numbers import number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Numbers = Sequence[float | None]


def small_forecast(
    actual: _Numbers,
    predicted: _Numbers,
    *,
    low: _Numbers | None = None,
    high: _Numbers | None = None,
    test_from: int,
    ends: tuple[str, str] = ("", ""),
) -> str:
    """Return one series of several: what was known, what came, the forecast with its interval; `ends` name x's ends."""
    equal_columns("a small forecast", actual, predicted)
    steps = list(range(len(actual)))

    def draw(axes: Axes) -> None:
        axes.plot(steps, numbers(actual, "actual"), color=INK, lw=0.9)
        if low is not None and high is not None:
            axes.fill_between(
                steps, numbers(low, "low"), numbers(high, "high"), color=SERIES[1], alpha=0.18, lw=0, zorder=1
            )
        axes.plot(steps, numbers(predicted, "predicted"), color=SERIES[1], lw=1.5, marker="o" * (len(steps) < 9))
        axes.axvline(test_from - 0.5, color=QUIET, lw=0.7, alpha=0.7)
        axes.margins(x=0.01)
        axes.locator_params(axis="y", nbins=4)
        # Two names: dates of small plots would run into each other.
        axes.set_xticks([0, steps[-1]], [label(end, 18) for end in ends])
        first, last = axes.get_xticklabels()
        first.set_horizontalalignment("left")
        last.set_horizontalalignment("right")

    return drawn(draw, width=HALF, height=1.75)


def leads(names: Sequence[str], skills: _Numbers, lows: _Numbers, highs: _Numbers, *, x_label: str) -> str:
    """Return a row for each rival: the skill against it (a share) as a dot, on a line over its interval.

    What is surely better, or surely worse, is drawn in colour; what may be chance, quietly.
    """
    equal_columns("leads", names, skills, lows, highs)
    middle = numbers(skills, "skill")
    ends = [[math.nan if end is None else float(end) for end in column] for column in (lows, highs)]

    def draw(axes: Axes) -> None:
        axes.axvline(0, color=INK, lw=0.8, alpha=0.6)
        write_beside(axes, "as good", (0, 1.0), (4, 3), xycoords=("data", "axes fraction"), ha="left", va="bottom")
        for place, (value, low, high) in enumerate(zip(middle, *ends, strict=True)):
            colour = SERIES[0] if low > 0 else SERIES[1] if high < 0 else QUIET
            axes.plot([low, high], [place, place], color=colour, lw=3.4, alpha=0.4)
            axes.plot([value], [place], "o", color=colour, ms=5.5)
            told = ("+" if value > 0 else "") + percent(value, 1)
            write_beside(axes, told, (value, place), (0, 6), ha="center", va="bottom", fontsize=7.6)
        axes.margins(x=0.1, y=0.35)
        lay_rows(axes, [label(name) for name in names], x_label)
        axes.xaxis.set_major_formatter(lambda value, place: percent(value, 0))

    return drawn(draw, height=0.8 + 0.36 * len(names))


def residuals_by_step(steps: _Numbers, middle: _Numbers, low: _Numbers, high: _Numbers, *, y_label: str) -> str:
    """Return the mean residual of each step ahead on a band that holds 80 % of them; the line at 0 is no bias."""
    equal_columns("residuals", steps, middle, low, high)
    x = numbers(steps, "steps")

    def draw(axes: Axes) -> None:
        axes.axhline(0, color=INK, lw=0.8, alpha=0.6)
        axes.fill_between(x, numbers(low, "low"), numbers(high, "high"), color=SERIES[0], alpha=0.16, lw=0)
        axes.plot(x, numbers(middle, "residual"), color=SERIES[0], marker="o" * (len(x) <= 12), mew=0)
        name_axes(axes, "steps ahead", y_label)
        axes.margins(x=0.02)
        whole_ticks(axes, 6)

    return drawn(draw, width=HALF, height=2.3)


def residual_bars(values: Sequence[float], *, x_label: str, y_label: str) -> str:
    """Return how often residuals fall into even bins around 0; the outermost hundredths stand at the ends."""
    finite = sorted(value for value in numbers(values, "residuals") if math.isfinite(value))
    # One wild value must not leave all others in a single bar.
    reach = max(abs(finite[len(finite) // 100]), abs(finite[-1 - len(finite) // 100])) or 1.0
    kept = [min(max(value, -reach), reach) for value in finite]
    # An odd number, so that one bin lies around 0; few values fill few bins.
    bins = min(31, 2 * round(math.sqrt(len(kept))) | 1)

    def draw(axes: Axes) -> None:
        axes.hist(kept, bins=bins, range=(-reach, reach), color=SERIES[0], alpha=0.8, lw=0, rwidth=0.9)
        axes.axvline(0, color=INK, lw=0.8, alpha=0.6)
        name_axes(axes, x_label, y_label)

    return drawn(draw, width=HALF, height=2.3)


def shares(names: Sequence[str], values: Sequence[float]) -> str:
    """Return one bar cut into shares of 1, each with its name and percent; shares of nothing are left out."""
    equal_columns("shares", names, values)
    parts = [(name, value) for name, value in zip(names, numbers(values, "shares"), strict=True) if value > 0]

    def draw(axes: Axes) -> None:
        begun = 0.0
        for place, (name, value) in enumerate(parts):
            axes.barh([0], [value], left=begun, height=0.5, color=SERIES[place % len(SERIES)], alpha=0.8, lw=0)
            told = f"{label(name)} {number(100 * value, 0)} %"
            # A narrow part's name stands higher than its neighbours'.
            lifted = 4 if value > 0.14 or place % 2 == 0 else 15
            write_beside(axes, told, (begun, 0.25), (1, lifted), ha="left", va="bottom")
            begun += value
        axes.set_xlim(0, max(1.0, begun))
        axes.set_ylim(-0.3, 1.0)
        axes.axis("off")

    return drawn(draw, height=0.85)
