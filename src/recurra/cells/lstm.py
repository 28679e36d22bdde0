"""The long short-term memory.

Not here: peepholes, and its kernels (native/src/kernels/cell/).
"""

from __future__ import annotations

from recurra.cells.cell import Cell, CellState, Operations, StateWeights, Value


def step(op: Operations, x: Value, state: CellState, weights: StateWeights) -> CellState:
    """The inner state c is kept by f and fed by i; o opens the way out. f is tanh, or ReLU as in the classic lab."""
    h, c = state
    # The order of the gates in torch, cuDNN and Keras: their weights fit row by row.
    i, f, g, o = op.split(x + weights.product(h))
    i, f = op.let("i", op.sigmoid(i)), op.let("f", op.sigmoid(f))
    g, o = op.let("g", op.activate(g)), op.let("o", op.sigmoid(o))
    c = op.let("c", f * c + i * g)
    # The output comes first in every cell's state: it is what the layer above reads.
    return (o * op.activate(c), c)


CELL = Cell(
    name="lstm",
    noun="an LSTM",
    gates={"i": "input", "f": "forget", "g": "cell", "o": "output"},
    step=step,
    paper="Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000",
    states=("hidden", "cell"),
    activations=("tanh", "relu"),
    native=True,
)
