"""Linear scores of n-grams, written as ONNX nodes: places and counts of a text's n-grams -> its scores.

Words are hashed outside, as ONNX has no texts: what comes in are the distinct places of each text's n-grams.

Not here: the arithmetic in NumPy (run.py).
"""

from __future__ import annotations

import numpy as np

from recurra.graph import FLOAT, Graph, Value
from recurra.layers.flow import Names
from recurra.layers.grams.run import GramsSpec
from recurra.layers.matrix.emit import looked_up


def emit_grams(spec: GramsSpec, names: Names, graph: Graph, layer: str) -> Value:
    """Name the inputs `LAYER_places` and `LAYER_counts` (batch, n-grams), and score them: (batch, outputs).

    A place below 0 stands for none: texts have different numbers of n-grams.
    """
    places = graph.input(f"{layer}_places", "INT32", ["batch", f"{layer}_n"])
    sizes = graph.input(f"{layer}_counts", "FLOAT", ["batch", f"{layer}_n"])
    if spec.counted == "present":
        sizes = sizes * np.array(0, np.float32) + np.array(1, np.float32)
    else:
        # A pad's count may be 0, whose logarithm is no number.
        sizes = graph.node("Log", graph.node("Max", sizes, np.array(1, np.float32))) + np.array(1, np.float32)
    at, hit = found(graph, names["place"], places)
    sizes = sizes * hit
    each = looked_up(graph, names["weight"], at) * graph.node("Unsqueeze", sizes, np.array([2]))
    scores = graph.node("ReduceSum", each, np.array([1]), keepdims=0)
    if spec.normed:
        scores = scores / length_of(graph, names["square"], at, sizes * sizes)
    return scores + graph.weight(names["bias"])


def length_of(graph: Graph, square: str, at: Value, sizes: Value) -> Value:
    """√(Σ size · square) of each text: (batch, 1), above 0."""
    squares = graph.node("Gather", graph.weight(square), at) * sizes
    summed = graph.node("ReduceSum", squares, np.array([1]), keepdims=1)
    return graph.node("Sqrt", graph.node("Max", summed, np.array(1e-12, np.float32)))


def found(graph: Graph, known: str, places: Value) -> tuple[Value, Value]:
    """Return which entry each place is, and 1 where there is one, else 0: (batch, n-grams) each.

    Entries stand in ascending order: the last one that is not above a place is found by halving.
    """
    held = graph.tensors[known].astype(np.int32)
    table, last = graph.constant(held, np.int32), np.array(len(held) - 1, np.int32)
    at = places * np.array(0, np.int32)
    for power in range((len(held) - 1).bit_length() - 1, -1, -1):
        ahead = at + np.array(2**power, np.int32)
        inside = graph.node("Min", ahead, last)
        here = graph.node("LessOrEqual", graph.node("Gather", table, inside), places)
        at = graph.node("Where", graph.node("And", here, graph.node("LessOrEqual", ahead, last)), ahead, at)
    hit = graph.node("Equal", graph.node("Gather", table, at), places)
    return at, graph.node("Cast", hit, to=FLOAT)
