"""The cells' steps in NumPy, for answers without the native engine.

Not here: the equations (cells/NAME.py), the products (products.py) and the sweep (layers/recurrent/run.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from recurra.cells.backends.elementwise import Elementwise
from recurra.cells.backends.products import Factor, factor, product
from recurra.cells.cell import Activation
from recurra.config import CellKind
from recurra.layers.layer import ArrayState, Floats


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
class FromState:
    """What meets the state at every step: recurrent weights, made once for a sweep, and their bias."""

    kind: CellKind
    weight: Factor
    """As they are multiplied; an SRU's vectors meet the state one by one and stay as they are."""
    bias: Floats

    def product(self, state: Floats, gate: str = "") -> Floats:
        """U h + d; of the rows of one gate."""
        rows = self.kind.rows_of(gate, state.shape[1])
        multiplied = product(factor(state, self.kind.precision), self.weight.part(rows))
        result: Floats = multiplied + self.bias[rows]
        return result

    @property
    def vectors(self) -> tuple[Floats, ...]:
        """Vectors that meet the state unit by unit."""
        return tuple(self.weight.values)


def array_step(projected: Floats, state: ArrayState, weights: FromState) -> ArrayState:
    """Return the next state: `projected` is (sequences, gates * hidden), each part of a state (sequences, hidden)."""
    kind = weights.kind
    # axis 1: the gates stand side by side in each row.
    operations = Elementwise(ACTIVATE, kind.activation, partial(np.split, indices_or_sections=kind.gates, axis=1))
    return kind.step(operations, projected, state, weights)
