"""The nets, written as ONNX graphs: the fold over a plan's layers, its inputs and the states that go in and out.

Not here: the layers (emit.py of each), and what a head adds (tasks/heads/KIND/emit.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from recurra.errors import ArtefactError, either
from recurra.graph import Graph, Value
from recurra.layers.activation.emit import emit_activation
from recurra.layers.convolution.emit import emit_convolution
from recurra.layers.flow import Flow, Names, States, begun
from recurra.layers.grams.run import GramsSpec
from recurra.layers.matrix.emit import emit_bag, emit_dense, emit_embedding
from recurra.layers.matrix.run import BagSpec, EmbeddingSpec
from recurra.layers.pooling.emit import emit_pooling
from recurra.layers.pooling.run import PoolingSpec
from recurra.layers.recurrent.emit import emit_recurrent
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.layers.wide.run import WideSpec
from recurra.nets.run import Plan, PooledNet
from recurra.text.features import FEATURES

EMIT: dict[str, Callable[[Any, Names, Flow], Flow]] = {
    "bag": emit_bag, "embedding": emit_embedding, "recurrent": emit_recurrent, "pooling": emit_pooling,
    "dense": emit_dense, "activation": emit_activation, "convolution": emit_convolution,
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
    `sequence_lens` (batch,). The result is (batch, outputs) of a net that pools, else (time, batch, …). Raises
    ArtefactError for n-grams alone.
    """
    if not plan.flow:
        advice = "fit one with a net, such as " + either("--recipe net", 'recipe="net"')
        raise ArtefactError("a model without a net has no ONNX graph", found="n-grams alone", advice=advice)
    flow, carries = _inputs(graph, plan), carried(plan)
    flow = replace(flow, states=_given(graph, carries))
    for spec, names in plan.steps:
        flow = EMIT[spec.kind](spec, names, flow)
    ends = [part for state in flow.ends for part in state]
    for (name, hidden), value in zip(state_sizes(carries), ends, strict=False):
        graph.output(f"state_out_{name}", value, "FLOAT", ["batch", hidden])
    return flow.values


def carried(plan: Plan) -> list[RecurrentSpec]:
    """Return the stacks whose states go in and out: of nets that read forwards, and of a text its last state.

    Other poolings need all of a text: a mean of its end is no mean of the text.
    """
    stacks = [spec for _, spec in plan.flow if isinstance(spec, RecurrentSpec)]
    pooled = [spec for _, spec in plan.flow if isinstance(spec, PoolingSpec)]
    whole = any(spec.parts != ("last",) for spec in pooled) or any(spec.bidirectional for spec in stacks)
    return [] if whole else stacks


def state_sizes(stacks: Sequence[RecurrentSpec]) -> list[tuple[str, int]]:
    """Return each state's name, as in `state_in_0_hidden`, and units: sweeps are numbered through all stacks."""
    sweeps = [spec for spec in stacks for _ in spec.sweeps]
    return [(f"{number}_{part}", spec.hidden) for number, spec in enumerate(sweeps) for part in spec.states]


def token_first(graph: Graph, values: Value) -> Value:
    """Return values (time, batch, …) as (batch, time, …)."""
    return graph.node("Transpose", values, perm=[1, 0, 2])


def _inputs(graph: Graph, plan: Plan) -> Flow:
    first = plan.flow[0][1]
    axes: list[int | str] = ["batch", "time"]
    if isinstance(first, EmbeddingSpec | BagSpec):
        read = graph.input("ids", "INT32", [*axes, FEATURES] if isinstance(first, BagSpec) else axes)
    else:
        read = graph.input("values", "FLOAT", [*axes, first.inputs])
    lengths = graph.input("sequence_lens", "INT32", axes[:1])
    return begun(graph, read, lengths, axes=2 if isinstance(first, EmbeddingSpec) else 3)


def _given(graph: Graph, stacks: Sequence[RecurrentSpec]) -> States:
    given = iter([graph.input(f"state_in_{name}", "FLOAT", ["batch", hidden]) for name, hidden in state_sizes(stacks)])
    return tuple(tuple(next(given) for _ in spec.states) for spec in stacks for _ in spec.sweeps)
