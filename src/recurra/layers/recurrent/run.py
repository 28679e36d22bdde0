"""Stacked recurrent layers, running without torch: (tokens, inputs) -> (tokens, outputs) and the final states.

Not here: learning. The equations equal cells.py; the contract test compares them.

The native engine sweeps float32 where it is there. Else, and in float64, the equations below do: sequences are swept
sorted from long to short and drop out at their own end, so that no pad is ever computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recurra import native
from recurra.batches import Ragged, grid
from recurra.config import Activation, Cell, CellKind
from recurra.layers.recurrent.products import Factor, factor, product
from recurra.layers.specs import RecurrentSpec
from recurra.layers.types import Floats, State, Weights
from recurra.word_table import WordTable, word_table

Path = Literal["native", "numpy"]
Side = tuple[Floats, Floats, Floats, Floats]
"""Weights of one direction of a layer: input, recurrent, and their biases."""


class FromState(NamedTuple):
    """What meets the state at every step: recurrent weights, made once for a sweep, and their bias."""

    weight: Factor
    """As they are multiplied; an SRU's vectors meet the state one by one and stay as they are."""
    bias: Floats

    def product(self, hidden: Floats, kind: CellKind, first: int = 0, last: int | None = None) -> Floats:
        """W_hh h_{t-1} + b_hh; some of its rows."""
        found: Floats = product(factor(hidden, kind.precision), self.weight.part(first, last)) + self.bias[first:last]
        return found


def sigmoid(values: Floats) -> Floats:
    """σ(z) = 1 / (1 + e^-z): right to its own last digits, which (1 + tanh(z / 2)) / 2 loses below zero."""
    with np.errstate(over="ignore"):  # 1 / ∞ is what it should be
        result: Floats = 1 / (1 + np.exp(-values))
    return result


ACTIVATE: dict[Activation, Callable[[Floats], Floats]] = {
    "tanh": np.tanh,
    "relu": lambda values: np.maximum(values, 0),
    "sigmoid": sigmoid,
}


def rnn_step(projected: Floats, state: State, weights: FromState, kind: CellKind) -> State:
    """h_t = f(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)."""
    return (ACTIVATE[kind.activation](projected + weights.product(state[0], kind)),)


def gru_step(projected: Floats, state: State, weights: FromState, kind: CellKind) -> State:
    """h_t = (1 - z) · n + z · h_{t-1}, the reset applied to the product."""
    (hidden,) = state
    size = hidden.shape[1]
    from_state = weights.product(hidden, kind)
    gates = sigmoid(projected[:, : 2 * size] + from_state[:, : 2 * size])
    reset, update = gates[:, :size], gates[:, size:]
    new = ACTIVATE[kind.activation](projected[:, 2 * size :] + reset * from_state[:, 2 * size :])
    return (new + update * (hidden - new),)


def gru_before_step(projected: Floats, state: State, weights: FromState, kind: CellKind) -> State:
    """h_t = (1 - z) · n + z · h_{t-1}, the reset applied to the state before the product."""
    (hidden,) = state
    size = hidden.shape[1]
    last = 2 * size
    gates = sigmoid(projected[:, :last] + weights.product(hidden, kind, 0, last))
    reset, update = gates[:, :size], gates[:, size:]
    new = ACTIVATE[kind.activation](projected[:, last:] + weights.product(reset * hidden, kind, last))
    return (new + update * (hidden - new),)


def lstm_step(projected: Floats, state: State, weights: FromState, kind: CellKind) -> State:
    """c_t = f · c_{t-1} + i · g, h_t = o · a(c_t)."""
    hidden, cell = state
    size = hidden.shape[1]
    gates = projected + weights.product(hidden, kind)
    entry, forget = np.split(sigmoid(gates[:, : 2 * size]), 2, axis=1)
    activate = ACTIVATE[kind.activation]
    cell = forget * cell + entry * activate(gates[:, 2 * size : 3 * size])
    return (sigmoid(gates[:, 3 * size :]) * activate(cell), cell)


def mingru_step(projected: Floats, state: State, weights: FromState, kind: CellKind) -> State:
    """h_t = (1 - z) · h_{t-1} + z · x_n."""
    (hidden,) = state
    update, new = np.split(projected, 2, axis=1)
    return (hidden + sigmoid(update) * (new - hidden),)


def sru_step(projected: Floats, state: State, weights: FromState, kind: CellKind) -> State:
    """c_t = f · c_{t-1} + (1 - f) · x_n, h_t = r · c_t + (1 - r) · x_w."""
    _, cell = state
    new, forget, reset, highway = np.split(projected, 4, axis=1)
    forget_vector, reset_vector = weights.weight.values
    reset = sigmoid(reset + reset_vector * cell)
    cell = new + sigmoid(forget + forget_vector * cell) * (cell - new)
    return (highway + reset * (cell - highway), cell)


STEPS: dict[Cell, Callable[[Floats, State, FromState, CellKind], State]] = {
    "rnn": rnn_step,
    "gru": gru_step,
    "lstm": lstm_step,
    "mingru": mingru_step,
    "sru": sru_step,
}


def equations(kind: CellKind) -> Callable[[Floats, State, FromState, CellKind], State]:
    """Return the step of a cell; the GRU has two forms."""
    return STEPS[kind.cell] if kind.reset_after else gru_before_step


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
    side = FromState(factor(recurrent_weight, rounding), recurrent_bias)
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
    step = equations(kind)
    for time in range(laid.steps):
        start, stop = starts[time], starts[time + 1]
        active = tuple(part[: running[time]] for part in whole)
        active = step(projected[start:stop], active, side, kind)
        outputs[start:stop] = active[0]
        for part, new in zip(whole, active, strict=True):
            part[: running[time]] = new
    back = np.argsort(order)
    return outputs[places], tuple(part[back] for part in whole)
