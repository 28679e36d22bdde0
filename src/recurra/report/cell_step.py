"""One step of a cell on a page: its equations, and its drawing where somebody has drawn it.

Not here: the drawings (cell_diagrams.py) and the equations (equations.py).
"""

from __future__ import annotations

from recurra.cells.cell import Activation
from recurra.report.blocks import Block, Figure, Paragraph
from recurra.report.cell_diagrams import DRAWINGS, cell_diagram
from recurra.report.equations import cell_equations


def cell_blocks(
    cell: str, *, inputs: int, hidden: int, activation: Activation, reset_after: bool, caption: str
) -> list[Block]:
    """Return the equations, then the drawing with these sizes; of an undrawn cell the caption and the equations."""
    equations = cell_equations(cell, activation, reset_after=reset_after)
    if cell not in DRAWINGS:
        return [Paragraph(caption), equations]
    drawing = cell_diagram(cell, inputs=inputs, hidden=hidden, activation=activation, reset_after=reset_after)
    return [equations, Figure(drawing, caption)]
