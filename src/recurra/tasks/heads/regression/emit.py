"""Numbers as outputs of an ONNX graph, in the targets' units.

Not here: the net (nets/emit.py), and answers without ONNX (run.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra.graph import Graph
from recurra.nets.emit import emit_scores
from recurra.tasks.heads.emission import Answers, Case, Emission, grams_told, scores_of
from recurra.tasks.heads.regression.run import RunningRegressor


def write(model: RunningRegressor, graph: Graph) -> None:
    """Write the net, and bring its columns to the targets' means and spreads."""
    spread, mean = np.array(model.spread, np.float32), np.array(model.mean, np.float32)
    graph.output("numbers", emit_scores(graph, model.plan) * spread + mean, "FLOAT", ["batch", len(model.names)])


def answers(model: RunningRegressor, case: Case) -> Answers:
    """Return what Recurra answers token ids."""
    return {"numbers": scores_of(model, case).astype(np.float64) * np.array(model.spread) + np.array(model.mean)}


def told(model: RunningRegressor) -> dict[str, Any]:
    """The targets' names, and how many tokens are read at once."""
    return {"names": list(model.names), "window": model.plan.window, **grams_told(model)}


EMISSION = Emission(write, answers, told)
