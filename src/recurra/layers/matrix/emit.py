"""Layers that are one matrix, written as ONNX nodes.

Not here: their arithmetic (run.py).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recurra.graph import FLOAT, SCALE, Graph, Value
from recurra.layers.flow import Flow, Names
from recurra.layers.matrix.run import BagSpec, DenseSpec, EmbeddingSpec


def emit_embedding(spec: EmbeddingSpec, names: Names, flow: Flow) -> Flow:
    """Look the rows of ids (time, batch) up."""
    return replace(flow, values=_scaled(looked_up(flow.graph, names["weight"], flow.values), spec.scale))


def emit_bag(spec: BagSpec, names: Names, flow: Flow) -> Flow:
    """Look the rows of ids (time, batch, ids) up, and add those of each token."""
    rows = flow.graph.node("ReduceSum", looked_up(flow.graph, names["weight"], flow.values), np.array([2]), keepdims=0)
    return replace(flow, values=_scaled(rows, spec.scale))


def emit_dense(spec: DenseSpec, names: Names, flow: Flow) -> Flow:
    """Multiply, add, activate, along the last axis."""
    return replace(flow, values=dense_nodes(spec, names, flow.graph, flow.values))


def dense_nodes(spec: DenseSpec, names: Names, graph: Graph, inputs: Value) -> Value:
    """Write a dense layer over any values whose last axis is its inputs."""
    outputs = (inputs @ graph.weight(names["weight"], turned=True)) + graph.weight(names["bias"])
    return outputs if spec.activation == "linear" else graph.node(spec.activation.capitalize(), outputs)


def tied_nodes(graph: Graph, hidden: Value, *, table: str, bias: str) -> Value:
    """Write the scores of all words: (…, size) -> (…, words), with the table of the embedding."""
    column = graph.node("Squeeze", graph.weight(bias), np.array([1]))
    return (hidden @ graph.weight(table, turned=True)) + column


def looked_up(graph: Graph, table: str, ids: Value) -> Value:
    """Write rows of a table: ids (…) -> (…, columns)."""
    if graph.tensors[table].dtype != np.int8:
        return graph.node("Gather", graph.weight(table), ids)
    # Only the rows that are looked up are widened: a whole table would be, at every call.
    whole = graph.node("Cast", graph.node("Gather", graph.stored(table), ids), to=FLOAT)
    scales = graph.node("Gather", graph.stored(table + SCALE), ids)
    return whole * graph.node("Unsqueeze", scales, np.array([-1]))


def _scaled(values: Value, scale: float) -> Value:
    return values if scale == 1 else values * np.array(scale, np.float32)
