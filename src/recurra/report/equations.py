"""A cell on a page: its equations, written by its step, and its drawing; the recurrence as the lab record writes it.

Not here: how a step becomes a formula (cells/backends/mathml.py), or the drawings (drawings/cells.py).
"""

from __future__ import annotations

from recurra.cells import CELLS
from recurra.cells.backends.mathml import BEFORE, NOW, aligned, applied, equations, letter, lower, operator, row
from recurra.cells.cell import Activation
from recurra.report.blocks import Block, Equation, Figure, Paragraph
from recurra.report.drawings.cells import DRAWINGS, cell_diagram


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
    equations = cell_equations(cell, activation, reset_after=reset_after)
    # A cell that somebody has added has no drawing yet; its equation needs none.
    if cell not in DRAWINGS:
        return [Paragraph(caption), equations]
    drawing = cell_diagram(cell, inputs=inputs, hidden=hidden, activation=activation, reset_after=reset_after)
    return [equations, Figure(drawing, caption)]
