"""Curves over epochs and over time: training histories, learning rates, gradients, series beside their forecasts.

Not here: charts of scores and counts (scores.py), or what all charts share (canvas.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from recurra.errors import UsageError
from recurra.report.charts.canvas import (
    DASHES,
    HALF,
    INK,
    QUIET,
    SERIES,
    colour_of,
    draw_diagonal,
    drawn,
    equal_columns,
    label,
    legend_above,
    name_axes,
    numbers,
    right_axis,
    whole_ticks,
)
from recurra.report.numbers import tick

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Numbers = Sequence[float | None]
_Times = Sequence[float] | Sequence[str]

MOST_POINTS = 2000
"""Points drawn in a scatter; of more, this many are taken at even distances."""
TICKS = 6
"""Texts written along an axis of dates, at most."""
STRIDES = (1, 2, 3, 4, 6, 7, 12, 24, 28, 36, 48, 60, 84, 120, 168, 240, 364)
"""Distances between such texts that mean something in hours, days and months."""


@dataclass(frozen=True)
class Line:
    """One curve: y over x, with a band from low to high where both are given."""

    name: str
    x: _Numbers
    y: _Numbers
    low: _Numbers | None = None
    high: _Numbers | None = None
    axis: Literal["left", "right"] = "left"
    dashed: bool = False


def lines(
    *series: Line, x_label: str, y_label: str, right_label: str = "", log: bool = False, height: float = 2.9
) -> str:
    """Return curves as SVG; those of the right axis are scaled apart. `log` makes the left axis logarithmic.

    Raises UsageError for curves without numbers, of unequal columns, or a right curve without `right_label`.
    """
    # A right axis without words would leave the reader to guess what the second scale measures.
    if not series or any(line.axis == "right" for line in series) != bool(right_label):
        raise UsageError("curves of a chart", found=f"{len(series)}", advice="give right_label with right curves only")

    def draw(left: Axes) -> None:
        right = right_axis(left, right_label) if right_label else left
        colours = _colours(series)
        for line, colour in zip(series, colours, strict=True):
            _curve(right if line.axis == "right" else left, line, colour)
        _scaled(left, x_label, y_label, log, [value for line in series for value in line.x])
        if right_label:
            _coloured_axes(left, right, series, colours)
        if len(series) > 1:
            legend_above(*([left, right] if right_label else [left]))

    return drawn(draw, height=height)


def _colours(series: Sequence[Line]) -> list[str]:
    """Give each quantity its colour; a dashed line shares that of the solid one before it on the same axis."""
    taken: dict[str, str] = {}
    colours = []
    fresh = 0
    for line in series:
        # Training and validation of one quantity share a colour: solid and dashed tell them apart, also in grey.
        if not (line.dashed and line.axis in taken):
            taken[line.axis] = colour_of(fresh)
            fresh += 1
        colours.append(taken[line.axis])
    return colours


def _curve(axes: Axes, line: Line, colour: str) -> None:
    equal_columns(f"curve {line.name!r}", line.x, line.y)
    x, y = numbers(line.x, "x"), numbers(line.y, f"curve {line.name!r}")
    if line.low is not None and line.high is not None:
        equal_columns(f"band {line.name!r}", line.x, line.low, line.high)
        axes.fill_between(x, numbers(line.low, "band"), numbers(line.high, "band"), color=colour, alpha=0.16, lw=0)
    style = DASHES if line.dashed else "-"
    # A few epochs are points that were measured, and one epoch alone would draw no line at all.
    marker = "o" if len(x) <= 12 else ""
    axes.plot(x, y, color=colour, ls=style, marker=marker, mew=0, label=label(line.name))


def _scaled(axes: Axes, x_label: str, y_label: str, log: bool, x: _Numbers) -> None:
    """Label the axes; whole numbers along x are ticked as such."""
    from matplotlib.ticker import LogLocator

    name_axes(axes, x_label, y_label)
    axes.margins(x=0.02)
    if log:
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        # Below two powers of ten an axis would have one tick or two; the steps between are named as well.
        if high < 100 * low:
            axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high > 5 * low else range(1, 10)))
        axes.yaxis.set_major_formatter(lambda value, place: tick(value))
        # Else matplotlib would name minor ticks in its own notation beside ours.
        axes.yaxis.set_minor_formatter("")
    if all(value is not None and float(value).is_integer() for value in x):
        whole_ticks(axes, 9)


def _coloured_axes(left: Axes, right: Axes, series: Sequence[Line], colours: Sequence[str]) -> None:
    """Write each axis in the colour of its curve, where it has but one."""
    for axes, side in ((left, "left"), (right, "right")):
        own = {colour for line, colour in zip(series, colours, strict=True) if line.axis == side}
        # An axis that serves several curves stays in ink: no colour would be right.
        if len(own) == 1:
            axes.yaxis.label.set_color(own.pop())


def accuracy_against_loss(
    epochs: _Numbers,
    accuracy: _Numbers,
    *,
    loss: _Numbers,
    val_accuracy: _Numbers | None = None,
    val_loss: _Numbers | None = None,
) -> str:
    """Return the lab's picture: accuracy (left) and training loss (right) over epochs, on one drawing."""
    curves = [Line("training accuracy", epochs, accuracy)]
    if val_accuracy is not None:
        curves.append(Line("validation accuracy", epochs, val_accuracy, dashed=True))
    curves.append(Line("training loss", epochs, loss, axis="right"))
    if val_loss is not None:
        curves.append(Line("validation loss", epochs, val_loss, axis="right", dashed=True))
    return lines(*curves, x_label="epoch", y_label="accuracy", right_label="loss", height=3.2)


def learning_rates(epochs: _Numbers, rates: _Numbers) -> str:
    """Return a learning-rate schedule as SVG, drawn in steps: each rate belongs to one epoch."""
    equal_columns("learning rates", epochs, rates)

    def draw(axes: Axes) -> None:
        # `mid`: the rate of an epoch holds around its place on the axis, not from there to the next.
        axes.step(numbers(epochs, "steps"), numbers(rates, "rates"), where="mid", color=SERIES[0])
        _scaled(axes, "epoch", "learning rate", False, epochs)
        axes.set_ylim(bottom=0)

    return drawn(draw, height=2.0)


def gradient_norms(distances: _Numbers, *series: Line) -> str:
    """Return norms of gradients on a logarithmic axis; each line's `y` belongs to `distances` (its `x` is not read).

    Norms of zero cannot stand on such an axis and are left out.
    """
    curves = [
        # The logarithm of zero is no place on the axis; a gap is, and says where the gradient has vanished.
        Line(line.name, distances, [value or None for value in line.y], line.low, line.high, dashed=line.dashed)
        for line in series
    ]
    return lines(*curves, x_label="steps back in time", y_label="norm of the gradient", log=True)


def actual_against_predicted(
    times: _Times,
    actual: _Numbers,
    *,
    predicted: _Numbers,
    low: _Numbers | None = None,
    high: _Numbers | None = None,
    test_from: int | None = None,
    x_label: str = "time",
    y_label: str = "value",
) -> str:
    """Return a series beside its forecast; None leaves a gap, and the rows from `test_from` on stand on a shade.

    Times are numbers or texts such as dates; texts are placed at even distances. Raises UsageError for unequal columns.
    """
    equal_columns("actual against predicted", times, actual, predicted)
    dates = [str(time) for time in times] if any(isinstance(time, str) for time in times) else []
    # Dates are drawn by their place in the series: rows of a series are evenly spaced.
    x = [float(position) for position in range(len(times))] if dates else numbers(times, "times")

    def draw(axes: Axes) -> None:
        axes.plot(x, numbers(actual, "actual"), color=INK, lw=1.1, label="actual")
        _curve(axes, Line("predicted", x, predicted, low, high), SERIES[1])
        if test_from is not None and 0 <= test_from < len(x):
            axes.axvspan(x[test_from], x[-1], color=QUIET, alpha=0.13, lw=0, zorder=0, label="test part")
        _scaled(axes, x_label, y_label, False, [None] if dates else x)
        _dated(axes, dates)
        legend_above(axes)

    return drawn(draw, height=3.0)


def _dated(axes: Axes, dates: Sequence[str]) -> None:
    """Write a few of the dates at their places."""
    if dates:
        # The first distance that is long enough and means something; in the longest series any distance has to do.
        least = math.ceil(len(dates) / TICKS)
        places = range(0, len(dates), next((stride for stride in STRIDES if stride >= least), least))
        axes.set_xticks(list(places), [label(dates[place], 16) for place in places])


def actual_against_predicted_points(actual: _Numbers, predicted: _Numbers) -> str:
    """Return a point for each row over the line of perfect agreement; at most 2000 points, at even distances."""
    equal_columns("actual against predicted", actual, predicted)
    both = [(a, p) for a, p in zip(actual, predicted, strict=True) if a is not None and p is not None]
    # At even distances instead of at random: the same rows give the same picture.
    kept = both[:: max(1, math.ceil(len(both) / MOST_POINTS))]
    x, y = numbers([a for a, _ in kept], "actual"), numbers([p for _, p in kept], "predicted")

    def draw(axes: Axes) -> None:
        finite = [value for value in (*x, *y) if math.isfinite(value)]
        draw_diagonal(axes, min(finite), max(finite))
        axes.scatter(x, y, s=9, color=SERIES[0], alpha=0.55, lw=0)
        _scaled(axes, "actual", "predicted", False, [None])
        # Both axes measure the same thing, so that the diagonal means what it seems to.
        axes.set_aspect("equal")

    return drawn(draw, width=HALF, height=HALF * 0.92)
