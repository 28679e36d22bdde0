"""The cells' steps in NumPy, for answers without the native engine, with the products of each precision.

What is multiplied is rounded first, the sum is not. The native engine multiplies the same numbers: in int8 bit for bit,
sums being exact.

Not here: the equations (cells/NAME.py) and the sweep (layers/recurrent/run.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recurra.cells.cell import Activation, Elementwise
from recurra.config import CellKind, Precision
from recurra.layers.layer import ArrayState, Floats

HIGHEST = 127
"""int8 keeps whole numbers from -127 to 127, so that both signs have as many."""
LEAST = np.float32(2.0**-100)
"""A row that stays below it counts as zeros: 127 / largest is finite above."""


class Factor(NamedTuple):
    """What is multiplied, its rows those of a state or the channels of a weight: (rows, depth)."""

    values: NDArray[Any]
    """Rounded; in int8 whole numbers in float64, whose sums are exact there."""
    steps: Floats | None = None
    """In int8 what one of a row's whole numbers stands for: (rows,)."""

    def part(self, rows: slice) -> Factor:
        """Return some of the rows."""
        return Factor(self.values[rows], None if self.steps is None else self.steps[rows])


def factor(values: Floats, precision: Precision) -> Factor:
    """Round rows to what is multiplied."""
    if precision == "bf16":
        return Factor(_nearest_half(values))
    return _levels(values) if precision == "int8" else Factor(values)


def product(rows: Factor, weight: Factor) -> Floats:
    """rows · weightᵀ: (rows, depth) and (channels, depth) -> (rows, channels)."""
    found: Floats = rows.values @ weight.values.T
    if rows.steps is None or weight.steps is None:
        return found
    dtype = rows.steps.dtype
    # The channel's step first: a sum of large values times a row's step alone might be infinite.
    with np.errstate(over="ignore"):
        scaled: Floats = found.astype(dtype) * weight.steps * rows.steps[:, None]
    return scaled


def _nearest_half(values: Floats) -> Floats:
    """The nearest bfloat16, ties to even, as float32 or float64 again."""
    # bfloat16 is the upper half of float32: rounding is adding and cutting the lower half away.
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    nearest = (bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    found: Floats = np.where(np.isnan(values), values, nearest.view(np.float32)).astype(values.dtype)
    return found


def _levels(values: Floats) -> Factor:
    """Whole numbers and a step for each row; a row of zeros has the step 0, one that is not finite NaN."""
    exact = np.asarray(values, np.float32)
    largest = np.max(np.abs(exact), axis=1, initial=0)
    # A row of zeros, or nearly, has no step; the quotient would be infinite.
    there = np.isfinite(largest) & (largest >= LEAST)
    scales = np.divide(np.float32(HIGHEST), largest, out=np.zeros_like(largest), where=there)
    # Ties to even, as the engine's conversion of a whole vector rounds.
    whole = np.rint(np.where(there[:, None], exact, 0) * scales[:, None]).astype(np.float64)
    steps = np.where(np.isfinite(largest), np.where(there, largest / np.float32(HIGHEST), 0), np.nan)
    return Factor(whole, steps.astype(values.dtype))


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
