"""The simple recurrent network.

Not here: other activations than its three, and its kernels (native/src/kernels/cell/).
"""

from __future__ import annotations

from recurra.cells.cell import Cell, CellState, Operations, StateWeights, Value


def step(op: Operations, x: Value, state: CellState, weights: StateWeights) -> CellState:
    """h_t = f(W x_t + U h_{t-1} + b)."""
    (h,) = state
    return (op.activate(x + weights.product(h)),)


CELL = Cell(
    name="rnn",
    noun="a simple RNN",
    # One gate without a letter: the formula writes W and U without an index.
    gates={"": "state"},
    step=step,
    paper="Elman 1990, Finding structure in time",
    activations=("tanh", "relu", "sigmoid"),
    native=True,
)
