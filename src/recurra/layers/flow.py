"""What flows from layer to layer while a net is written as a graph, and the marks of where tokens stand.

Not here: the layers (emit.py of each).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from recurra.graph import INT32, Graph, Value

Names = dict[str, str]
"""Full names of a layer's weights by their names in the spec."""


@dataclass(frozen=True, eq=False)
class Flow:
    """A batch on its way: steps come first, so that one step of all sequences lies together."""

    graph: Graph
    values: Value
    """(time, batch, …); once pooled (batch, features)."""
    lengths: Value
    """(batch,) int32."""
    there: Value
    """(time, batch, 1): whether a token stands there, or a pad."""
    before: Mapping[str, Value] = field(default_factory=dict)
    """States that come in, by their names, each (batch, size); none: all begin with zeros."""
    after: Mapping[str, Value] = field(default_factory=dict)
    """States that go out."""
    sweeps: int = 0
    """Sweeps so far."""

    def begin(self, name: str, size: int) -> Value:
        """Return the state (batch, size) with which something begins."""
        return self.before.get(name) or self.zeros(size)

    def ended(self, states: Mapping[str, Value]) -> Flow:
        """Return the flow with further states that go out."""
        return replace(self, after={**self.after, **states})

    def filled(self, values: Value, pad: float) -> Value:
        """Return values (time, batch, features) with a number where no token stands."""
        return self.graph.node("Where", self.there, values, np.array(pad, np.float32))

    def zeros(self, size: int) -> Value:
        """Return zeros: (batch, size)."""
        sizes = self.graph.node("Concat", self.graph.node("Shape", self.lengths), np.array([size]), axis=0)
        return self.graph.node("ConstantOfShape", sizes)


def begun(graph: Graph, values: Value, lengths: Value, *, axes: int) -> Flow:
    """Return the flow of a padded batch (batch, time, …) of so many axes, whose sequences have `lengths` (batch,)."""
    time = graph.node("Squeeze", graph.node("Shape", values, start=1, end=2))
    steps = graph.node("Unsqueeze", graph.node("Range", np.array(0), time, np.array(1)), np.array([1]))
    there = graph.node("Less", graph.node("Cast", steps, to=INT32), lengths)
    turned = graph.node("Transpose", values, perm=[1, 0, *range(2, axes)])
    return Flow(graph, turned, lengths, graph.node("Unsqueeze", there, np.array([2])))
