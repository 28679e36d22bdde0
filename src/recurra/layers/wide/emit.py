"""Linear log-odds of n-grams of token ids, written as ONNX nodes: the places of a text's n-grams -> (batch, 1).

Not here: hashing, which ONNX cannot do, and the arithmetic in NumPy (run.py).
"""

from __future__ import annotations

import numpy as np

from recurra.graph import Graph, Value
from recurra.layers.flow import Names
from recurra.layers.grams.emit import found, length_of
from recurra.layers.wide.run import WideSpec


def emit_wide(spec: WideSpec, names: Names, graph: Graph, layer: str) -> Value:
    """Name the input `LAYER_places` (batch, n-grams), a place below 0 for none, and sum up the weights that it has."""
    at, hit = found(graph, names["place"], graph.input(f"{layer}_places", "INT32", ["batch", f"{layer}_n"]))
    weights = graph.node("Gather", graph.weight(names["weight"]), at) * hit
    summed = graph.node("ReduceSum", weights, np.array([1]), keepdims=1)
    return summed / length_of(graph, names["square"], at, hit) + graph.weight(names["bias"])
