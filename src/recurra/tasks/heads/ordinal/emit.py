"""Classes in an order as outputs of an ONNX graph: the log-odds of more, and each class's probability.

Not here: the median class, which is the answer; answers without ONNX (run.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra.graph import Graph, Value
from recurra.nets.emit import emit_scores
from recurra.tasks.heads.emission import Answers, Case, Emission, grams_told, scores_of
from recurra.tasks.heads.ordinal.run import RunningOrdinal, shares_of


def write(model: RunningOrdinal, graph: Graph) -> None:
    """Write the net, the log-odds of more than each class but the last, and the classes' probabilities."""
    logits, classes = emit_scores(graph, model.plan), len(model.names)
    graph.output("logits", logits, "FLOAT", ["batch", classes - 1])
    above = _falling(graph, graph.node("Sigmoid", logits), classes - 1)
    nothing = above[-1] * np.array(0, np.float32)
    # More than none is sure, more than the last class is impossible.
    before = graph.node("Concat", nothing + np.array(1, np.float32), *above, axis=1)
    shares = before - graph.node("Concat", *above, nothing, axis=1)
    graph.output("probabilities", shares, "FLOAT", ["batch", classes])


def _falling(graph: Graph, chances: Value, columns: int) -> list[Value]:
    """Return the chances of more, column by column, each at most those before it."""
    above: list[Value] = []
    for column in graph.several("Split", columns, chances, axis=1) if columns > 1 else (chances,):
        above.append(graph.node("Min", above[-1], column) if above else column)
    return above


def answers(model: RunningOrdinal, case: Case) -> Answers:
    """Return what Recurra answers token ids."""
    logits = scores_of(model, case)
    return {"logits": logits, "probabilities": shares_of(logits.astype(np.float64))}


def told(model: RunningOrdinal) -> dict[str, Any]:
    """The classes in order, and how many tokens are read at once."""
    return {"labels": list(model.names), "window": model.plan.window, **grams_told(model)}


EMISSION = Emission(write, answers, told, "probabilities")
