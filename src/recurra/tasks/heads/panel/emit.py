"""The nets of a panel as an ONNX graph: windows of values to quantiles of the coming ones, in the series' own units.

Not here: classical forecasts and the net of the box, which count beside them (run.py): the metadata tell how much.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.errors import ArtefactError, either
from recurra.graph import Graph
from recurra.layers.layer import weights_of
from recurra.layers.segments.emit import emit_segments
from recurra.layers.segments.reading import DOUBLE, read_nodes
from recurra.layers.segments.run import QUANTILES, answered, read_windows, segments
from recurra.panels.windows import Windows
from recurra.tasks.heads.emission import Answers, Case, Emission
from recurra.tasks.heads.panel.run import RunningPanel


def write(model: RunningPanel, graph: Graph) -> None:
    """Write features, the mean of the members, and the way back to the series' units; raises ArtefactError."""
    if not model.plan.member:
        advice = "fit with nets: " + either("--recipe net", 'recipe="net"')
        raise ArtefactError(
            "classical forecasts and the net of the box have no ONNX graph", found=model.encoder.told, advice=advice
        )
    spec = model.plan.member[0]
    if any(spec.beside.values()):
        advice = f"fit without columns, and with {either('--set calendar=never', 'calendar=never')}"
        raise ArtefactError("ONNX files hold no columns or calendar beside a panel's values", advice=advice)
    values = graph.input("values", "DOUBLE", ["batch", spec.length])
    known = graph.input("known", "BOOL", ["batch", spec.length])
    read = read_nodes(spec, graph, values, known)
    told = [
        emit_segments(each, {name: f"member{number}.{name}" for name in each.weights()}, graph, read)
        for number, each in enumerate(model.plan.member)
    ]
    mean, level = (graph.node("Unsqueeze", each, np.array([2])) for each in (read.mean, read.level))
    wide = [graph.node("Cast", each, to=DOUBLE) + mean for each in told]
    if spec.log:
        wide = [graph.node("Exp", graph.node("Clip", each, np.array(-30.0), np.array(30.0))) for each in wide]
    summed = graph.node("Sum", *(each * level for each in wide)) / np.array(float(len(wide)))
    graph.output("quantiles", summed, "DOUBLE", ["batch", spec.horizon, len(QUANTILES)])


def answers(model: RunningPanel, case: Case) -> Answers:
    """Return what the members tell of windows: the mean of their quantiles."""
    spec, contexts, there = model.plan.member[0], case.beside["values"], case.beside["known"]
    nothing = np.zeros((len(contexts), 1))
    read = read_windows(spec, Windows(contexts, there, nothing, nothing > 0))
    each = [
        answered(member, segments(member, weights_of(model.tensors, f"member{number}"), read), read)
        for number, member in enumerate(model.plan.member)
    ]
    return {"quantiles": np.mean(each, axis=0)}


def drawn(model: RunningPanel, random: np.random.Generator, count: int) -> dict[str, NDArray[Any]]:
    """Draw windows of series that wander, of all sizes, some of their values unknown."""
    length = model.plan.member[0].length
    values = 10 + np.abs(random.standard_normal((count, length)).cumsum(axis=1))
    sizes = 10.0 ** random.integers(-3, 7, (count, 1))
    return {"values": values * sizes, "known": random.random((count, length)) < 0.9}


def told(model: RunningPanel) -> dict[str, Any]:
    """What else counts in Recurra's own answer, how intervals are stretched, and the season."""
    shares, factors = model.encoder.shares, list(model.encoder.factors)
    return {"shares": shares, "factors": factors, "season": model.encoder.config.season, "levels": list(QUANTILES)}


EMISSION = Emission(write, answers, told, drawn=drawn)
