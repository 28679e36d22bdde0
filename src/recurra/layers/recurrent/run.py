"""Stacked recurrent layers, running without torch: (tokens, inputs) -> (tokens, outputs) and the final states.

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

from recurra.batches import Ragged, grid
from recurra.cells.backends.numpy import FromState, cell_step
from recurra.cells.backends.products import factor, product
from recurra.config import CellKind
from recurra.engine import native
from recurra.engine.words import WordTable, word_table
from recurra.layers.specs import RecurrentSpec
from recurra.layers.types import Floats, State, Weights

Path = Literal["native", "numpy"]
Side = tuple[Floats, Floats, Floats, Floats]
"""Weights of one direction of a layer: input, recurrent, and their biases."""


def recurrent(
    spec: RecurrentSpec,
    weights: Weights,
    inputs: Ragged[Floats],
    states: Sequence[State] | None = None,
    *,
    rows: NDArray[np.int32] | None = None,
    table: WordTable | None = None,
    path: Path | None = None,
) -> tuple[Ragged[Floats], list[State]]:
    """Sweep layer by layer; `states` and the final states hold one state per sweep, in the order of `spec.sweeps`.

    With `rows` (tokens,) the values are distinct inputs, and `rows` tells which one each token has: words come again
    and again, and the engine multiplies each of them once. With a `table`, `rows` are places in it and the values none.
    """
    chosen = path or choose(spec.computed, inputs.values.dtype)
    final: list[State] = []
    directions = 2 if spec.bidirectional else 1
    for first in range(0, spec.layers * directions, directions):
        names = [f"_l{layer}{suffix}" for layer, suffix in spec.sweeps[first : first + directions]]
        sides = [_of_sweep(spec, weights, name) for name in names]
        given = list(states[first : first + directions]) if states is not None else None
        if chosen == "native":
            values, ends = _native(spec, sides, inputs, given, rows, table)
        else:
            values, ends = _numpy(spec, sides, inputs, given, rows)
        rows = table = None
        final += ends
        inputs = inputs.carry(values)
    return inputs, final


def _native(
    spec: RecurrentSpec,
    sides: list[Side],
    inputs: Ragged[Floats],
    states: list[State] | None,
    rows: NDArray[np.int32] | None,
    table: WordTable | None,
) -> tuple[Floats, list[State]]:
    start = tuple(np.stack(parts) for parts in zip(*states, strict=True)) if states else None
    projected = table.rows if table else None
    values, parts = native.sweep(spec.computed, sides, inputs.values, inputs.offsets, start, rows, projected)
    return values, [tuple(part[side] for part in parts) for side in range(len(sides))]


def _numpy(
    spec: RecurrentSpec,
    sides: list[Side],
    inputs: Ragged[Floats],
    states: list[State] | None,
    rows: NDArray[np.int32] | None,
) -> tuple[Floats, list[State]]:
    inputs = inputs if rows is None else inputs.carry(inputs.values[rows])
    begin = states or [zero_state(spec, inputs.sequences, inputs.values.dtype)] * len(sides)
    swept = [
        _sweep(spec, side, inputs, state, number == 1)
        for number, (side, state) in enumerate(zip(sides, begin, strict=True))
    ]
    return np.concatenate([values for values, _ in swept], axis=1), [end for _, end in swept]


def choose(kind: CellKind, dtype: np.dtype[Any]) -> Path:
    """Tell what sweeps a cell over values of this type."""
    return "native" if native.serves(dtype) and native.knows(kind) else "numpy"


def words_of(spec: RecurrentSpec, weights: Weights, vectors: Floats) -> WordTable | None:
    """Return the table of a trained model's words as inputs of the first layer, where there can be one."""
    first = spec.sweeps[: 2 if spec.bidirectional else 1]
    sides = [_of_sweep(spec, weights, f"_l{layer}{suffix}") for layer, suffix in first]
    return word_table(spec.computed, sides, vectors)


def zero_state(spec: RecurrentSpec, sequences: int, dtype: np.dtype[Any]) -> State:
    """Return the state a sweep starts from: zeros."""
    return tuple(np.zeros((sequences, spec.hidden), dtype) for _ in spec.states)


def _of_sweep(spec: RecurrentSpec, weights: Weights, ending: str) -> Side:
    none, none_bias = _absent(spec.hidden)
    return (
        weights[f"weight_ih{ending}"],
        weights.get(f"weight_hh{ending}", none),
        weights[f"bias_ih{ending}"],
        weights.get(f"bias_hh{ending}", none_bias),
    )


@cache
def _absent(hidden: int) -> tuple[Floats, Floats]:
    """What stands for recurrent weights that a cell does not have: no rows, always the same ones."""
    none = np.zeros((0, hidden), np.float32), np.zeros(0, np.float32)
    for one in none:
        one.flags.writeable = False
    return none


def _sweep(
    spec: RecurrentSpec,
    weights: Side,
    inputs: Ragged[Floats],
    state: State,
    reverse: bool,
) -> tuple[Floats, State]:
    kind = spec.computed
    input_weight, recurrent_weight, input_bias, recurrent_bias = weights
    rounding = "float32" if kind.parallel else kind.precision
    side = FromState(kind, factor(recurrent_weight, rounding), recurrent_bias)
    order = np.argsort(-inputs.lengths, kind="stable")
    laid = grid(inputs.offsets, reverse=reverse)
    step_of, owner = np.divmod(laid.places, max(laid.sequences, 1))
    running = (inputs.lengths[None, :] > np.arange(laid.steps)[:, None]).sum(axis=1)
    starts = np.concatenate([[0], np.cumsum(running)])
    # Tokens sorted by (step, rank): each step's running sequences lie side by side, nothing between them.
    places = starts[step_of] + np.argsort(order)[owner]
    projected = np.empty((len(places), len(input_bias)), inputs.values.dtype)
    from_inputs = product(factor(inputs.values, kind.precision), factor(input_weight, kind.precision))
    projected[places] = from_inputs + input_bias
    outputs = np.empty((len(places), spec.hidden), inputs.values.dtype)
    whole = tuple(part[order] for part in state)
    for time in range(laid.steps):
        start, stop = starts[time], starts[time + 1]
        active = tuple(part[: running[time]] for part in whole)
        active = cell_step(projected[start:stop], active, side)
        outputs[start:stop] = active[0]
        for part, new in zip(whole, active, strict=True):
            part[: running[time]] = new
    back = np.argsort(order)
    return outputs[places], tuple(part[back] for part in whole)
