"""A net of segments, written as ONNX nodes: features of windows to quantiles of the coming values.

Not here: the features (reading.py), and the arithmetic (run.py).
"""

from __future__ import annotations

import numpy as np

from recurra.graph import Graph, Value
from recurra.layers.flow import Names, begun
from recurra.layers.matrix.emit import dense_nodes
from recurra.layers.recurrent.emit import emit_recurrent
from recurra.layers.segments.reading import ReadNodes
from recurra.layers.segments.run import DAMPING, MIDDLE, QUANTILES, SegmentsSpec


def emit_segments(spec: SegmentsSpec, names: Names, graph: Graph, read: ReadNodes) -> Value:
    """Return quantiles less each window's mean, in units of its level (or logarithms): (batch, horizon, 9)."""
    parts = spec.parts()

    def through(name: str, inputs: Value) -> Value:
        return dense_nodes(parts[name], _of(names, name), graph, inputs)

    count = graph.node("Shape", read.segments, end=1)
    steps = graph.node("Expand", np.array([spec.segments], np.int32), count)
    # All windows have as many segments.
    batch = begun(graph, through("entry", read.segments), steps, axes=3)
    swept = emit_recurrent(spec.recurrent, _of(names, "recurrent"), batch)
    newest = swept.after[f"{swept.sweeps - 1}_hidden"]
    hidden = through("narrow", through("wide", graph.node("Concat", newest, read.extras, axis=1)))
    gate = graph.node("Softmax", through("gate", hidden), axis=1)
    least, more = (np.array(each, np.float32) for each in DAMPING)
    damping = graph.node("Sigmoid", through("damping", hidden)) * more + least
    mixed = graph.node("Squeeze", graph.node("Unsqueeze", gate, np.array([1])) @ read.skips, np.array([1]))
    trend = graph.node("Slice", gate, np.array([3]), np.array([4]), np.array([1])) * read.slope
    middle = mixed + trend * _damped(graph, damping, spec.horizon)
    change = graph.node("Reshape", through("change", hidden), np.array([0, spec.horizon, len(QUANTILES)]))
    if read.steps is not None:
        places = through("place", graph.constant(np.eye(spec.horizon)))
        around = graph.node("Unsqueeze", through("around", hidden), np.array([1]))
        change = change + through(
            "told", through("mixed", graph.node("Relu", through("step", read.steps) + around + places))
        )
    wide = _ascending(graph, change) * graph.node("Unsqueeze", read.spread, np.array([2]))
    return wide + graph.node("Unsqueeze", middle, np.array([2]))


def _of(names: Names, part: str) -> Names:
    return {name.removeprefix(f"{part}."): full for name, full in names.items() if name.startswith(f"{part}.")}


def _damped(graph: Graph, damping: Value, horizon: int) -> Value:
    """φ + φ² + … for each step: (batch, horizon)."""
    one, powers = np.array(1, np.float32), np.arange(1, horizon + 1, dtype=np.float32)[None]
    sums = graph.constant(one) - graph.node("Pow", damping, powers)
    return damping * sums / (graph.constant(one) - damping)


def _ascending(graph: Graph, raw: Value) -> Value:
    """Values (batch, horizon, 9) that ascend: the middle one as it comes, the others softplus steps beside it."""
    below, middle, above = graph.several("Split", 3, raw, np.array([MIDDLE, 1, len(QUANTILES) - MIDDLE - 1]), axis=2)
    lower = middle - graph.node("CumSum", graph.node("Softplus", below), np.array(2), reverse=1)
    upper = middle + graph.node("CumSum", graph.node("Softplus", above), np.array(2))
    return graph.node("Concat", lower, middle, upper, axis=2)
