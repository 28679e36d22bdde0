"""A strided convolution over the places of one chunk, written as ONNX nodes.

Not here: the arithmetic (run.py).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recurra.layers.convolution.run import ConvolutionSpec
from recurra.layers.flow import Flow, Names


def emit_convolution(spec: ConvolutionSpec, names: Names, flow: Flow) -> Flow:
    """Slide the filters over each step's places: (time, batch, inputs) -> (time, batch, outputs)."""
    graph = flow.graph
    # ONNX wants (chunks, channels, places); here all channels of a place lie side by side.
    chunks = graph.node("Reshape", flow.values, np.array([-1, spec.length, spec.channels]))
    turned = graph.node("Transpose", chunks, perm=[0, 2, 1])
    mode = "reflect" if spec.reflect else "constant"
    padded = graph.node("Pad", turned, np.array([0, 0, spec.left, 0, 0, spec.right]), mode=mode)
    filters = graph.node("Reshape", graph.weight(names["weight"]), np.array([spec.filters, spec.kernel, spec.channels]))
    weight = graph.node("Transpose", filters, perm=[0, 2, 1])
    made = graph.node("Conv", padded, weight, graph.weight(names["bias"]), strides=[spec.stride])
    sizes = graph.node("Shape", flow.values, end=2)
    whole = graph.node("Concat", sizes, np.array([spec.outputs]), axis=0)
    return replace(flow, values=graph.node("Reshape", graph.node("Transpose", made, perm=[0, 2, 1]), whole))
