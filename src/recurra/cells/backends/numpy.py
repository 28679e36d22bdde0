"""The cells' steps in NumPy, for answers without the native engine.

Not here: the equations (cells/NAME.py), the products (products.py) and the sweep (layers/recurrent/run.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recurra.cells import CELLS
from recurra.cells.backends.products import Factor, factor, product
from recurra.cells.cell import Activation, Cell
from recurra.config import CellKind
from recurra.layers.types import Floats, State


def sigmoid(values: Floats) -> Floats:
    """σ(z) = 1 / (1 + e^-z): right to its own last digits, which (1 + tanh(z / 2)) / 2 loses below zero."""
    with np.errstate(over="ignore"):  # 1 / ∞ is what it should be
        result: Floats = 1 / (1 + np.exp(-values))
    return result


ACTIVATE: dict[Activation, Callable[[Floats], Floats]] = {
    "tanh": np.tanh,
    "relu": lambda values: np.maximum(values, 0),
    "sigmoid": sigmoid,
}


@dataclass(frozen=True)
class _Arrays:
    """The operations of a step, on arrays."""

    cell: Cell
    activation: Activation

    def split(self, values: Floats) -> tuple[Floats, ...]:
        return tuple(np.split(values, len(self.cell.gates), axis=1))

    def sigmoid(self, values: Floats) -> Floats:
        return sigmoid(values)

    def activate(self, values: Floats) -> Floats:
        return ACTIVATE[self.activation](values)

    def mix(self, share: Floats, first: Floats, second: Floats) -> Floats:
        return second + share * (first - second)

    def let(self, name: str, value: Floats) -> Floats:
        return value


@dataclass(frozen=True)
class FromState:
    """What meets the state at every step: recurrent weights, made once for a sweep, and their bias."""

    kind: CellKind
    weight: Factor
    """As they are multiplied; an SRU's vectors meet the state one by one and stay as they are."""
    bias: Floats

    def product(self, state: Floats, gate: str = "") -> Floats:
        """U h + d; of the rows of one gate."""
        rows = self._rows(gate, state.shape[1])
        multiplied = product(factor(state, self.kind.precision), self.weight.part(rows.start, rows.stop))
        result: Floats = multiplied + self.bias[rows]
        return result

    def _rows(self, gate: str, size: int) -> slice:
        first = list(CELLS[self.kind.cell].gates).index(gate) * size if gate else 0
        return slice(first, first + size) if gate else slice(None)

    @property
    def vectors(self) -> tuple[Floats, ...]:
        """Vectors that meet the state unit by unit."""
        return tuple(self.weight.values)


def cell_step(projected: Floats, state: State, weights: FromState) -> State:
    """Return the next state: `projected` is (sequences, gates * hidden), each part of a state (sequences, hidden)."""
    operations = _Arrays(CELLS[weights.kind.cell], weights.kind.activation)
    return weights.kind.step(operations, projected, state, weights)
