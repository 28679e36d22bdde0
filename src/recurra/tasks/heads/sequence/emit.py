"""An imported net as an ONNX graph: what it gives at each step.

Not here: the net (nets/emit.py), and answers without ONNX (run.py).
"""

from __future__ import annotations

from recurra.graph import Graph
from recurra.nets.emit import emit_net, token_first
from recurra.tasks.heads.emission import Answers, Case, Emission, scores_of
from recurra.tasks.heads.sequence.run import ImportedNet


def write(model: ImportedNet, graph: Graph) -> None:
    """Write the net."""
    sizes: list[int | str] = ["batch", "time", model.plan.outputs]
    graph.output("outputs", token_first(graph, emit_net(graph, model.plan)), "FLOAT", sizes)


def answers(model: ImportedNet, case: Case) -> Answers:
    """Return what Recurra answers: a row for each step."""
    return {"outputs": scores_of(model, case)}


EMISSION = Emission(write, answers, ImportedNet.told)
