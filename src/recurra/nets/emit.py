"""The nets, written as ONNX graphs: the fold over a plan's layers, its inputs and the states that go in and out.

Not here: the layers (emit.py of each), and what a head adds (tasks/heads/KIND/emit.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from recurra.graph import Graph, Value
from recurra.layers.flow import Flow, Names, States, begun
from recurra.layers.grams.run import GramsSpec
from recurra.layers.matrix.emit import emit_bag, emit_dense, emit_embedding
from recurra.layers.matrix.run import BagSpec, EmbeddingSpec
from recurra.layers.pooling.emit import emit_pooling
from recurra.layers.recurrent.emit import emit_recurrent
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.layers.wide.run import WideSpec
from recurra.nets.run import Plan, PooledNet
from recurra.text.features import FEATURES

EMIT: dict[str, Callable[[Any, Names, Flow], Flow]] = {
    "bag": emit_bag, "embedding": emit_embedding, "recurrent": emit_recurrent, "pooling": emit_pooling,
    "dense": emit_dense,
}  # fmt: skip
"""Each kind of layer as a step of the fold."""


def emit_scores(graph: Graph, plan: PooledNet) -> Value:
    """Write a net as `emit_net`, and add the scores of n-grams beside it: an input `grams` (batch, outputs)."""
    scores = emit_net(graph, plan)
    return scores + graph.input("grams", "FLOAT", ["batch", plan.outputs]) if n_grams(plan) else scores


def n_grams(plan: Plan) -> list[str]:
    """Return the names of the n-grams beside a net: words are hashed for them, which ONNX cannot."""
    return [name for name, spec in plan.layers().items() if isinstance(spec, WideSpec | GramsSpec)]


def emit_net(graph: Graph, plan: Plan) -> Value:
    """Write the layers of a plan, with inputs and states; returns what the last layer gives.

    Inputs are `ids` (batch, time), or (batch, time, features) of a tagger, or `values` (batch, time, features); and
    `sequence_lens` (batch,). The result is (batch, outputs) of a net that pools, else (time, batch, …).
    """
    flow = _inputs(graph, plan)
    carries = carried(plan)
    if carries is not None:
        flow = replace(flow, states=_given(graph, carries))
    for spec, names in plan.steps:
        flow = EMIT[spec.kind](spec, names, flow)
    if carries is not None:
        for (layer, part), value in zip(state_names(carries), _flat(flow.states), strict=True):
            graph.output(f"state_out_{layer}_{part}", value, "FLOAT", ["batch", carries.hidden])
    return flow.values


def carried(plan: Plan) -> RecurrentSpec | None:
    """Return the recurrence whose states go in and out: of a net that reads forwards, and of a text its last state.

    Other poolings need all of a text: a mean of its end is no mean of the text.
    """
    pooled = [spec for _, spec in plan.flow if spec.kind == "pooling"]
    whole = any(spec.parts != ("last",) for spec in pooled)
    return None if plan.recurrent is None or plan.recurrent.bidirectional or whole else plan.recurrent


def state_names(spec: RecurrentSpec) -> list[tuple[int, str]]:
    """Return layer and part of each state, as `state_in_0_hidden` and its like are named."""
    return [(layer, part) for layer, _ in spec.sweeps for part in spec.states]


def token_first(graph: Graph, values: Value) -> Value:
    """Return values (time, batch, …) as (batch, time, …)."""
    return graph.node("Transpose", values, perm=[1, 0, 2])


def _inputs(graph: Graph, plan: Plan) -> Flow:
    first = plan.flow[0][1]
    axes: list[int | str] = ["batch", "time"]
    if isinstance(first, RecurrentSpec):
        read = graph.input("values", "FLOAT", [*axes, first.inputs])
    else:
        read = graph.input("ids", "INT32", [*axes, FEATURES] if isinstance(first, BagSpec) else axes)
    lengths = graph.input("sequence_lens", "INT32", axes[:1])
    return begun(graph, read, lengths, axes=2 if isinstance(first, EmbeddingSpec) else 3)


def _given(graph: Graph, spec: RecurrentSpec) -> States:
    values = [
        graph.input(f"state_in_{layer}_{part}", "FLOAT", ["batch", spec.hidden]) for layer, part in state_names(spec)
    ]
    parts = len(spec.states)
    return tuple(tuple(values[start : start + parts]) for start in range(0, len(values), parts))


def _flat(states: States) -> list[Value]:
    return [part for state in states for part in state]
