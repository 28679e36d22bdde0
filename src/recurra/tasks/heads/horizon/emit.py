"""The values of a horizon as outputs of an ONNX graph, in the unit of the scaler.

Not here: logarithm, differences and scaling: the metadata tell them; answers without ONNX (run.py).
"""

from __future__ import annotations

import json
from typing import Any

from recurra.graph import Graph
from recurra.nets.emit import emit_net
from recurra.tasks.heads.emission import Answers, Case, Emission, scores_of
from recurra.tasks.heads.horizon.run import RunningForecaster

MOST_SERIES = 1_000
"""Series whose scalers are told; of more, scaler.json has them."""


def write(model: RunningForecaster, graph: Graph) -> None:
    """Write the net: scaled windows to scaled answers."""
    graph.output("forecasts", emit_net(graph, model.plan), "FLOAT", ["batch", model.horizon])


def answers(model: RunningForecaster, case: Case) -> Answers:
    """Return what Recurra answers scaled windows."""
    return {"forecasts": scores_of(model, case)}


def told(model: RunningForecaster) -> dict[str, Any]:
    """How windows are made of values and answers of outputs, and how wide intervals are."""
    scaler = json.loads(model.encoder.to_json())
    if len(model.encoder.scalers) > MOST_SERIES:
        del scaler["scalers"]
    return {"scaler": scaler, "widths": model.widths}


EMISSION = Emission(write, answers, told)
