"""Classes as outputs of an ONNX graph: scores of the labels, and their probabilities.

Not here: the net (nets/emit.py), and answers without ONNX (run.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra.graph import Graph
from recurra.nets.emit import emit_scores
from recurra.nets.run import softmax
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.emission import Answers, Case, Emission, grams_told, scores_of


def write(model: RunningClassifier, graph: Graph) -> None:
    """Write the net, its scores, and the probabilities at the model's temperature."""
    logits = emit_scores(graph, model.plan)
    graph.output("logits", logits, "FLOAT", ["batch", len(model.labels)])
    shares = graph.node("Softmax", logits / np.array(model.temperature, np.float32), axis=1)
    graph.output("probabilities", shares, "FLOAT", ["batch", len(model.labels)])


def answers(model: RunningClassifier, case: Case) -> Answers:
    """Return what Recurra answers token ids."""
    logits = scores_of(model, case)
    return {"logits": logits, "probabilities": softmax(logits / model.temperature)}


def told(model: RunningClassifier) -> dict[str, Any]:
    """The labels, and how many tokens are read at once."""
    return {"labels": list(model.labels), "window": model.plan.window, **grams_told(model)}


EMISSION = Emission(write, answers, told, "logits")
