"""The gated recurrent unit, in both forms: the reset meets the product of the state, or the state before it.

Not here: which form a net has (`reset_after` in config.py), and its kernels (native/src/kernels/cell/).
"""

from __future__ import annotations

from recurra.cells.cell import Cell, CellState, Operations, StateWeights, Value


def step(op: Operations, x: Value, state: CellState, weights: StateWeights) -> CellState:
    """The reset meets the product, as in cuDNN, torch and Keras' default: one product makes all gates."""
    (h,) = state
    x_r, x_z, x_n = op.split(x)
    # One product for all three gates: r meets it afterwards, so n need not wait for r.
    h_r, h_z, h_n = op.split(weights.product(h))
    r = op.let("r", op.sigmoid(x_r + h_r))
    z = op.let("z", op.sigmoid(x_z + h_z))
    n = op.let("n", op.activate(x_n + r * h_n))
    return (op.mix(z, h, n),)


def step_before(op: Operations, x: Value, state: CellState, weights: StateWeights) -> CellState:
    """The reset meets the state, as it was first written: Keras' `reset_after=False`."""
    (h,) = state
    x_r, x_z, x_n = op.split(x)
    r = op.let("r", op.sigmoid(x_r + weights.product(h, "r")))
    z = op.let("z", op.sigmoid(x_z + weights.product(h, "z")))
    # This product waits for r, so there are two products a step, one after the other.
    n = op.let("n", op.activate(x_n + weights.product(r * h, "n")))
    return (op.mix(z, h, n),)


CELL = Cell(
    name="gru",
    noun="a GRU",
    gates={"r": "reset", "z": "update", "n": "new"},
    step=step,
    paper="Cho et al. 2014, Learning phrase representations using RNN encoder-decoder",
    before=step_before,
    native=True,
)
