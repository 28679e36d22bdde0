"""Labels as outputs of an ONNX graph: the log-odds of each label, and its probability.

Not here: thresholds: they are told in the metadata; answers without ONNX (run.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra.graph import Graph, Sizes
from recurra.nets.emit import emit_scores
from recurra.tasks.heads.emission import Answers, Case, Emission, grams_told, scores_of
from recurra.tasks.heads.multilabel.run import RunningLabeller
from recurra.tasks.heads.targets.run import sigmoid


def write(model: RunningLabeller, graph: Graph) -> None:
    """Write the net, its log-odds and the probability of each label."""
    sizes: Sizes = ["batch", len(model.names)]
    logits = emit_scores(graph, model.plan)
    graph.output("logits", logits, "FLOAT", sizes)
    graph.output("probabilities", graph.node("Sigmoid", logits), "FLOAT", sizes)


def answers(model: RunningLabeller, case: Case) -> Answers:
    """Return what Recurra answers token ids."""
    logits = scores_of(model, case)
    return {"logits": logits, "probabilities": sigmoid(logits.astype(np.float64))}


def told(model: RunningLabeller) -> dict[str, Any]:
    """The labels, the probability from which on each is said, and how many tokens are read at once."""
    return {
        "labels": list(model.names),
        "thresholds": list(model.thresholds),
        "window": model.plan.window,
        **grams_told(model),
    }


EMISSION = Emission(write, answers, told, "logits")
