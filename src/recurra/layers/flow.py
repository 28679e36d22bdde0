"""What flows from layer to layer while a net is written as a graph, and the marks of where tokens stand.

Not here: the layers (emit.py of each).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recurra.graph import INT32, Graph, Value

Names = dict[str, str]
"""Full names of a layer's weights by their names in the spec."""
States = tuple[tuple[Value, ...], ...]
"""One state for each sweep, in the order of `RecurrentSpec.sweeps`; each part (batch, hidden)."""


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
    states: States = ()
    """Where the sweeps to come start; empty: from zeros."""
    ends: States = ()
    """Where those so far ended."""

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
