"""Vectors as outputs of an ONNX graph: of length 1, as the encoder gives texts up to its window.

Not here: the net (nets/emit.py), and answers without ONNX (run.py).
"""

from __future__ import annotations

import numpy as np

from recurra.graph import Graph
from recurra.nets.emit import emit_net
from recurra.tasks.heads.emission import Answers, Case, Emission, scores_of
from recurra.tasks.heads.vectors.run import RunningEncoder
from recurra.tasks.inputs.vectors import unit


def write(model: RunningEncoder, graph: Graph) -> None:
    """Write the net, and bring each vector to length 1."""
    vectors = emit_net(graph, model.plan)
    length = graph.node("ReduceL2", vectors, axes=[1], keepdims=1)
    # As `unit`: zeros stay zeros.
    made = vectors / graph.node("Max", length, np.array(1e-12, np.float32))
    graph.output("vectors", made, "FLOAT", ["batch", model.size])


def answers(model: RunningEncoder, case: Case) -> Answers:
    """Return what Recurra answers token ids."""
    return {"vectors": unit(scores_of(model, case))}


EMISSION = Emission(write, answers, lambda model: {"window": model.encoder.config.max_length})
