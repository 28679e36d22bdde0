"""Functions that stand as layers of their own, written as ONNX nodes.

Not here: their arithmetic (run.py).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recurra.graph import Value
from recurra.layers.activation.run import ActivationSpec
from recurra.layers.flow import Flow, Names


def emit_activation(spec: ActivationSpec, names: Names, flow: Flow) -> Flow:
    """Apply the function to (time, batch, inputs)."""
    graph = flow.graph
    if spec.function == "magnitude":
        return replace(flow, values=_magnitude(spec, flow))
    if spec.function == "softmax":
        return replace(flow, values=graph.node("Softmax", flow.values, axis=-1))
    return replace(flow, values=graph.node(spec.function.capitalize(), flow.values))


def _magnitude(spec: ActivationSpec, flow: Flow) -> Value:
    # 0 leaves a size as it is: time and batch.
    parts = np.array([0, 0, spec.places, 2, spec.outputs // spec.places])
    pairs = flow.graph.node("Reshape", flow.values, parts)
    squares = flow.graph.node("ReduceSum", pairs * pairs, np.array([3]), keepdims=0)
    return flow.graph.node("Reshape", flow.graph.node("Sqrt", squares), np.array([0, 0, spec.outputs]))
