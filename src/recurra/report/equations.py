"""Equations on a page: a cell's own, written by its step, and the recurrence as the lab record writes it.

Not here: how a step becomes a formula (cells/backends/mathml.py), or the page around it.
"""

from __future__ import annotations

from recurra.cells import CELLS
from recurra.cells.backends.mathml import BEFORE, NOW, aligned, applied, equations, letter, lower, operator, row
from recurra.cells.cell import Activation
from recurra.report.blocks import Equation


def cell_equations(cell: str, activation: Activation = "tanh", *, reset_after: bool = True) -> Equation:
    """Return the equations of a cell by its name; the GRU has two forms."""
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
