"""A recurrent cell on a page: its equations, written by its step, and one step of it drawn, with the shapes at hand.

A drawing is a text, cells/NAME.txt: its first line tells its size in pixels, each further one a stroke of strokes.py
with its values; `x,y` is a place, `name=value` a choice. Places are set by hand: the eye, not a rule, decides where
wires run. {inputs}, {hidden}, {rows} (of all gates) and {function} are filled in. A line that begins with `after` or
`before` belongs to the form of the GRU whose reset is applied after the recurrent product, or before it.

Not here: how a step becomes a formula (cells/backends/mathml.py); the network around the cell (network.py).
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from recurra.cells import CELLS
from recurra.cells.backends.mathml import (
    BEFORE,
    FUNCTION,
    NOW,
    aligned,
    applied,
    equations,
    letter,
    lower,
    operator,
    row,
)
from recurra.cells.cell import Activation
from recurra.errors import UsageError
from recurra.report.blocks import Block, Equation, Figure, Paragraph
from recurra.report.drawings.strokes import box, dot, frame, gate, ring, sheet, symbol, wire, words


def cell_equations(cell: str, activation: Activation = "tanh", *, reset_after: bool = True) -> Equation:
    """Return the equations of a cell by its name; the GRU has two forms."""
    # The step itself runs, over formulas instead of arrays: no second text of the equation that could differ.
    lines = equations(CELLS[cell], activation, reset_after=reset_after)
    return Equation(aligned(lines) if len(lines) > 1 else row(lines[0][0], operator("="), lines[0][1]))


def recorded_rnn_equation(caption: str = "") -> Equation:
    """Return the recurrence as the classic lab record writes it, with the index k that a single layer drops."""

    def hidden(time: str) -> str:
        k = letter("k") if time == NOW else "<mrow><mi>k</mi><mo>−</mo><mn>1</mn></mrow>"
        return f"<msubsup>{letter('h')}{k}<mrow><mo>(</mo>{time}<mo>)</mo></mrow></msubsup>"

    vector = f"<msup>{letter('e')}<mrow><mo>(</mo>{NOW}<mo>)</mo></mrow></msup>"
    inner = row(
        lower("w", letter("h")), hidden(BEFORE), operator("+"), lower("w", letter("e")), vector,
        operator("+"), letter("b"),
    )  # fmt: skip
    return Equation(row(hidden(NOW), operator("="), applied("σ", inner)), caption)


def cell_blocks(
    cell: str, *, inputs: int, hidden: int, activation: Activation, reset_after: bool, caption: str
) -> list[Block]:
    """Return the equations, then the drawing with these sizes; of an undrawn cell the caption and the equations."""
    formula = cell_equations(cell, activation, reset_after=reset_after)
    # A cell that somebody has added has no drawing yet; its equation needs none.
    if not _drawing(cell).is_file():
        return [Paragraph(caption), formula]
    drawing = cell_diagram(cell, inputs=inputs, hidden=hidden, activation=activation, reset_after=reset_after)
    return [formula, Figure(drawing, caption)]


def cell_diagram(
    cell: str, *, inputs: int, hidden: int, activation: Activation = "tanh", reset_after: bool = True
) -> str:
    """Return one step of a cell as SVG: x_t (inputs), h_{t−1} and h_t (hidden), its gates, and its weights' shapes.

    Raises UsageError for a cell that is not known or an activation it has not.
    """
    # Both are checked: a drawing with another function in its gate would show a cell that does not exist.
    drawn = {name: known.activations for name, known in CELLS.items() if _drawing(name).is_file()}
    if activation not in drawn.get(cell, ()):
        raise UsageError(
            "cell of a diagram",
            found=f"{cell} with {activation}",
            allowed="; ".join(f"{name} with {', '.join(activations)}" for name, activations in drawn.items()),
        )
    # Counted in the cell's own record, so that the shapes told are right whatever was drawn.
    rows = hidden * len(CELLS[cell].gates)
    text = _drawing(cell).read_text("utf-8")
    filled = text.format(inputs=inputs, hidden=hidden, rows=rows, function=FUNCTION[activation])
    # Only a GRU has two forms; no line of another cell names one, so that the setting changes nothing there.
    form, other = ("after ", "before ") if reset_after else ("before ", "after ")
    lines = [line.removeprefix(form) for line in filled.splitlines() if not line.startswith(other)]
    (_, width, height), *strokes = filter(None, (shlex.split(line, comments=True) for line in lines))
    return sheet(float(width), float(height), [_stroke(*stroke) for stroke in strokes])


def _drawing(cell: str) -> Traversable:
    """Return the file that tells the strokes of a cell's drawing, whether it is there or not."""
    return files("recurra.report.drawings") / "cells" / f"{cell}.txt"


def _stroke(name: str, *written: str) -> str:
    """Return one stroke of a drawing's file: its name, its values, and choices written `name=value`."""
    values = [_value(text) for text in written if "=" not in text]
    choices = dict(text.split("=", 1) for text in written if "=" in text)
    return STROKES[name](*values, **{choice: _value(text) for choice, text in choices.items()})


def _value(text: str) -> Any:
    """Read a value: a place `x,y`, a number, else words."""
    try:
        return tuple(map(float, text.split(","))) if "," in text else float(text)
    except ValueError:
        return text


STROKES: dict[str, Callable[..., str]] = {
    "box": box,
    "dot": dot,
    "frame": frame,
    "gate": gate,
    "ring": ring,
    "symbol": symbol,
    "wire": wire,
    "words": words,
}
