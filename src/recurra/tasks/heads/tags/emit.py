"""Tags as outputs of an ONNX graph: scores of each token's tags, and their probabilities.

Not here: which tag may follow which, and the features of a token (run.py, text/features.py).
"""

from __future__ import annotations

from typing import Any

from recurra.graph import Graph, Sizes
from recurra.nets.emit import emit_net, token_first
from recurra.nets.run import softmax
from recurra.tasks.heads.emission import Answers, Case, Emission, scores_of
from recurra.tasks.heads.tags.run import RunningTagger


def write(model: RunningTagger, graph: Graph) -> None:
    """Write the net, its scores and the probabilities of each token's tags."""
    sizes: Sizes = ["batch", "time", len(model.tags)]
    logits = token_first(graph, emit_net(graph, model.plan))
    graph.output("logits", logits, "FLOAT", sizes)
    graph.output("probabilities", graph.node("Softmax", logits, axis=2), "FLOAT", sizes)


def answers(model: RunningTagger, case: Case) -> Answers:
    """Return what Recurra answers features' ids: a row for each token."""
    logits = scores_of(model, case)
    return {"logits": logits, "probabilities": softmax(logits)}


def told(model: RunningTagger) -> dict[str, Any]:
    """The tags and their scheme."""
    return {"tags": list(model.tags), "scheme": model.scheme}


EMISSION = Emission(write, answers, told, "logits")
