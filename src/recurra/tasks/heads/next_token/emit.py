"""The next token as an output of an ONNX graph: the scores of all words after each token.

Not here: the net (nets/emit.py), and answers without ONNX (run.py).
"""

from __future__ import annotations

from recurra.graph import Graph
from recurra.layers.matrix.emit import tied_nodes
from recurra.nets.emit import emit_net, token_first
from recurra.tasks.heads.emission import Answers, Case, Emission, scores_of
from recurra.tasks.heads.next_token.run import RunningLanguage, next_logits


def write(model: RunningLanguage, graph: Graph) -> None:
    """Write the net and its scores."""
    projected = token_first(graph, emit_net(graph, model.plan))
    logits = tied_nodes(graph, projected, table="embedding.weight", bias="output.bias")
    graph.output("logits", logits, "FLOAT", ["batch", "time", model.plan.output.words])


def answers(model: RunningLanguage, case: Case) -> Answers:
    """Return what Recurra answers token ids: a row for each token."""
    return {"logits": next_logits(model.tensors, scores_of(model, case))}


EMISSION = Emission(write, answers, lambda model: {"direction": model.plan.direction}, "logits")
