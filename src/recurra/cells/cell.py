"""What a recurrent cell is, as data: its gates, states, activations, and one step as an equation over any values.

Not here: the cells (one file each beside this one), and what an array, a tensor or a formula does (backends/).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Activation = Literal["tanh", "relu", "sigmoid"]
Value = Any
"""An array or tensor (sequences, units), or a formula: all know +, - and *."""


class Operations(Protocol):
    """What a step does with values beside their arithmetic."""

    def split(self, values: Value) -> tuple[Value, ...]:
        """Cut the stacked rows of all gates into one part for each gate."""

    def sigmoid(self, values: Value) -> Value:
        """σ(z) = 1 / (1 + e^-z)."""

    def activate(self, values: Value) -> Value:
        """The cell's activation."""

    def mix(self, share: Value, first: Value, second: Value) -> Value:
        """share · first + (1 - share) · second."""

    def let(self, name: str, value: Value) -> Value:
        """The value; in a formula it has this name from here on."""


@dataclass(frozen=True)
class Elementwise:
    """The operations of a step over arrays and tensors alike: each works unit by unit."""

    functions: Mapping[Activation, Callable[[Value], Value]]
    activation: Activation
    cut: Callable[[Value], Sequence[Value]]
    """Cuts stacked rows into one part for each gate."""

    def split(self, values: Value) -> tuple[Value, ...]:
        """Cut the stacked rows of all gates."""
        return tuple(self.cut(values))

    def sigmoid(self, values: Value) -> Value:
        """σ(z)."""
        return self.functions["sigmoid"](values)

    def activate(self, values: Value) -> Value:
        """The cell's activation."""
        return self.functions[self.activation](values)

    def mix(self, share: Value, first: Value, second: Value) -> Value:
        """share · first + (1 - share) · second, exact where both are equal."""
        # One product instead of two; where both are equal the difference is 0 and the result exact.
        return second + share * (first - second)

    def let(self, name: str, value: Value) -> Value:
        """The value: its name is for formulas."""
        return value


class StateWeights(Protocol):
    """The weights that meet the state."""

    def product(self, state: Value, gate: str = "") -> Value:
        """U h + d of all gates, stacked; or of the rows of one gate."""

    @property
    def vectors(self) -> tuple[Value, ...]:
        """Vectors that meet the state unit by unit, where the cell has them instead of a matrix."""


CellState = tuple[Value, ...]
# Written once over any values: arrays answer, tensors learn, formulas are shown.
CellStep = Callable[[Operations, Value, CellState, StateWeights], CellState]
"""(operations, W x_t + b of all gates, state, recurrent weights) -> the next state; its first part is the output."""


@dataclass(frozen=True)
class Cell:
    """One recurrent cell."""

    name: str
    """As `cell=` takes it."""
    noun: str
    """As a sentence names it."""
    gates: dict[str, str]
    """Letter and name of each gate, in the order in which their rows are stacked in the weights."""
    step: CellStep
    paper: str
    """Whose equation it is."""
    states: tuple[str, ...] = ("hidden",)
    """The parts of a state: hidden, which is the output, and the inner one where there is one."""
    activations: tuple[Activation, ...] = ("tanh",)
    """What it may be given, its default first."""
    before: CellStep | None = None
    """Its other form, `reset_after=false`: the reset meets the state before the product."""
    native: bool = False
    """Whether the engine has kernels of it (native/src/kernels/cell/)."""
    vectors: tuple[str, ...] | None = None
    """The gates whose vectors meet the state, of a cell without a product of the state: a parallel cell, whose products
    are all made at once. None: the cell has a matrix."""
