"""The minGRU: no product of the state, so that all products are made at once and the rest is a scan.

Not here: the scan (scan.py), and its kernels (native/src/kernels/cell/).
"""

from __future__ import annotations

from recurra.cells.cell import Cell, CellState, Operations, StateWeights, Value


def step(op: Operations, x: Value, state: CellState, weights: StateWeights) -> CellState:
    """The state moves by the share z towards what the input brings."""
    (h,) = state
    # Neither z nor n reads the state: all steps' products are one large product.
    z, n = op.split(x)
    return (op.mix(op.let("z", op.sigmoid(z)), n, h),)


CELL = Cell(
    name="mingru",
    noun="a minGRU",
    gates={"z": "update", "n": "new"},
    step=step,
    paper="Feng et al. 2024, Were RNNs all we needed?, section 3.1",
    vectors=(),
    native=True,
)
