"""Classes as outputs of an ONNX graph: scores of the labels, and their probabilities.

Not here: the net (nets/emit.py), and answers without ONNX (run.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recurra.batches import join
from recurra.graph import Graph
from recurra.layers.layer import TokenIds
from recurra.nets.emit import emit_net
from recurra.nets.run import run, softmax
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.emission import Answers, Emission


def write(model: RunningClassifier, graph: Graph) -> None:
    """Write the net, its scores, and the probabilities at the model's temperature."""
    logits = emit_net(graph, model.plan)
    graph.output("logits", logits, "FLOAT", ["batch", len(model.labels)])
    shares = graph.node("Softmax", logits / np.array(model.temperature, np.float32), axis=1)
    graph.output("probabilities", shares, "FLOAT", ["batch", len(model.labels)])


def answers(model: RunningClassifier, sequences: Sequence[TokenIds]) -> Answers:
    """Return what Recurra answers token ids."""
    logits, _ = run(model.plan, model.tensors, join(sequences))
    return {"logits": logits, "probabilities": softmax(logits / model.temperature)}


EMISSION = Emission(write, answers, lambda model: {"labels": list(model.labels)}, "logits")
