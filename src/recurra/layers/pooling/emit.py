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
TINY = 1e-30
"""Below every sum of weights: the highest score has weight 1."""
ONE = np.array([1])


def pool_sizes(spec: PoolingSpec) -> dict[str, int]:
    """Return names and sizes of what poolings know of the tokens before; the last state is the sweep's own."""
    sizes = {"mean": {"sum": spec.inputs}, "max": {"highest": spec.inputs}, "last": {}, "attention": {
        "score": spec.heads, "weight": spec.heads, "attended": spec.inputs}}  # fmt: skip
    parts = {f"pool_{name}": size for part in spec.parts for name, size in sizes[part].items()}
    return parts | ({"pool_tokens": 1} if {"mean", "max"} & {*spec.parts} else {})


def emit_pooling(spec: PoolingSpec, names: Names, flow: Flow) -> Flow:
    """Concatenate the parts in the order of the spec: (time, batch, inputs) -> (batch, outputs)."""
    graph, made = flow.graph, []
    tokens = flow.begin("pool_tokens", 1) + graph.node("Cast", graph.node("Unsqueeze", flow.lengths, ONE), to=FLOAT)
    for part in spec.parts:
        pooled, states = _pool(part, spec, names, flow, tokens)
        made.append(pooled)
        flow = flow.ended(states)
    values = graph.node("Concat", *made, axis=1) if len(made) > 1 else made[0]
    return replace(flow.ended({"pool_tokens": tokens}), values=values)


Pooled = tuple[Value, dict[str, Value]]
"""A part (batch, inputs), and the states that go out."""


def _pool(part: Pool, spec: PoolingSpec, names: Names, flow: Flow, tokens: Value) -> Pooled:
    if part == "last":
        return _last(spec, flow), {}
    if part == "attention":
        return _attention(spec, names, flow)
    if part == "max":
        return _max(spec, flow, tokens)
    summed = flow.begin("pool_sum", spec.inputs) + _summed(flow, flow.filled(flow.values, 0))
    return summed / flow.graph.node("Max", tokens, np.array(1, np.float32)), {"pool_sum": summed}


def _summed(flow: Flow, values: Value) -> Value:
    return flow.graph.node("ReduceSum", values, STEPS, keepdims=0)


def _where(flow: Flow, count: Value, values: Value, otherwise: float) -> Value:
    """The values where a count is above 0, else a number."""
    some = flow.graph.node("Greater", count, np.array(0, np.float32))
    return flow.graph.node("Where", some, values, np.array(otherwise, np.float32))


def _max(spec: PoolingSpec, flow: Flow, tokens: Value) -> Pooled:
    # The least number, not -∞: an empty sequence times zero would be NaN.
    highest = flow.graph.node("ReduceMax", flow.filled(flow.values, LEAST), axes=[0], keepdims=0)
    before = _where(flow, flow.begin("pool_tokens", 1), flow.begin("pool_highest", spec.inputs), LEAST)
    known = _where(flow, tokens, flow.graph.node("Max", highest, before), 0)
    return known, {"pool_highest": known}


def _last(spec: PoolingSpec, flow: Flow) -> Value:
    graph = flow.graph
    if flow.before:
        # Where a sweep ended: of a chunk without a token, where it began.
        return flow.after[f"{flow.sweeps - 1}_hidden"]
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


def _attention(spec: PoolingSpec, names: Names, flow: Flow) -> Pooled:
    """u_t = tanh(W h_t + b), a_t = softmax_t(q · u_t), Σ a_t h_t over each head's share of the features.

    The softmax goes on from the tokens before: with the highest score so far, the sum of the weights, and Σ weight · h.
    """
    graph = flow.graph
    weight, query = (graph.weight(names[f"attention_{name}"], turned=True) for name in ("weight", "query"))
    hidden = graph.node("Tanh", (flow.values @ weight) + graph.weight(names["attention_bias"]))
    scores = flow.filled(hidden @ query, LEAST)
    known = flow.begin("pool_weight", spec.heads)
    before = _where(flow, known, flow.begin("pool_score", spec.heads), LEAST)
    highest = graph.node("Max", graph.node("ReduceMax", scores, axes=[0], keepdims=0), before)
    raised = flow.filled(graph.node("Exp", scores - highest), 0)
    # What came before, told by the new highest score.
    kept = graph.node("Exp", before - highest)
    weights = known * kept + _summed(flow, raised)
    size = spec.inputs // spec.heads
    each = graph.node("Reshape", flow.values, np.array([0, 0, spec.heads, size]))
    read = _summed(flow, each * graph.node("Unsqueeze", raised, np.array([3])))
    attended = _by_head(flow, spec, flow.begin("pool_attended", spec.inputs)) * _column(flow, kept) + read
    shares = attended / graph.node("Max", _column(flow, weights), np.array(TINY, np.float32))
    flat = [graph.node("Reshape", value, np.array([0, spec.inputs])) for value in (shares, attended)]
    states = {"pool_weight": weights, "pool_attended": flat[1]}
    return flat[0], {**states, "pool_score": _where(flow, weights, highest, 0)}


def _by_head(flow: Flow, spec: PoolingSpec, values: Value) -> Value:
    return flow.graph.node("Reshape", values, np.array([0, spec.heads, spec.inputs // spec.heads]))


def _column(flow: Flow, values: Value) -> Value:
    return flow.graph.node("Unsqueeze", values, np.array([2]))
