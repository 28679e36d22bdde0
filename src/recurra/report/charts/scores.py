"""Pictures of scores and counts: bars, confusion, calibration, histograms.

Not here: curves over time (curves.py), or what all charts share (canvas.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from recurra.errors import UsageError
from recurra.report.charts.canvas import (
    DASHES,
    HALF,
    SERIES,
    WIDE,
    draw_diagonal,
    drawn,
    equal_columns,
    label,
    lay_rows,
    name_axes,
    numbers,
    write_beside,
)
from recurra.report.numbers import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LABELS = 24
"""Classes a confusion chart can show with readable counts."""

UNDER_WORDS = 0.5
"""How opaque the fullest square is that words stand on: their contrast stays above 4.5 in the light and in the dark."""


def bars(names: Sequence[str], values: Sequence[float], *, x_label: str = "", decimals: int | None = None) -> str:
    """Return lying bars with their values."""
    equal_columns("bars", names, values)
    heights = numbers(values, "bars")

    def draw(axes: Axes) -> None:
        places = list(range(len(heights)))
        axes.barh(places, heights, height=0.62, color=SERIES[0], alpha=0.85, lw=0)
        for place, height in enumerate(heights):
            # Past the bar's end, on the side to which it points; a value that is missing stands at zero.
            end = (height if math.isfinite(height) else 0.0, place)
            side, offset = ("left", 5) if height >= 0 else ("right", -5)
            write_beside(axes, number(height, decimals), end, (offset, 0), ha=side, va="center")
        axes.margins(x=0.14)
        lay_rows(axes, list(map(label, names)), x_label)

    return drawn(draw, height=0.55 + 0.30 * len(heights) + (0.2 if x_label else 0.0))


def confusion(matrix: Sequence[Sequence[int]], labels: Sequence[str]) -> str:
    """Return counts of true (down) against predicted (across) labels, shaded by the share of the true label's rows.

    Raises UsageError unless the matrix is square, of as many labels, and at most 24 a side.
    """
    size = len(labels)
    if not 0 < size <= MOST_LABELS or [len(row) for row in matrix] != [size] * size:
        raise UsageError("confusion matrix", found=f"{len(matrix)} rows for {size} labels", allowed="square, up to 24")
    # Shaded by the row's share, not by the count: a rare label's errors are as dark as a frequent one's.
    shares = [[count / (sum(row) or 1) for count in row] for row in matrix]
    words = [[number(int(count)) for count in row] for row in matrix]
    # Few labels fit beside the calibration; many take the text's width, and no more.
    side = HALF if size <= 5 else min(WIDE, 1.6 + 0.42 * size)

    def draw(axes: Axes) -> None:
        _tiles(axes, shares, words)
        names = [label(name, 16) for name in labels]
        # Names that would run into each other are turned.
        turned = 90 if size * max(map(len, names)) > 9 * side else 0
        axes.set_xticks([place + 0.5 for place in range(size)], names, rotation=turned)
        axes.set_yticks([place + 0.5 for place in range(size)], names)
        name_axes(axes, "predicted", "true")

    return drawn(draw, width=side, height=side * 0.9, tiled=True)


def _tiles(axes: Axes, shares: Sequence[Sequence[float]], words: Sequence[Sequence[str]]) -> None:
    """Fill a grid of squares, each as opaque as its share, with words on them."""
    from matplotlib.patches import Rectangle

    for row, values in enumerate(shares):
        for column, share in enumerate(values):
            # As a share of one colour over the page's own ground: right in the light and in the dark.
            alpha = round(min(1.0, share) * UNDER_WORDS, 3)
            axes.add_patch(Rectangle((column, row), 1, 1, facecolor=SERIES[0], alpha=alpha, lw=0))
            axes.text(column + 0.5, row + 0.5, words[row][column], ha="center", va="center")
    axes.set_xlim(0, len(shares))
    # The first label stands on top, so that what is right lies on the falling diagonal.
    axes.set_ylim(len(shares), 0)
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines["bottom"].set_visible(False)


def calibration(confidences: Sequence[float], accuracies: Sequence[float], counts: Sequence[int]) -> str:
    """Return accuracy against confidence, one dot a bin, its area the bin's share of rows; on the line is honest."""
    equal_columns("calibration", confidences, accuracies, counts)
    # An empty bin has no accuracy; a dot at zero would look like a bin that is always wrong.
    filled = [place for place, count in enumerate(counts) if count > 0]
    if not filled:
        raise UsageError("calibration", found="no bin with rows", advice="leave the chart out")
    most = max(counts)
    # A least area keeps a bin of a single row visible.
    areas = [12 + 110 * counts[place] / most for place in filled]
    x = numbers([confidences[place] for place in filled], "confidence")
    y = numbers([accuracies[place] for place in filled], "accuracy")

    def draw(axes: Axes) -> None:
        # Down to the tenth below what there is: of two classes no confidence lies under a half.
        low = max(0.0, math.floor(10 * min(*x, *y) - 0.5) / 10)
        draw_diagonal(axes, low, 1)
        axes.plot(x, y, color=SERIES[0], lw=1.0, alpha=0.7)
        axes.scatter(x, y, s=areas, color=SERIES[0], lw=0, alpha=0.8, zorder=3)
        name_axes(axes, "confidence", "accuracy")
        axes.margins(0.06)
        axes.set_aspect("equal")

    return drawn(draw, width=HALF, height=HALF * 0.9)


def histogram(
    values: Sequence[float], *, x_label: str, y_label: str = "rows", bins: int = 40, marker: float | None = None
) -> str:
    """Return how often values fall into even bins; `marker` draws a line at a value such as the length cap."""
    finite = [value for value in numbers(values, "histogram") if math.isfinite(value)]

    def draw(axes: Axes) -> None:
        axes.hist(finite, bins=bins, color=SERIES[0], alpha=0.8, lw=0, rwidth=0.9)
        if marker is not None:
            axes.axvline(marker, color=SERIES[1], lw=1.1, ls=DASHES)
            write_beside(axes, number(marker), (marker, 1.0), (4, -8), xycoords=("data", "axes fraction"))
        name_axes(axes, x_label, y_label)

    return drawn(draw, height=2.3)
