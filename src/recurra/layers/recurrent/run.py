"""Stacked recurrent layers, as a record and without torch: (tokens, inputs) -> (tokens, outputs), and final states.

Not here: learning, and the equations (cells/).

The native engine sweeps float32 where it is there. Else, and in float64, the equations below do: sequences are swept
sorted from long to short and drop out at their own end, so that no pad is ever computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from recurra.batches import Ragged, lay_grid
from recurra.cells import CELLS
from recurra.cells.backends.numpy import FromState, array_step, factor, product
from recurra.cells.cell import Activation
from recurra.config import CellKind, CellName, Precision
from recurra.engine import native
from recurra.engine.words import WordTable, word_table
from recurra.layers.layer import ArrayState, Floats, LayerSpec, Shapes, Weights

_Route = Literal["native", "numpy"]
Side = tuple[Floats, Floats, Floats, Floats]
"""Weights of one direction of a layer: input, recurrent, and their biases."""


class RecurrentSpec(LayerSpec):
    """Stacked recurrent layers over ragged sequences: (tokens, inputs) -> (tokens, outputs) and the final state."""

    kind: Literal["recurrent"] = "recurrent"
    cell: CellName
    activation: Activation = "tanh"
    precision: Precision = "float32"
    reset_after: bool = True
    inputs: int = Field(ge=1, le=16_384)
    hidden: int = Field(ge=1, le=16_384)
    layers: int = Field(default=1, ge=1, le=16)
    bidirectional: bool = False

    @model_validator(mode="after")
    def _choices_fit(self) -> RecurrentSpec:
        cell = CELLS[self.cell]
        if self.activation not in cell.activations:
            raise ValueError(f"activation of {self.cell}: one of {', '.join(cell.activations)}")
        if not (self.reset_after or cell.before):
            raise ValueError(f"reset_after of {self.cell}: true; only of a gru it may be false")
        return self

    def weights(self) -> Shapes:
        """Return names and shapes of the weights: torch.nn's names, so that state dicts are interchangeable."""
        # torch.nn's layout: the rows of all gates one below the other.
        gates = self.computed.gates
        recurrent, recurrent_bias = self.computed.recurrent_shapes(self.hidden)
        shapes: Shapes = {}
        for layer, suffix in self.sweeps:
            # A layer above reads what the one below gives, both directions side by side.
            inputs = self.inputs if layer == 0 else self.outputs
            shapes[f"weight_ih_l{layer}{suffix}"] = (gates * self.hidden, inputs)
            shapes[f"weight_hh_l{layer}{suffix}"] = recurrent
            shapes[f"bias_ih_l{layer}{suffix}"] = (gates * self.hidden,)
            shapes[f"bias_hh_l{layer}{suffix}"] = recurrent_bias
        return {name: shape for name, shape in shapes.items() if shape[0]}  # what a cell does not have is left out

    @property
    def computed(self) -> CellKind:
        """What is computed at each step."""
        return CellKind(self.cell, self.activation, self.precision, self.reset_after)

    @property
    def sweeps(self) -> list[tuple[int, str]]:
        """Each sweep over the sequence as (layer, name suffix), in the order they run."""
        suffixes = ("", "_reverse") if self.bidirectional else ("",)
        return [(layer, suffix) for layer in range(self.layers) for suffix in suffixes]

    @property
    def states(self) -> tuple[str, ...]:
        """The parts of a sweep's state: hidden, and the inner one where the cell has it."""
        return self.computed.states

    @property
    def outputs(self) -> int:
        """Features that come out: both directions side by side."""
        return self.hidden * (2 if self.bidirectional else 1)


def recurrent(
    spec: RecurrentSpec,
    weights: Weights,
    inputs: Ragged[Floats],
    states: Sequence[ArrayState] | None = None,
    *,
    rows: NDArray[np.int32] | None = None,
    table: WordTable | None = None,
    route: _Route | None = None,
) -> tuple[Ragged[Floats], list[ArrayState]]:
    """Sweep layer by layer; `states` and the final states hold one state per sweep, in the order of `spec.sweeps`.

    With `rows` (tokens,) the values are distinct inputs, and `rows` tells which one each token has: words come again
    and again, and the engine multiplies each of them once. With a `table`, `rows` are places in it and the values none.
    """
    chosen = route or swept_by(spec.computed, inputs.values.dtype)
    final: list[ArrayState] = []
    directions = 2 if spec.bidirectional else 1
    # Both directions of a layer are swept together: the layer above needs both.
    for first in range(0, spec.layers * directions, directions):
        names = [f"_l{layer}{suffix}" for layer, suffix in spec.sweeps[first : first + directions]]
        sides = [of_sweep(spec, weights, name) for name in names]
        given = list(states[first : first + directions]) if states is not None else None
        if chosen == "native":
            values, ends = _native(spec, sides, inputs, given, rows, table)
        else:
            values, ends = _numpy(spec, sides, inputs, given, rows)
        # Distinct words and their table serve the first layer alone; above it every token differs.
        rows = table = None
        final += ends
        inputs = inputs.carry(values)
    return inputs, final


def _native(
    spec: RecurrentSpec,
    sides: list[Side],
    inputs: Ragged[Floats],
    states: list[ArrayState] | None,
    rows: NDArray[np.int32] | None,
    table: WordTable | None,
) -> tuple[Floats, list[ArrayState]]:
    # From one state a direction to one array a part, as the engine takes them.
    start = tuple(np.stack(parts) for parts in zip(*states, strict=True)) if states else None
    # With a table the products are made already; there is nothing left to multiply.
    values, projected = (None, table.rows) if table else (inputs.values, None)
    values, parts = native.sweep(spec.computed, sides, values, inputs.offsets, start, rows, projected)
    return values, [tuple(part[side] for part in parts) for side in range(len(sides))]


def _numpy(
    spec: RecurrentSpec,
    sides: list[Side],
    inputs: Ragged[Floats],
    states: list[ArrayState] | None,
    rows: NDArray[np.int32] | None,
) -> tuple[Floats, list[ArrayState]]:
    # NumPy has no sweep over distinct words: each token gets its word's values.
    inputs = inputs if rows is None else inputs.carry(inputs.values[rows])
    begin = states or [zero_state(spec, inputs.sequences, inputs.values.dtype)] * len(sides)
    swept = [
        _sweep(spec, side, inputs, state, number == 1)
        for number, (side, state) in enumerate(zip(sides, begin, strict=True))
    ]
    return np.concatenate([values for values, _ in swept], axis=1), [end for _, end in swept]


def swept_by(kind: CellKind, dtype: np.dtype[Any]) -> _Route:
    """Tell what sweeps a cell over values of this type."""
    return "native" if native.serves(dtype) and native.knows(kind) else "numpy"


def words_of(spec: RecurrentSpec, weights: Weights, vectors: Floats) -> WordTable | None:
    """Return the table of a trained model's words as inputs of the first layer, where there can be one."""
    # Only the first layer reads words.
    first = spec.sweeps[: 2 if spec.bidirectional else 1]
    sides = [of_sweep(spec, weights, f"_l{layer}{suffix}") for layer, suffix in first]
    return word_table(spec.computed, sides, vectors)


def zero_state(spec: RecurrentSpec, sequences: int, dtype: np.dtype[Any]) -> ArrayState:
    """Return the state a sweep starts from: zeros."""
    return tuple(np.zeros((sequences, spec.hidden), dtype) for _ in spec.states)


def of_sweep(spec: RecurrentSpec, weights: Weights, ending: str) -> Side:
    """The weights of one sweep, by the ending of their names; those that a cell does not have are empty."""
    none, none_bias = _absent(spec.hidden)
    return (
        weights[f"weight_ih{ending}"],
        # A minGRU has no recurrent weights, the parallel cells no recurrent bias: their names are not in the artefact.
        weights.get(f"weight_hh{ending}", none),
        weights[f"bias_ih{ending}"],
        weights.get(f"bias_hh{ending}", none_bias),
    )


@cache
def _absent(hidden: int) -> tuple[Floats, Floats]:
    """What stands for recurrent weights that a cell does not have: no rows, always the same ones."""
    # The engine keeps packed weights by identity and only of arrays that cannot change.
    none = np.zeros((0, hidden), np.float32), np.zeros(0, np.float32)
    for one in none:
        one.flags.writeable = False
    return none


def _sweep(
    spec: RecurrentSpec,
    weights: Side,
    inputs: Ragged[Floats],
    state: ArrayState,
    reverse: bool,
) -> tuple[Floats, ArrayState]:
    kind = spec.computed
    input_weight, recurrent_weight, input_bias, recurrent_bias = weights
    # Vectors on the state are not multiplied as a matrix: no precision rounds them.
    rounding = "float32" if kind.parallel else kind.precision
    side = FromState(kind, factor(recurrent_weight, rounding), recurrent_bias)
    # From long to short: at each step those still running are the first ones, a plain slice.
    order = np.argsort(-inputs.lengths, kind="stable")
    laid = lay_grid(inputs.offsets, reverse=reverse)
    step_of, owner = np.divmod(laid.places, max(laid.sequences, 1))
    # How many sequences run at each step, and where each step's tokens start.
    running = (inputs.lengths[None, :] > np.arange(laid.steps)[:, None]).sum(axis=1)
    starts = np.concatenate([[0], np.cumsum(running)])
    # Tokens sorted by (step, rank): each step's running sequences lie side by side, nothing between them.
    places = starts[step_of] + np.argsort(order)[owner]
    projected = np.empty((len(places), len(input_bias)), inputs.values.dtype)
    # The input's products wait for no state: they are made for all tokens at once.
    from_inputs = product(factor(inputs.values, kind.precision), factor(input_weight, kind.precision))
    projected[places] = from_inputs + input_bias
    outputs = np.empty((len(places), spec.hidden), inputs.values.dtype)
    # Fancy indexing copies, so the states that came in are not overwritten below.
    whole = tuple(part[order] for part in state)
    for time in range(laid.steps):
        start, stop = starts[time], starts[time + 1]
        active = tuple(part[: running[time]] for part in whole)
        active = array_step(projected[start:stop], active, side)
        outputs[start:stop] = active[0]
        for part, new in zip(whole, active, strict=True):
            # Sequences that ended keep the state they ended with.
            part[: running[time]] = new
    back = np.argsort(order)
    return outputs[places], tuple(part[back] for part in whole)
