"""The simple recurrent unit. Its highway is a product of the input, so that widths may differ.

Not here: the scan (scan.py), and its kernels (native/src/kernels/cell/).
"""

from __future__ import annotations

from recurra.cells.cell import Cell, CellState, Operations, StateWeights, Value


def step(op: Operations, x: Value, state: CellState, weights: StateWeights) -> CellState:
    """Vectors meet the inner state unit by unit; the reset mixes it with the highway w."""
    # The output of the step before is not read: only c goes on from step to step.
    _, c = state
    n, f, r, w = op.split(x)
    v_f, v_r = weights.vectors
    f, r = op.let("f", op.sigmoid(f + v_f * c)), op.let("r", op.sigmoid(r + v_r * c))
    c = op.let("c", op.mix(f, c, n))
    # w stands where the paper has the input itself, which would have to be as wide as the state.
    return (op.mix(r, c, w), c)


CELL = Cell(
    name="sru",
    noun="an SRU",
    gates={"n": "new", "f": "forget", "r": "reset", "w": "highway"},
    step=step,
    paper="Lei et al. 2018, Simple recurrent units for highly parallelizable recurrence",
    states=("hidden", "cell"),
    vectors=("f", "r"),
    native=True,
)
