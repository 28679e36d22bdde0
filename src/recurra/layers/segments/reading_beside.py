"""What a net of segments reads beside the values, columns and the calendar, written as ONNX nodes.

The same features as panels/beside.py makes.

Not here: the values' own features (reading.py).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recurra.graph import FLOAT, Graph, Value
from recurra.layers.segments.run import SegmentsSpec
from recurra.panels.beside import FARTHEST, lags_of, reach_of

DOUBLE = 11
"""ONNX' number of float64."""
ZERO, ENDS = np.array(0, np.float32), (np.array(-FARTHEST, np.float32), np.array(FARTHEST, np.float32))


class BesideNodes(NamedTuple):
    """As `BesideFeatures`, each None where there is nothing of its kind."""

    segments: Value | None
    extras: Value | None
    steps: Value | None


class BesideInputs(NamedTuple):
    """Inputs of a graph, each None where the net reads none: (batch, length + horizon, …), statics (batch, figures)."""

    columns: Value | None
    calendar: Value | None
    statics: Value | None
    finer: tuple[float, ...] = ()


def beside_inputs(spec: SegmentsSpec, graph: Graph, finer: tuple[float, ...]) -> BesideInputs:
    """Name the inputs that the net reads beside the values."""

    def named(name: str, size: int) -> Value | None:
        return graph.input(name, "FLOAT", ["batch", spec.length + spec.horizon, size]) if size else None

    columns, calendar = named("columns", spec.past + spec.future), named("calendar", spec.calendar)
    statics = graph.input("statics", "FLOAT", ["batch", spec.static]) if spec.static else None
    return BesideInputs(columns, calendar, statics, finer)


def beside_nodes(spec: SegmentsSpec, graph: Graph, inputs: BesideInputs, scaled: Value) -> BesideNodes:
    """Read what stands beside windows whose values are `scaled` (batch, length), 0 where unknown."""
    segments, extras, steps, length = list[Value](), list[Value](), list[Value](), spec.length
    if inputs.columns is not None:
        unknown = graph.node("IsNaN", inputs.columns)
        values = graph.node("Clip", graph.node("Where", unknown, ZERO, inputs.columns), *ENDS)
        there = graph.node("Cast", graph.node("Not", unknown), to=FLOAT)
        past, known = (_steps(graph, each, 0, length) for each in (values, there))
        sides = graph.node("Concat", past, known, axis=2)
        segments.append(
            graph.node("Reshape", sides, np.array([0, spec.segments, 2 * spec.segment * len(inputs.finer)]))
        )
        first = length - reach_of(spec.season, spec.segment, length)
        newest = graph.node("Gather", past, np.array(length - 1), axis=1)
        extras += [newest, _mean(graph, *(_steps(graph, each, first, length) for each in (past, known)))[0]]
        if spec.future:
            steps.append(_ahead(spec, graph, inputs.finer[spec.past :], values, there))
    if inputs.calendar is not None:
        # A segment is told by the first of its steps.
        segments.append(graph.node("Gather", inputs.calendar, np.arange(0, length, spec.segment), axis=1))
        steps.append(_steps(graph, inputs.calendar, length, length + spec.horizon))
    if inputs.statics is not None:
        extras.append(inputs.statics)
    if steps:
        turns = np.arange(spec.horizon) % spec.season
        places = [length - lag * spec.season + turns for lag in lags_of(spec.season, length)]
        ago = [graph.node("Gather", scaled, each, axis=1) for each in places]
        steps += [graph.node("Unsqueeze", graph.node("Cast", each, to=FLOAT), np.array([2])) for each in ago]
    return BesideNodes(_joined(graph, segments, 2), _joined(graph, extras, 1), _joined(graph, steps, 2))


def _joined(graph: Graph, parts: list[Value], axis: int) -> Value | None:
    return graph.node("Concat", *parts, axis=axis) if parts else None


def _steps(graph: Graph, value: Value, start: int, stop: int) -> Value:
    return graph.node("Slice", value, np.array([start]), np.array([stop]), np.array([1]))


def _mean(graph: Graph, values: Value, there: Value) -> tuple[Value, Value]:
    """The means over time of what is known (batch, columns), 0 where nothing is, and how much that is."""
    summed, count = (graph.node("ReduceSum", each, np.array([1]), keepdims=0) for each in (values, there))
    return summed / graph.node("Max", count, np.array(1, np.float32)), count


def _ahead(spec: SegmentsSpec, graph: Graph, finer: tuple[float, ...], values: Value, there: Value) -> Value:
    """Of each coming step (batch, horizon, 6 · future): its columns, and how far they are from before."""
    length, end, first = spec.length, spec.length + spec.horizon, np.array([spec.past])
    last, axis = np.array([spec.past + spec.future]), np.array([2])
    values, there = (graph.node("Slice", each, first, last, axis) for each in (values, there))
    coming, sure = (_steps(graph, each, length, end) for each in (values, there))
    mean, count = _mean(graph, *(_steps(graph, each, 0, length) for each in (values, there)))
    some = graph.node("Cast", graph.node("Greater", count, ZERO), to=FLOAT)
    units = np.array(finer, np.float32)
    middle, known = (graph.node("Unsqueeze", each, np.array([1])) for each in (mean, some))
    told = [coming, sure, (coming - middle) * units * sure * known]
    lags = lags_of(spec.season, length)
    for lag in (1, lags[-1] if lags else 1):
        places = length - lag * spec.season + np.arange(spec.horizon) % spec.season
        ago, was = (graph.node("Gather", each, places, axis=1) for each in (values, there))
        told.append((coming - ago) * units * sure * was)
    told.append(_newest(spec, graph, values, there))
    return graph.node("Clip", graph.node("Concat", *told, axis=2), *ENDS)


def _newest(spec: SegmentsSpec, graph: Graph, values: Value, there: Value) -> Value:
    """The mean of the newest steps up to each coming one: sums of float64, as there."""
    reach = reach_of(spec.season, spec.segment, spec.length)
    parts = []
    for each in (values, there):
        wide = graph.node("Cast", _steps(graph, each, spec.length - reach, spec.length + spec.horizon), to=DOUBLE)
        sums = graph.node("CumSum", wide, np.array(1))
        parts.append(_steps(graph, sums, reach, reach + spec.horizon) - _steps(graph, sums, 0, spec.horizon))
    return graph.node("Cast", parts[0] / graph.node("Max", parts[1], np.array(1.0)), to=FLOAT)
