"""Pictures of the lab pages: a training beside what was recorded, a ladder of steps, a text read word by word, words.

Not here: curves in general (curves.py), or what all charts share (canvas.py).
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from recurra.errors import UsageError
from recurra.report.charts.canvas import (
    DASHES,
    INK,
    QUIET,
    SERIES,
    colour_of,
    draw_diagonal,
    drawn,
    equal_columns,
    label,
    lay_rows,
    legend_above,
    name_axes,
    numbers,
    right_axis,
    whole_ticks,
    write_beside,
)
from recurra.report.numbers import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Seeds = Sequence[Sequence[float]]
"""One curve for each seed."""
DOTS = (0, (1.0, 2.2))


def training_beside_recorded(
    curves: Mapping[str, _Seeds], *, kept: Sequence[int], recorded: Mapping[str, float]
) -> str:
    """Return accuracy (left) and losses (right) over epochs as SVG, each seed a thin line.

    `curves` holds accuracy, loss, val_accuracy and val_loss, a list over epochs for each seed; `kept` the epoch that
    each seed keeps. `recorded` figures, an accuracy and a loss, are dotted lines; kept epochs are rings on validation's
    curves.
    """

    def draw(left: Axes) -> None:
        right = right_axis(left, "loss, nats")
        # Colour says which quantity, dashes which part, so that four curves of each seed need no more than two colours.
        words = {
            "accuracy": f"recorded {100 * recorded['accuracy']:g} %",
            "loss": f"recorded loss {recorded['loss']:g}",
        }
        for axes, quantity, colour in ((left, "accuracy", SERIES[0]), (right, "loss", SERIES[1])):
            _seeds(axes, f"training {quantity}", curves[quantity], colour, kept=())
            _seeds(axes, f"validation {quantity}", curves[f"val_{quantity}"], colour, kept=kept)
            _recorded(axes, recorded[quantity], words[quantity], colour)
            axes.yaxis.label.set_color(colour)
        name_axes(left, "epoch", "accuracy")
        # Seeds may have stopped at different epochs.
        last = max(map(len, curves["accuracy"]))
        # A loss begins at zero; a cut axis would make over-training look worse than it is.
        right.set_ylim(bottom=0)
        left.set_xlim(0.5, last + 0.5)
        whole_ticks(left, 10)
        legend_above(left, right)

    return drawn(draw, height=3.3)


def _seeds(axes: Axes, name: str, seeds: _Seeds, colour: str, *, kept: Sequence[int]) -> None:
    """Draw one quantity: validation is dashed, and rings stand on the epochs that were kept."""
    dashes = DASHES if name.startswith("validation") else "-"
    for position, values in enumerate(seeds):
        heights = numbers(values, name)
        epochs = range(1, len(heights) + 1)
        # Named once, by the first seed; a name that begins with an underscore stays out of the legend.
        axes.plot(epochs, heights, color=colour, ls=dashes, lw=1.1, label=name if position == 0 else "_")
        if position < len(kept):
            axes.plot(kept[position], heights[kept[position] - 1], "o", mfc="none", mec=colour, ms=6.5, mew=1.1)


def _recorded(axes: Axes, value: float, text: str, colour: str) -> None:
    """Draw a recorded value through all epochs; its name stands where early epochs leave room."""
    # Through all epochs, since the record does not tell at which its figure was read.
    axes.axhline(value, color=colour, ls=DOTS, lw=1.1)
    # Along x in shares of the axis, along y in the curve's own unit.
    place = (0.12, value)
    along = axes.get_yaxis_transform()
    write_beside(axes, text, place, (0, 3), xycoords=along, color=colour, ha="left", va="bottom", fontsize=7.6)


def dots_and_ranges(
    names: Sequence[str],
    seeds: _Seeds,
    *,
    x_label: str,
    line: tuple[float, str] | None = None,
    decimals: int = 1,
    middle: Literal["mean", "median"] = "mean",
) -> str:
    """Return one row for each name as SVG: a dot for each seed, a line from least to most, their `middle` beside it.

    `line` is a value to compare with and its name, drawn through all rows.
    """
    equal_columns("dots", names, seeds)
    rows = [numbers(values, "dots") for values in seeds]

    def draw(axes: Axes) -> None:
        for place, values in enumerate(rows):
            # The line from least to most lies under the dots: with one seed it has no length.
            axes.plot([min(values), max(values)], [place, place], color=SERIES[0], alpha=0.35, lw=4)
            axes.plot(values, [place] * len(values), "o", color=SERIES[0], mew=0, ms=4.2, alpha=0.85)
            # Written behind the farthest dot, where no other dot of the row can cover it.
            text = number(float(getattr(statistics, middle)(values)), decimals)
            write_beside(axes, text, (max(values), place), (7, 0), ha="left", va="center")
        if line:
            axes.axvline(line[0], color=QUIET, ls=DASHES, lw=1.0, label=label(line[1]))
            legend_above(axes)
        lay_rows(axes, [label(name, 48) for name in names], x_label)
        axes.margins(x=0.09)
        # Half a row above and below: no dot and no number stands on the axis.
        axes.set_ylim(len(rows) - 0.5, -0.5)

    return drawn(draw, height=0.75 + 0.29 * len(rows))


def marked_points(actual: Sequence[float], predicted: Sequence[float], *, place: int, text: str) -> str:
    """Return predicted over actual values as SVG, as wide as the text, with the pair at `place` ringed and named."""
    equal_columns("actual against predicted", actual, predicted)
    x, y = numbers(actual, "actual"), numbers(predicted, "predicted")

    def draw(axes: Axes) -> None:
        # Over all values of both axes: on it an answer is right.
        draw_diagonal(axes, min(*x, *y), max(*x, *y))
        axes.plot(x, y, "o", color=SERIES[0], mew=0, ms=4.6)
        axes.plot([x[place]], [y[place]], "o", mfc="none", mec=SERIES[1], ms=10, mew=1.4)
        write_beside(axes, label(text, 60), (x[place], y[place]), (12, -12), color=SERIES[1], ha="left", va="top")
        name_axes(axes, "actual", "predicted")
        whole_ticks(axes, 10)

    return drawn(draw, height=3.4)


def reading(words: Sequence[str], answers: Mapping[str, Sequence[float]], *, x_label: str) -> str:
    """Return a text read downwards as SVG: beside each word each net's answer once it has read so far (0 to 1)."""
    if not words:
        raise UsageError("words of a reading", found="none", allowed="at least one")
    equal_columns("a reading", words, *answers.values())

    def draw(axes: Axes) -> None:
        places = list(range(len(words)))
        axes.axvline(0.5, color=INK, lw=0.6, alpha=0.5)
        for position, (name, values) in enumerate(answers.items()):
            shares = numbers(values, name)
            axes.plot(shares, places, color=colour_of(position), marker="o", mew=0, ms=3.2, lw=1.2, label=label(name))
        axes.set_yticks(places, [label(word, 16) for word in words])
        # Downwards, as a text is read, with half a line of room above and below.
        axes.set_ylim(len(words) - 0.4, -0.6)
        axes.set_xlim(0, 1)
        name_axes(axes, x_label)
        axes.grid(axis="x", visible=True)
        legend_above(axes)

    return drawn(draw, height=0.75 + 0.165 * len(words))


_Point = tuple[float, float]


def word_map(words: Sequence[str], before: Sequence[_Point], after: Sequence[_Point], *, groups: Sequence[int]) -> str:
    """Return words on a plane as SVG: a ring where each began, a dot and its name where it ended, an arrow between.

    `groups` gives each word the place of its colour.
    """
    equal_columns("a map of words", words, before, after, groups)

    def draw(axes: Axes) -> None:
        # Names are put beside their dots before any is drawn: each must know where the others end.
        sides = _free_sides(before, after)
        for word, start, end, group, side in zip(words, before, after, groups, sides, strict=True):
            colour = colour_of(group)
            axes.annotate("", end, start, arrowprops={"arrowstyle": "-", "color": colour, "alpha": 0.45, "lw": 1.0})
            axes.plot(*start, "o", mfc="none", mec=colour, ms=4.2, mew=0.9)
            axes.plot(*end, "o", color=colour, mew=0, ms=4.2)
            towards = "left" if side > 0 else "right"
            write_beside(axes, label(word, 20), end, (5 * side, 0), va="center", color=colour, ha=towards)
        # The plane of principal components has no unit: only distances between words mean anything.
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines["bottom"].set_visible(False)
        axes.margins(0.12)
        # Distances are compared in all directions, so that both axes must have one scale.
        axes.set_aspect("equal", adjustable="datalim")

    return drawn(draw, height=3.9)


def _free_sides(before: Sequence[_Point], after: Sequence[_Point]) -> list[int]:
    """Tell for each word whether its name goes right (1) or left (-1): onwards, unless another word is there."""
    # Words that all lie on one line have no height: 1 keeps the shares below from a division by zero.
    width, height = (max(axis) - min(axis) or 1.0 for axis in zip(*after, strict=True))

    def taken(end: _Point, side: int) -> bool:
        return any(0 < side * (x - end[0]) / width < 0.14 and abs(y - end[1]) / height < 0.05 for x, y in after)

    onwards = [1 if end[0] >= start[0] else -1 for start, end in zip(before, after, strict=True)]
    return [-side if taken(end, side) else side for side, end in zip(onwards, after, strict=True)]
