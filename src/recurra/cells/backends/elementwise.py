"""The operations of a step over arrays and tensors alike: each works unit by unit.

Not here: what an array or a tensor does (numpy.py, torch.py), and formulas (mathml.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from recurra.cells.cell import Activation, Value


@dataclass(frozen=True)
class Elementwise:
    """The operations of a step."""

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
