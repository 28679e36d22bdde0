"""A cell's step over arrays that remember how they were made, so that errors find their way back without torch.

Any cell's step runs over these values as it stands; the native engine has gradients of its own cells alone.

Not here: steps that nobody asks back through (numpy.py), and tensors, which learn (torch.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.cells.backends.numpy import ACTIVATE, sigmoid
from recurra.cells.cell import Activation, Elementwise
from recurra.config import CellKind
from recurra.layers.layer import Floats

Back = Callable[[Floats], Floats]
"""From a result's errors to those of one of its operands."""


class Taped:
    """An array, and the way back to those it was made of."""

    # NumPy would else take `array * taped` apart, number by number.
    __array_ufunc__ = None

    def __init__(self, values: Floats, made_of: Sequence[tuple[Taped, Back]] = ()) -> None:
        """Hold values; `made_of` names each operand with the way back to it."""
        self.values = values
        self.made_of = made_of
        self.errors: Floats | None = None

    def __add__(self, other: Any) -> Taped:
        """The sum; an array beside it is a constant."""
        return Taped(self.values + _values(other), [(one, _same) for one in (self, other) if isinstance(one, Taped)])

    __radd__ = __add__

    def __mul__(self, other: Any) -> Taped:
        """The product, number by number."""
        mine, others = self.values, _values(other)
        ways: list[tuple[Taped, Back]] = [(self, lambda errors: errors * others)]
        if isinstance(other, Taped):
            ways.append((other, lambda errors: errors * mine))
        return Taped(mine * others, ways)

    __rmul__ = __mul__

    def __neg__(self) -> Taped:
        """The opposite."""
        return self.__mul__(-1.0)

    def __sub__(self, other: Any) -> Taped:
        """The difference."""
        return self.__add__(-1.0 * other)

    def __rsub__(self, other: Any) -> Taped:
        """The difference from a constant."""
        return self.__neg__().__add__(other)


def _values(value: Any) -> Any:
    return value.values if isinstance(value, Taped) else value


def _same(errors: Floats) -> Floats:
    return errors


def _through(function: Callable[[Floats], Floats], slope: Callable[[Floats], Floats]) -> Callable[[Taped], Taped]:
    """A function of each number by itself; its slope is told by what it gave."""

    def apply(value: Taped) -> Taped:
        result = function(value.values)
        return Taped(result, [(value, lambda errors: errors * slope(result))])

    return apply


FUNCTIONS: dict[Activation, Callable[[Taped], Taped]] = {
    "tanh": _through(np.tanh, lambda given: 1 - given**2),
    "relu": _through(ACTIVATE["relu"], lambda given: (given > 0).astype(given.dtype)),
    "sigmoid": _through(sigmoid, lambda given: given * (1 - given)),
}


@dataclass(frozen=True)
class TapedState:
    """What meets the state: recurrent weights (gates * hidden, hidden), or vectors, and their bias."""

    kind: CellKind
    weight: Floats
    bias: Floats

    def product(self, state: Taped, gate: str = "") -> Taped:
        """U h + d; of the rows of one gate."""
        rows = self.kind.rows_of(gate, state.values.shape[1])
        part = self.weight[rows]
        return Taped(state.values @ part.T + self.bias[rows], [(state, lambda errors: errors @ part)])

    @property
    def vectors(self) -> tuple[Floats, ...]:
        """Vectors that meet the state unit by unit."""
        return tuple(self.weight)


def taped_step(projected: Taped, state: tuple[Taped, ...], weights: TapedState) -> tuple[Taped, ...]:
    """Return the next state, which knows the way back to `projected` (sequences, gates * hidden) and the state."""
    kind = weights.kind

    def cut(values: Taped) -> list[Taped]:
        size = values.values.shape[1] // kind.gates
        return [_columns(values, slice(size * gate, size * (gate + 1))) for gate in range(kind.gates)]

    return kind.step(Elementwise(FUNCTIONS, kind.activation, cut), projected, state, weights)


def _columns(values: Taped, part: slice) -> Taped:
    def back(errors: Floats) -> Floats:
        whole = np.zeros_like(values.values)
        whole[:, part] = errors
        return whole

    return Taped(values.values[:, part], [(values, back)])


def send_back(results: Sequence[tuple[Taped, Floats]]) -> None:
    """Add up the errors of all values that the results were made of, in their `errors`."""
    for result, errors in results:
        _add(result, errors)
    # Behind all that were made of it: a value passes its errors on once they are complete.
    for value in _backward(result for result, _ in results):
        for operand, back in value.made_of:
            if value.errors is not None:
                _add(operand, back(value.errors))


def _add(value: Taped, errors: Floats) -> None:
    value.errors = errors if value.errors is None else value.errors + errors


def _backward(results: Any) -> list[Taped]:
    """All values behind the results, each before those it was made of."""
    order: list[Taped] = []
    met: set[int] = set()

    def visit(value: Taped) -> None:
        if id(value) in met:
            return
        met.add(id(value))
        for operand, _ in value.made_of:
            visit(operand)
        order.append(value)

    # One step of a cell is some twenty operations deep: no recursion becomes long.
    for result in results:
        visit(result)
    return order[::-1]
