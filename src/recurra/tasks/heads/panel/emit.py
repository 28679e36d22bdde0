"""The nets of a panel as an ONNX graph: windows of values to quantiles of the coming ones, in the series' own units.

Not here: classical and linear forecasts and the net of the box, which count beside them (run.py): the metadata tell how
much.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.errors import ArtefactError, either
from recurra.graph import Graph
from recurra.layers.layer import weights_of
from recurra.layers.segments.emit import emit_segments
from recurra.layers.segments.reading import read_nodes
from recurra.layers.segments.reading_beside import DOUBLE, beside_inputs
from recurra.layers.segments.reading_longer import longer_inputs
from recurra.layers.segments.run import MIDDLE, QUANTILES, answered, read_windows, segments
from recurra.panels.beside import Around
from recurra.panels.blend import stretched
from recurra.panels.longer import TIMES, Ago, ahead_of, reach_of
from recurra.panels.windows import Windows
from recurra.tasks.heads.emission import Answers, Case, Emission
from recurra.tasks.heads.panel.run import RunningPanel


def write(model: RunningPanel, graph: Graph) -> None:
    """Write features, the mean of the members, stretched, in the series' units; raises ArtefactError."""
    if not model.plan.member:
        advice = "fit with nets: " + either("--recipe net", 'recipe="net"')
        raise ArtefactError(
            "classical forecasts and the net of the box have no ONNX graph", found=model.encoder.told, advice=advice
        )
    spec = model.plan.member[0]
    values = graph.input("values", "DOUBLE", ["batch", spec.length])
    known = graph.input("known", "BOOL", ["batch", spec.length])
    beside = beside_inputs(spec, graph, _finer(model))
    read = read_nodes(spec, graph, values, known, beside, longer_inputs(spec, graph))
    told = [
        emit_segments(each, {name: f"member{number}.{name}" for name in each.weights()}, graph, read)
        for number, each in enumerate(model.plan.member)
    ]
    mean, level = (graph.node("Unsqueeze", each, np.array([2])) for each in (read.mean, read.level))
    wide = [graph.node("Cast", each, to=DOUBLE) + mean for each in told]
    if spec.log:
        wide = [graph.node("Exp", graph.node("Clip", each, np.array(-30.0), np.array(30.0))) for each in wide]
    summed = graph.node("Sum", *(each * level for each in wide)) / np.array(float(len(wide)))
    middle = graph.node("Slice", summed, np.array([MIDDLE]), np.array([MIDDLE + 1]), np.array([2]))
    wider = middle + (summed - middle) * _factors(model)
    graph.output("quantiles", wider, "DOUBLE", ["batch", spec.horizon, len(QUANTILES)])


def _factors(model: RunningPanel) -> NDArray[np.float64]:
    """How far each step is stretched: (1, horizon, 1)."""
    ones = np.zeros((1, model.horizon, len(QUANTILES))) + np.arange(len(QUANTILES)) - MIDDLE
    return stretched(ones, list(model.encoder.factors))[:, :, MIDDLE + 1 :][:, :, :1]


def _finer(model: RunningPanel) -> tuple[float, ...]:
    """Of each column, as `Beside.finer`."""
    return tuple(each.finer for each in model.encoder.beside.columns) if model.encoder.beside else ()


def answers(model: RunningPanel, case: Case) -> Answers:
    """Return what the members tell of windows: the mean of their quantiles, stretched as intervals are."""
    spec, contexts, there = model.plan.member[0], case.beside["values"], case.beside["known"]
    nothing = np.zeros((len(contexts), 1))
    read = read_windows(spec, Windows(contexts, there, nothing, nothing > 0, _around(model, case), _ago(model, case)))
    each = [
        answered(member, segments(member, weights_of(model.tensors, f"member{number}"), read), read)
        for number, member in enumerate(model.plan.member)
    ]
    return {"quantiles": stretched(np.mean(each, axis=0), list(model.encoder.factors))}


def _around(model: RunningPanel, case: Case) -> Around | None:
    spec, rows = model.plan.member[0], len(case.beside["values"])
    if not any(spec.beside.values()):
        return None
    steps = spec.length + spec.horizon
    columns, calendar = (
        case.beside.get(name, np.zeros((rows, steps, 0), np.float32)) for name in ("columns", "calendar")
    )
    statics = case.beside.get("statics", np.zeros((rows, 0), np.float32))
    places = np.arange(rows * steps).reshape(rows, steps)
    finer = np.array(_finer(model), np.float32)
    return Around(columns, calendar.reshape(rows * steps, -1), places, statics, finer, spec.past)


def _ago(model: RunningPanel, case: Case) -> Ago | None:
    spec = model.plan.member[0]
    return Ago(case.beside["ago"], case.beside["ago_known"], reach_of(spec.season)) if spec.longer else None


def drawn(model: RunningPanel, random: np.random.Generator, count: int) -> dict[str, NDArray[Any]]:
    """Draw windows of series that wander, of all sizes, some of their values and columns unknown."""
    spec = model.plan.member[0]
    values = 10 + np.abs(random.standard_normal((count, spec.length)).cumsum(axis=1))
    sizes = 10.0 ** random.integers(-3, 7, (count, 1))
    told: dict[str, NDArray[Any]] = {"values": values * sizes, "known": random.random(values.shape) < 0.9}
    if spec.longer:
        held = (count, TIMES, reach_of(spec.season) + ahead_of(spec.longer, spec.horizon))
        told["ago"] = (10 + np.abs(random.standard_normal(held).cumsum(axis=2))) * sizes[:, :, None]
        told["ago_known"] = random.random(held) < random.random((count, TIMES, 1))
    steps, columns = spec.length + spec.horizon, spec.past + spec.future
    shapes = {"columns": (steps, columns), "calendar": (steps, spec.calendar), "statics": (spec.static,)}
    for name, shape in shapes.items():
        if shape[-1]:
            told[name] = random.standard_normal((count, *shape)).astype(np.float32)
    if columns:
        told["columns"][random.random((count, steps, columns)) < 0.2] = np.nan
    return told


def told(model: RunningPanel) -> dict[str, Any]:
    """What else counts in Recurra's own answer, how intervals were stretched, the season, and the units of columns."""
    shares, factors = model.encoder.shares, list(model.encoder.factors)
    beside = model.encoder.beside.model_dump(mode="json") if model.encoder.beside else None
    config = model.encoder.config
    seasons = {"season": config.season, "longer_season": config.longer_season}
    return {"shares": shares, "factors": factors, **seasons, "levels": list(QUANTILES), "beside": beside}


EMISSION = Emission(write, answers, told, drawn=drawn)
