"""What a net of segments reads of a longer season, written as ONNX nodes of float64, as panels/longer.py tells it.

Not here: the window itself (reading.py).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recurra.graph import Graph, Value
from recurra.layers.segments.reading_beside import DOUBLE
from recurra.layers.segments.run import SegmentsSpec
from recurra.panels.beside import FARTHEST
from recurra.panels.features import SMALLEST
from recurra.panels.longer import TIMES, ahead_of, reach_of


class LongerInputs(NamedTuple):
    """Inputs of a graph, as `Ago` has them: (batch, 3, reach + ahead) of float64, and truth values."""

    ago: Value
    known: Value


def longer_inputs(spec: SegmentsSpec, graph: Graph) -> LongerInputs | None:
    """Name the inputs that tell of a longer season; None: the net reads none."""
    if not spec.longer:
        return None
    sizes: list[int | str] = ["batch", TIMES, reach_of(spec.season) + ahead_of(spec.longer, spec.horizon)]
    return LongerInputs(graph.input("ago", "DOUBLE", sizes), graph.input("ago_known", "BOOL", sizes))


class WindowNodes(NamedTuple):
    """Of windows: what values are divided by, and in these units their mean, their end, what is usual, the spread."""

    level: Value
    mean: Value
    newest: Value
    """(batch, reach), less the mean."""
    usual: Value
    """(batch, horizon): the mean season, less the mean."""
    spread: Value


def longer_nodes(spec: SegmentsSpec, graph: Graph, inputs: LongerInputs, window: WindowNodes) -> tuple[Value, Value]:
    """Return two simple forecasts (batch, 2, horizon), and extras (batch, 2 · ahead + 3)."""
    reach, ahead, one = reach_of(spec.season), ahead_of(spec.longer, spec.horizon), np.array(1.0)

    def parted(value: Value) -> tuple[Value, Value]:
        ends = np.array([0, reach]), np.array([reach, reach + ahead])
        return tuple(graph.node("Slice", value, *(e[[at]] for e in ends), np.array([2])) for at in (0, 1))  # type: ignore[return-value]

    def summed(value: Value, axis: int) -> Value:
        return graph.node("ReduceSum", value, np.array([axis]), keepdims=0)

    level, mean = (graph.node("Unsqueeze", each, np.array([2])) for each in (window.level, window.mean))
    told = inputs.ago / level
    if spec.log:
        told = graph.node("Log", graph.node("Max", told, np.array(SMALLEST)))
    (past, coming), (before, there) = parted(told - mean), parted(graph.node("Cast", inputs.known, to=DOUBLE))
    counted = summed(before, 2)
    then = summed(past * before, 2) / graph.node("Max", counted, one)
    some = graph.node("Cast", graph.node("Greater", counted, np.array(0.0)), to=DOUBLE)
    known = there * graph.node("Unsqueeze", some, np.array([2]))
    now = graph.node("ReduceMean", window.newest, axes=[1], keepdims=1)
    lifted = (coming + graph.node("Unsqueeze", now - then, np.array([2]))) * known
    times, last = summed(known, 1), graph.node("Gather", lifted, np.array(0), axis=1)
    average = summed(lifted, 1) / graph.node("Max", times, one)
    seen = (graph.node("Gather", known, np.array(0), axis=1), times)
    turns, rows = np.arange(spec.horizon) % ahead, []
    for what, was in zip((last, average), seen, strict=True):
        there = graph.node("Greater", graph.node("Gather", was, turns, axis=1), np.array(0.0))
        row = graph.node("Where", there, graph.node("Gather", what, turns, axis=1), window.usual)
        rows.append(graph.node("Unsqueeze", row, np.array([1])))
    sides = graph.node("Concat", last, average, axis=1) / window.spread
    sides = graph.node("Clip", sides, np.array(-FARTHEST), np.array(FARTHEST))
    shares = graph.node("ReduceMean", known, axes=[2], keepdims=0)
    return graph.node("Concat", *rows, axis=1), graph.node("Concat", sides, shares, axis=1)
