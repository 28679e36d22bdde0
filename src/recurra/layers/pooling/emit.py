"""A sequence of states becomes one vector, written as ONNX nodes; an empty sequence gives zeros.

Not here: the arithmetic (run.py).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recurra.config import Pool
from recurra.graph import FLOAT, INT32, Value
from recurra.layers.flow import Flow, Names
from recurra.layers.pooling.run import PoolingSpec

STEPS = np.array([0])
"""The axis of time."""
LEAST = float(np.finfo(np.float32).min)
"""Below every value."""


def emit_pooling(spec: PoolingSpec, names: Names, flow: Flow) -> Flow:
    """Concatenate the parts in the order of the spec: (time, batch, inputs) -> (batch, outputs)."""
    made = [_pool(part, spec, names, flow) for part in spec.parts]
    return replace(flow, values=flow.graph.node("Concat", *made, axis=1) if len(made) > 1 else made[0])


def _pool(part: Pool, spec: PoolingSpec, names: Names, flow: Flow) -> Value:
    if part == "last":
        return _last(spec, flow)
    if part == "attention":
        return _attention(spec, names, flow)
    if part == "max":
        return _max(flow)
    length = flow.graph.node("Max", flow.lengths, np.array([1], np.int32))
    wide = flow.graph.node("Cast", length, to=FLOAT)
    return _summed(flow, flow.filled(flow.values, 0)) / flow.graph.node("Unsqueeze", wide, np.array([1]))


def _summed(flow: Flow, values: Value) -> Value:
    return flow.graph.node("ReduceSum", values, STEPS, keepdims=0)


def _max(flow: Flow) -> Value:
    # The least number, not -∞: an empty sequence times zero would be NaN.
    highest = flow.graph.node("ReduceMax", flow.filled(flow.values, LEAST), axes=[0], keepdims=0)
    some = flow.graph.node("Greater", flow.graph.node("Unsqueeze", flow.lengths, np.array([1])), np.array(0, np.int32))
    return flow.graph.node("Where", some, highest, np.array(0, np.float32))


def _last(spec: PoolingSpec, flow: Flow) -> Value:
    graph = flow.graph
    time = graph.node("Squeeze", graph.node("Shape", flow.values, end=1))
    steps = graph.node("Cast", graph.node("Range", np.array(0), time, np.array(1)), to=INT32)
    column = graph.node("Unsqueeze", steps, np.array([1]))
    newest = graph.node("Equal", column, flow.lengths - np.array(1, np.int32))
    if not spec.bidirectional:
        return _only(flow, flow.values, newest)
    # The sweep back ends at a sequence's first token.
    there = graph.node("Squeeze", flow.there, np.array([2]))
    first = graph.node("And", graph.node("Equal", column, np.array(0, np.int32)), there)
    sides = graph.several("Split", 2, flow.values, axis=2)
    return graph.node("Concat", _only(flow, sides[0], newest), _only(flow, sides[1], first), axis=1)


def _only(flow: Flow, values: Value, chosen: Value) -> Value:
    """The values (batch, features) of the one step of each sequence that is `chosen` (time, batch), else zeros."""
    wide = flow.graph.node("Unsqueeze", chosen, np.array([2]))
    return _summed(flow, flow.graph.node("Where", wide, values, np.array(0, np.float32)))


def _attention(spec: PoolingSpec, names: Names, flow: Flow) -> Value:
    """u_t = tanh(W h_t + b), a_t = softmax_t(q · u_t), Σ a_t h_t over each head's share of the features."""
    graph = flow.graph
    weight, query = (graph.weight(names[f"attention_{name}"], turned=True) for name in ("weight", "query"))
    hidden = graph.node("Tanh", (flow.values @ weight) + graph.weight(names["attention_bias"]))
    scores = flow.filled(hidden @ query, LEAST)
    shares = graph.node("Unsqueeze", graph.node("Softmax", scores, axis=0), np.array([3]))
    # Pads are zeros: where a sequence has no token, the shares of its pads count for nothing.
    parts = np.array([0, 0, spec.heads, spec.inputs // spec.heads])
    each = graph.node("Reshape", flow.filled(flow.values, 0), parts)
    return graph.node("Reshape", _summed(flow, each * shares), np.array([0, spec.inputs]))
