"""The cells in ONNX: an operator where ONNX has the cell, else a loop (Scan) whose body is the cell's one step.

Not here: the equations (cells/NAME.py), stacking and directions (layers/recurrent/emit.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from recurra.cells import CELLS
from recurra.cells.cell import Activation, Elementwise
from recurra.config import CellKind
from recurra.graph import Graph, Value

NODE: dict[Activation, str] = {"tanh": "Tanh", "relu": "Relu", "sigmoid": "Sigmoid"}
"""ONNX' names of the activations, as operators and inside its recurrent operators."""


class Operator(NamedTuple):
    """A recurrent operator of ONNX."""

    name: str
    gates: Sequence[str]
    """Our letters of the gates in its order."""
    activations: int
    """How many of its activations are the cell's own; before them stands a sigmoid, of all cells with gates."""


OPERATORS = {
    "rnn": Operator("RNN", [""], 1),
    "gru": Operator("GRU", "zrn", 1),
    "lstm": Operator("LSTM", "iofg", 2),
}
"""The cells that ONNX has. What is not here runs as a loop."""


class Sweep(NamedTuple):
    """One direction of one layer over a batch (time, batch, features)."""

    kind: CellKind
    hidden: int
    names: dict[str, str]
    """Full names of its weights by what they are: weight_ih, weight_hh, bias_ih, bias_hh; absent ones are left out."""
    reverse: bool


class Batch(NamedTuple):
    """What a sweep reads."""

    values: Value
    """(time, batch, features)."""
    lengths: Value
    """(batch,) int32."""
    there: Value
    """(time, batch, 1): whether a token stands there."""


Swept = tuple[Value, tuple[Value, ...]]
"""Outputs (time, batch, hidden), and where the state ended, each part (batch, hidden)."""


def swept(graph: Graph, sweep: Sweep, batch: Batch, state: tuple[Value, ...]) -> Swept:
    """Write a sweep that begins in a state, each part (batch, hidden)."""
    if sweep.kind.cell in OPERATORS:
        return _by_operator(graph, OPERATORS[sweep.kind.cell], sweep, batch, state)
    return _by_loop(graph, sweep, batch, state)


def _by_operator(graph: Graph, operator: Operator, sweep: Sweep, batch: Batch, state: tuple[Value, ...]) -> Swept:
    kind, hidden = sweep.kind, sweep.hidden
    rows = [row for gate in operator.gates for row in range(*kind.rows_of(gate, hidden).indices(kind.gates * hidden))]
    biases = [graph.tensors[sweep.names[name]][rows] for name in ("bias_ih", "bias_hh")]
    gated = [NODE["sigmoid"]] if kind.gates > 1 else []
    more = {"linear_before_reset": int(kind.reset_after)} if operator.name == "GRU" else {}
    # Its first axis is that of directions; each has an operator of its own here.
    outputs, *ends = graph.several(
        operator.name,
        1 + len(state),
        batch.values,
        _led(graph, graph.weight(sweep.names["weight_ih"], rows=rows)),
        _led(graph, graph.weight(sweep.names["weight_hh"], rows=rows)),
        np.concatenate(biases)[None],
        batch.lengths,
        *(_led(graph, part) for part in state),
        activations=[*gated, *[NODE[kind.activation]] * operator.activations],
        direction="reverse" if sweep.reverse else "forward",
        hidden_size=hidden,
        **more,
    )
    # (time, 1, batch, hidden) and (1, batch, hidden).
    some = graph.node("Greater", graph.node("Unsqueeze", batch.lengths, np.array([1])), np.array(0, np.int32))
    kept = zip((_without(graph, end, 0) for end in ends), state, strict=True)
    # Of a sequence without a token the operator gives zeros, not the state that it began in.
    return _without(graph, outputs, 1), tuple(graph.node("Where", some, end, begin) for end, begin in kept)


def _led(graph: Graph, value: Value) -> Value:
    """A first axis of 1."""
    return graph.node("Unsqueeze", value, np.array([0]))


def _without(graph: Graph, value: Value, axis: int) -> Value:
    return graph.node("Squeeze", value, np.array([axis]))


@dataclass(frozen=True)
class FromState:
    """What meets the state at every step, seen from the body of the loop."""

    body: Graph
    kind: CellKind
    hidden: int
    weight: Callable[[str], tuple[Value, Value]]
    """A gate's weight (hidden, rows) and bias (rows,), of the graph around; `""`: of all gates."""
    vectors: tuple[Value, ...]

    def product(self, state: Value, gate: str = "") -> Value:
        """U h + d; of the rows of one gate."""
        weight, bias = self.weight(gate)
        return (state @ weight) + bias


def _by_loop(graph: Graph, sweep: Sweep, batch: Batch, state: tuple[Value, ...]) -> Swept:
    kind, names = sweep.kind, sweep.names
    # The input's products wait for no state: they are made for all tokens at once.
    projected = (batch.values @ graph.weight(names["weight_ih"], turned=True)) + graph.weight(names["bias_ih"])
    body = graph.body()
    before = tuple(body.inner(f"{part}_before", "FLOAT") for part in kind.states)
    step, there = body.inner("step", "FLOAT"), body.inner("there", "BOOL")
    functions: dict[Activation, Callable[[Value], Value]] = {
        name: partial(body.node, operator) for name, operator in NODE.items()
    }
    operations = Elementwise(functions, kind.activation, partial(body.several, "Split", kind.gates, axis=-1))
    after = kind.step(operations, step, before, _from_state(graph, body, sweep))
    for new, old in zip(after, before, strict=True):
        # Behind its end, and on the way back before it, a sequence keeps its state.
        body.give(body.node("Where", there, new, old), "FLOAT")
    body.give(after[0], "FLOAT")
    # A sweep back meets the pads first, and they leave its state alone: nothing need be turned round.
    ways = [1, 1] if sweep.reverse else [0, 0]
    *ends, outputs = graph.several(
        "Scan", len(state) + 1, *state, projected, batch.there, body=body.record("step"), num_scan_inputs=2,
        scan_input_directions=ways, scan_output_directions=ways[:1],
    )  # fmt: skip
    return outputs, tuple(ends)


def _from_state(graph: Graph, body: Graph, sweep: Sweep) -> FromState:
    kind, hidden, names = sweep.kind, sweep.hidden, sweep.names
    made: dict[str, tuple[Value, Value]] = {}

    def weight(gate: str) -> tuple[Value, Value]:
        if gate not in made:
            whole = graph.weight(names["weight_hh"], turned=True), graph.weight(names["bias_hh"])
            rows = kind.rows_of(gate, hidden).indices(kind.gates * hidden)[:2]
            start, stop = (np.array([end]) for end in rows)
            each = whole if not gate else [graph.node("Slice", part, start, stop, np.array([-1])) for part in whole]
            made[gate] = each[0], each[1]
        return made[gate]

    count = len(CELLS[kind.cell].vectors or ())
    if not count:
        return FromState(body, kind, hidden, weight, ())
    vectors = graph.several("Split", count, graph.weight(names["weight_hh"]), axis=0)
    return FromState(body, kind, hidden, weight, tuple(body.seen(vector) for vector in vectors))
