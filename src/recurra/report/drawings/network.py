"""A network drawn through time: the steps of a sequence side by side, the layers one above the other.

Not here: the inside of a recurrent cell (cells.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from recurra.errors import UsageError
from recurra.report.blocks import Align, Table
from recurra.report.charts.canvas import label
from recurra.report.drawings.strokes import RING, Point, box, ring, sheet, symbol, wire, words

Shape = str | Sequence[int | str]

STEPS = ("1", "2", "3", "T")
PLACES = (232.0, 322.0, 412.0, 562.0)
"""Where the steps stand; between the third and the last there are dots."""
DOTS = 487.0
MIDDLE = 397.0
BOX: Point = (60.0, 36.0)
FLOOR = 78.0
"""Pixels from one layer to the next."""
WIDTH = 760.0
LETTERS = {"embedding": "e", "recurrent": "h"}
"""The symbol of what a layer gives out at each step."""
BESIDE = ("wide", "grams", "patches")
"""Kinds of layers that read the input by themselves: what they give is added to what the others gave."""
ASIDE = 255.0
"""Where their boxes stand."""


class DrawnLayer(NamedTuple):
    """One layer as it is drawn: its kind decides how, the rest is written beside it."""

    name: str
    kind: str
    """embedding, recurrent, pooling, dense, tied, or one of `BESIDE`; what is not known is drawn as a dense layer."""
    detail: str
    shape: Shape


def shape_text(shape: Shape) -> str:
    """Write a shape as (64, 128)."""
    return shape if isinstance(shape, str) else f"({', '.join(map(str, shape))})"


def network_diagram(
    layers: Sequence[tuple[str, str, str, Shape]], *, bidirectional: bool = False, source: str = "x"
) -> str:
    """Return the network unrolled through time as SVG, from the input at the foot to the output on top.

    Each layer is (name, kind, detail, shape). Layers work on every step until one of kind pooling makes one vector of
    the sequence; a pooling whose detail is "last" reads the last step alone. `source` is the input's symbol.
    Raises UsageError without layers.
    """
    every = [DrawnLayer(*layer) for layer in layers]
    rows = [row for row in every if row.kind not in BESIDE]
    if not rows:
        raise UsageError("layers of a diagram", found="none", allowed="at least one that values flow through")
    beside = [row for row in every if row.kind in BESIDE]
    # Input symbols below and the output above take what is left beside a floor for each layer.
    height = FLOOR * len(every) + 108.0
    floor = height - 34.0
    parts = [symbol((x, floor), source, step) for x, step in zip(PLACES, STEPS, strict=True)]
    parts.append(words((DOTS, floor), "…", size=17))
    places: Sequence[float] = PLACES
    below = floor - 14.0
    for position, row in enumerate(rows):
        middle = floor - FLOOR * (position + 1) + 14.0
        drawn, after = _layer(row, places, (below, middle), bidirectional)
        parts += [drawn, _beside(row, middle)]
        # Behind a pooling there is one vector: the layers above it get one box instead of one at each step.
        places, below = after, middle - BOX[1] / 2
    for position, row in enumerate(beside, start=len(rows) + 1):
        middle = floor - FLOOR * position + 14.0
        parts += [_added(row, places[-1], (below, middle)), _beside(row, middle)]
        places, below = places[-1:], middle - RING
    parts += [wire((x, below), (x, below - 34)) for x in places]
    parts += _results(places, below - 46)
    return sheet(WIDTH, height, parts)


def _results(places: Sequence[float], y: float) -> list[str]:
    """Name what comes out: one output, or one at each step."""
    if len(places) == 1:
        return [words((places[0], y), "output", size=12.5, quiet=True)]
    named = [symbol((x, y), "y", step) for x, step in zip(places, STEPS, strict=True)]
    return [*named, words((DOTS, y), "…", size=17)]


def _beside(row: DrawnLayer, y: float) -> str:
    """Write a layer's name and detail to the left and its output's shape to the right."""
    detail = words((14, y + 10), label(row.detail, 30), anchor="start", size=11.5, quiet=True) if row.detail else ""
    name = words((14, y - (8 if detail else 0)), label(row.name, 24), anchor="start", size=14, serif=True)
    return name + detail + words((WIDTH - 14, y), label(shape_text(row.shape), 20), anchor="end", size=12.5)


def _layer(
    row: DrawnLayer, places: Sequence[float], heights: Point, bidirectional: bool
) -> tuple[str, Sequence[float]]:
    """Return a layer's drawing and where its outputs stand; `heights` are where its inputs end and its own middle."""
    below, y = heights
    foot = y + BOX[1] / 2
    if row.kind == "pooling" and len(places) > 1:
        # Only the last step's arrow is drawn, since no other state is read.
        if row.detail.strip() == "last":
            return wire((places[-1], below), (places[-1], foot)) + _named_box(row, (places[-1], y)), places[-1:]
        arrows = "".join(wire((x, below), (x, foot)) for x in places)
        # One box over all steps: every state goes into it.
        wide = (PLACES[-1] - PLACES[0] + BOX[0], BOX[1])
        return arrows + box((MIDDLE, y), wide) + words((MIDDLE, y), label(row.name, 40), size=12.5), (MIDDLE,)
    if len(places) == 1:
        return wire((places[0], below), (places[0], foot)) + _named_box(row, (places[0], y)), places
    drawing = "".join(wire((x, below), (x, foot)) + box((x, y), BOX, tint=_tint(row)) for x in places)
    # A layer without a symbol of its own is named inside its boxes.
    letter = LETTERS.get(row.kind)
    for x, step in zip(places, STEPS, strict=True):
        drawing += symbol((x, y - 1), letter, step, size=16) if letter else words((x, y), label(row.kind, 9))
    return drawing + (_through_time(y, bidirectional) if row.kind == "recurrent" else ""), places


def _added(row: DrawnLayer, place: float, heights: Point) -> str:
    """Return a layer that stands beside the others, and the ring where what it gives is added to what they gave."""
    below, y = heights
    # Its own input is the sequence itself: an arrow from below the box stands for it.
    feet = wire((ASIDE, y + BOX[1] / 2 + 18), (ASIDE, y + BOX[1] / 2))
    joined = wire((ASIDE + 55, y), (place - RING, y)) + wire((place, below), (place, y + RING))
    return _named_box(row, (ASIDE, y)) + feet + joined + ring((place, y), "plus")


def _named_box(row: DrawnLayer, middle: Point) -> str:
    """Return the box of a layer that sees one vector, with its name."""
    return box(middle, (110, BOX[1]), tint=_tint(row)) + words(middle, label(row.name, 18), size=12.5)


def _tint(row: DrawnLayer) -> float:
    return 0.14 if row.kind == "recurrent" else 0.06


def _through_time(y: float, bidirectional: bool) -> str:
    """Return the arrows that carry the state from step to step, both ways where the layer reads both ways."""
    half = BOX[0] / 2
    starts = [PLACES[0] + half, PLACES[1] + half, PLACES[2] + half, DOTS + 12]
    ends = [PLACES[1] - half, PLACES[2] - half, DOTS - 12, PLACES[3] - half]
    # The two directions run beside each other instead of over one line.
    shift = 6.0 if bidirectional else 0.0
    parts = [words((DOTS, y), "…", size=17)]
    for start, end in zip(starts, ends, strict=True):
        parts.append(wire((start, y - shift), (end, y - shift)))
        if bidirectional:
            parts.append(wire((end, y + shift), (start, y + shift)))
    return "".join(parts)


def summary_table(rows: Sequence[tuple[str, str, Shape, int]], caption: str = "") -> Table:
    """Return the layers with their output's shape and count of weights, and the sum below.

    Each row is (name, kind, shape, parameters).
    """
    lines = tuple((name, kind, shape_text(shape), int(count)) for name, kind, shape, count in rows)
    # In whole numbers: a sum of floats would be written with decimals.
    total = ("sum", "", "", sum(line[3] for line in lines))
    align: tuple[Align, ...] = ("left", "left", "left", "right")
    return Table(("layer", "kind", "output shape", "parameters"), lines, caption, align, total)
