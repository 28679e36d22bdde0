"""The nets, written as ONNX graphs: the fold over a plan's layers, its inputs and the states that go in and out.

Not here: the layers (emit.py of each), and what a head adds (tasks/heads/KIND/emit.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from recurra.graph import Graph, Value
from recurra.layers.activation.emit import emit_activation
from recurra.layers.convolution.emit import emit_convolution
from recurra.layers.flow import Flow, Names, begun
from recurra.layers.grams.emit import emit_grams
from recurra.layers.grams.run import GramsSpec
from recurra.layers.matrix.emit import emit_bag, emit_dense, emit_embedding
from recurra.layers.matrix.run import BagSpec, EmbeddingSpec
from recurra.layers.pooling.emit import emit_pooling, pool_sizes
from recurra.layers.pooling.run import PoolingSpec
from recurra.layers.recurrent.emit import emit_recurrent
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.layers.wide.emit import emit_wide
from recurra.layers.wide.run import WideSpec
from recurra.nets.run import Plan, PooledNet
from recurra.text.features import FEATURES

EMIT: dict[str, Callable[[Any, Names, Flow], Flow]] = {
    "bag": emit_bag, "embedding": emit_embedding, "recurrent": emit_recurrent, "pooling": emit_pooling,
    "dense": emit_dense, "activation": emit_activation, "convolution": emit_convolution,
}  # fmt: skip
"""Each kind of layer as a step of the fold."""


def emit_scores(graph: Graph, plan: PooledNet) -> Value:
    """Write a net, n-grams beside it, or these alone: (batch, outputs).

    A wide part has one column: it argues for the last class.
    """
    parts = [emit_net(graph, plan)] if plan.flow else []
    for name, spec in n_grams(plan).items():
        names = {own: f"{name}.{own}" for own in spec.weights()}
        if isinstance(spec, WideSpec):
            column = emit_wide(spec, names, graph, name)
            parts.append(column * (np.arange(plan.outputs) == plan.outputs - 1).astype(np.float32))
        else:
            parts.append(emit_grams(spec, names, graph, name))
    return reduce(add, parts)


def n_grams(plan: Plan) -> dict[str, WideSpec | GramsSpec]:
    """Return the linear parts of n-grams, by their names."""
    return {name: spec for name, spec in plan.layers().items() if isinstance(spec, WideSpec | GramsSpec)}


def emit_net(graph: Graph, plan: Plan) -> Value:
    """Write the layers of a plan, with inputs and states; returns what the last layer gives.

    Inputs are `ids` (batch, time), or (batch, time, features) of a tagger, or `values` (batch, time, features); and
    `sequence_lens` (batch,). The result is (batch, outputs) of a net that pools, else (time, batch, …).
    """
    flow, sizes = _inputs(graph, plan), state_sizes(plan)
    given = {name: graph.input(f"state_in_{name}", "FLOAT", ["batch", size]) for name, size in sizes.items()}
    flow = replace(flow, before=given)
    for spec, names in plan.steps:
        flow = EMIT[spec.kind](spec, names, flow)
    for name, size in sizes.items():
        graph.output(f"state_out_{name}", flow.after[name], "FLOAT", ["batch", size])
    return flow.values


def state_sizes(plan: Plan) -> dict[str, int]:
    """Return the names and sizes of the states that go in and out of a net; none of one that reads both ways.

    `0_hidden`, `0_cell`, `1_hidden`, …: of each sweep, counted through the net. `pool_…`: what a pooling has read.
    """
    stacks = [spec for _, spec in plan.flow if isinstance(spec, RecurrentSpec)]
    # The way back begins at a text's end, which has not come yet.
    if any(spec.bidirectional for spec in stacks):
        return {}
    sweeps = [spec for spec in stacks for _ in spec.sweeps]
    sizes = {f"{number}_{part}": spec.hidden for number, spec in enumerate(sweeps) for part in spec.states}
    pools = [pool_sizes(spec) for _, spec in plan.flow if isinstance(spec, PoolingSpec)]
    return sizes | {name: size for each in pools for name, size in each.items()}


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
