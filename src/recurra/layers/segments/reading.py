"""What a net of segments reads of a window, written as ONNX nodes of float64, as panels/features.py makes it.

Not here: covariates and the calendar beside the values (reading_beside.py), a longer season (reading_longer.py).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recurra.graph import FLOAT, Graph, Value
from recurra.layers.segments.reading_beside import DOUBLE, BesideInputs, beside_nodes
from recurra.layers.segments.reading_longer import LongerInputs, WindowNodes, longer_nodes
from recurra.layers.segments.run import SegmentsSpec
from recurra.panels.beside import FARTHEST
from recurra.panels.features import SMALLEST, UNKNOWN
from recurra.panels.longer import reach_of


class ReadNodes(NamedTuple):
    """As `Features` has them: of float32 all but `level` and `mean`."""

    segments: Value
    extras: Value
    skips: Value
    slope: Value
    spread: Value
    level: Value
    """(batch, 1)."""
    mean: Value
    """(batch, 1)."""
    steps: Value | None
    """Of each coming step, where something is known ahead."""


class _Window(NamedTuple):
    """Windows in units of their level, and how they usually change."""

    graph: Graph
    given: Value
    """In their own units."""
    values: Value
    real: Value
    """1 where a value is known, else 0."""
    mean: Value
    single: Value
    spread: Value

    def part(self, value: Value, start: int, stop: int) -> Value:
        """Some of the steps (batch, steps), counted from 0."""
        return _part(self.graph, value, start, stop)


def read_nodes(
    spec: SegmentsSpec, graph: Graph, contexts: Value, known: Value, inputs: BesideInputs, longer: LongerInputs | None
) -> ReadNodes:
    """Read windows (batch, length) of float64, what is known of them (truth values), and what stands beside them."""
    length, season = spec.length, spec.season
    real = graph.node("Cast", known, to=DOUBLE)
    level = _level(graph, contexts, length, season)
    values = contexts / level
    if spec.log:
        values = graph.node("Log", graph.node("Max", values, _number(SMALLEST)))
    mean = _mean(graph, _part(graph, values, length - max(season, 2), length))
    single, spread = _usual_changes(graph, values, real, spec)
    # A floor of a hundredth of the level, as there.
    spread = spread + spread * _number(0.01) / (spread + _number(1e-3)) + _number(1e-9)
    window = _Window(graph, contexts, values, real, mean, single, spread)
    skips, slope = _skips(spec, window._replace(values=values - mean))
    segments, extras, scaled = _told(spec, window)
    if longer is not None:
        newest = _part(graph, values - mean, length - reach_of(season), length)
        ends = WindowNodes(level, mean, newest, _only(graph, skips, 2), spread)
        simple, sides = longer_nodes(spec, graph, longer, ends)
        skips, extras = graph.node("Concat", skips, simple, axis=1), graph.node("Concat", extras, sides, axis=1)
    singles = [graph.node("Cast", each, to=FLOAT) for each in (segments, extras, skips, slope, spread)]
    beside = beside_nodes(spec, graph, inputs, scaled)
    if beside.segments is not None:
        singles[0] = graph.node("Concat", singles[0], beside.segments, axis=2)
    if beside.extras is not None:
        singles[1] = graph.node("Concat", singles[1], beside.extras, axis=1)
    return ReadNodes(singles[0], singles[1], singles[2], singles[3], singles[4], level, mean, beside.steps)


def _number(value: float) -> np.ndarray[tuple[()], np.dtype[np.float64]]:
    return np.array(value, np.float64)


def _part(graph: Graph, value: Value, start: int, stop: int) -> Value:
    return graph.node("Slice", value, np.array([start]), np.array([stop]), np.array([1]))


def _mean(graph: Graph, value: Value, axis: int = 1) -> Value:
    return graph.node("ReduceMean", value, axes=[axis], keepdims=1)


def _sum(graph: Graph, value: Value) -> Value:
    return graph.node("ReduceSum", value, np.array([1]), keepdims=1)


def _level(graph: Graph, contexts: Value, length: int, season: int) -> Value:
    sizes = graph.node("Abs", contexts)
    newest = min(length, max(2 * season, 8))
    highest = graph.node("ReduceMax", sizes, axes=[1], keepdims=1)
    level = _mean(graph, _part(graph, sizes, length - newest, length)) + highest * _number(1e-6)
    return graph.node("Where", graph.node("Greater", level, _number(0)), level, _number(1))


def _usual_changes(graph: Graph, values: Value, real: Value, spec: SegmentsSpec) -> tuple[Value, Value]:
    def usual(lag: int) -> tuple[Value, Value]:
        both = _part(graph, real, lag, spec.length) * _part(graph, real, 0, spec.length - lag)
        moved = _part(graph, values, lag, spec.length) - _part(graph, values, 0, spec.length - lag)
        count = _sum(graph, both)
        return _sum(graph, graph.node("Abs", moved) * both) / graph.node("Max", count, _number(1)), count

    single, pairs = usual(1)
    single = graph.node("Where", graph.node("Greater", pairs, _number(0)), single, _number(UNKNOWN))
    seasonal, count = usual(spec.season)
    enough = graph.node("GreaterOrEqual", count, _number(max(spec.season // 2, 2)))
    return single, graph.node("Where", enough, seasonal, single)


def _told(spec: SegmentsSpec, window: _Window) -> tuple[Value, Value, Value]:
    """The segments, what is told of a whole window, and its values in usual changes, 0 where unknown."""
    graph, (_, _, values, real, mean, single, spread) = window.graph, window
    ends = _number(-FARTHEST), _number(FARTHEST)
    scaled = graph.node("Clip", (values - mean) / spread, *ends)
    first = window.part(values, 0, spec.season)
    moved = window.part(values, spec.season, spec.length) - window.part(values, 0, spec.length - spec.season)
    changes = graph.node("Clip", graph.node("Concat", first - first, moved / spread, axis=1), *ends)
    columns = [graph.node("Unsqueeze", each, np.array([2])) for each in (scaled * real, changes * real, real)]
    # Side by side for each step, and so for each segment.
    read = graph.node("Concat", *columns, axis=2)
    segments = graph.node("Reshape", read, np.array([0, spec.segments, 3 * spec.segment]))
    begin = spec.length - max(spec.season, spec.segment)
    newest = window.part(values, spec.length - 1, spec.length)
    told = [graph.node("Log", spread), _mean(graph, real), single / spread, (newest - mean) / spread]
    tails = [window.part(each, begin, spec.length) for each in (scaled, changes)]
    return segments, graph.node("Concat", *tails, *told, *_standing(spec, window), axis=1), scaled * real


def _standing(spec: SegmentsSpec, window: _Window) -> list[Value]:
    """Where windows stand among all values, where that is told: (batch, 4)."""
    if spec.among is None:
        return []
    graph, (mean, spread) = window.graph, map(_number, spec.among)
    every = _mean(graph, window.given)
    gaps = window.given - every
    own = graph.node("Sqrt", _mean(graph, gaps * gaps)) / spread
    newest = _mean(graph, window.part(window.given, spec.length - max(spec.season, 2), spec.length))
    place = (newest - mean) / spread
    steep = graph.node("Log", own + _number(SMALLEST))
    told = [place, place / graph.node("Max", own, _number(0.05)), (every - mean) / spread, steep]
    return [graph.node("Clip", graph.node("Concat", *told, axis=1), _number(-FARTHEST), _number(FARTHEST))]


def _skips(spec: SegmentsSpec, window: _Window) -> tuple[Value, Value]:
    """Simple forecasts (batch, 5, horizon) of values less their mean, and a trend's slope (batch, 1)."""
    graph, length, season = window.graph, spec.length, spec.season
    seasons = max(1, min(3, length // season))
    newest = window.part(window.values, length - seasons * season, length)
    shaped = graph.node("Reshape", newest, np.array([0, seasons, season]))
    means = _mean(graph, shaped, axis=2)
    turns = np.arange(spec.horizon) % season
    last = window.part(window.values, length - 1, length)
    naive = last * np.ones((1, spec.horizon))
    ends = [_only(graph, each, seasons - 1) for each in (shaped, means)]
    shape = graph.node("ReduceMean", shaped - means, axes=[1], keepdims=0)
    usual = graph.node("Gather", shape + ends[1], turns, axis=1)
    repeated = graph.node("Gather", ends[0], turns, axis=1)
    if season == 1:
        slope, begun = _slope(window, length, last), naive
    else:
        before = _only(graph, means, seasons - 2) if seasons > 1 else ends[1]
        slope, begun = (ends[1] - before) / _number(season), usual
    rows = [graph.node("Unsqueeze", each, np.array([1])) for each in (naive, repeated, usual, begun, naive - naive)]
    return graph.node("Concat", *rows, axis=1), slope


def _only(graph: Graph, value: Value, place: int) -> Value:
    """One of the seasons, or of the forecasts: (batch, seasons, …) -> (batch, …)."""
    return graph.node("Gather", value, np.array(place), axis=1)


def _slope(window: _Window, length: int, last: Value) -> Value:
    graph, reach = window.graph, min(length, 12)
    known = _sum(graph, window.part(window.real, length - reach, length))
    run = (last - window.part(window.values, length - reach, length - reach + 1)) / _number(max(reach - 1, 1))
    return graph.node("Where", graph.node("GreaterOrEqual", known, _number(3)), run, _number(0))
