"""Stacked recurrent layers, running without torch: (tokens, inputs) -> (tokens, outputs) and the final states.

Not here: learning. The equations equal cells.py; the contract test compares them.

The native engine sweeps float32 where it is there. Else, and in float64, the equations below do: sequences are swept
sorted from long to short and drop out at their own end, so that no pad is ever computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recurra import native
from recurra.batches import Ragged, grid
from recurra.config import Activation, Cell
from recurra.layers.specs import RecurrentSpec
from recurra.layers.types import Floats, State, Weights

Path = Literal["native", "numpy"]
Side = tuple[Floats, Floats, Floats, Floats]
"""Weights of one direction of a layer: input, recurrent, and their biases."""


def sigmoid(values: Floats) -> Floats:
    """σ(z) = (1 + tanh(z / 2)) / 2: never overflows."""
    half: Floats = np.tanh(values * 0.5)
    return half * 0.5 + 0.5


ACTIVATE: dict[Activation, Callable[[Floats], Floats]] = {
    "tanh": np.tanh,
    "relu": lambda values: np.maximum(values, 0),
    "sigmoid": sigmoid,
}


def rnn_step(projected: Floats, state: State, recurrent: Floats, bias: Floats, activation: Activation) -> State:
    """h_t = f(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)."""
    return (ACTIVATE[activation](projected + state[0] @ recurrent.T + bias),)


def gru_step(projected: Floats, state: State, recurrent: Floats, bias: Floats, activation: Activation) -> State:
    """h_t = (1 - z) · n + z · h_{t-1}, the reset applied to the product."""
    (hidden,) = state
    size = hidden.shape[1]
    from_state = hidden @ recurrent.T + bias
    gates = sigmoid(projected[:, : 2 * size] + from_state[:, : 2 * size])
    reset, update = gates[:, :size], gates[:, size:]
    new = ACTIVATE[activation](projected[:, 2 * size :] + reset * from_state[:, 2 * size :])
    return (new + update * (hidden - new),)


def lstm_step(projected: Floats, state: State, recurrent: Floats, bias: Floats, activation: Activation) -> State:
    """c_t = f · c_{t-1} + i · g, h_t = o · a(c_t)."""
    hidden, cell = state
    size = hidden.shape[1]
    gates = projected + hidden @ recurrent.T + bias
    entry, forget = np.split(sigmoid(gates[:, : 2 * size]), 2, axis=1)
    activate = ACTIVATE[activation]
    cell = forget * cell + entry * activate(gates[:, 2 * size : 3 * size])
    return (sigmoid(gates[:, 3 * size :]) * activate(cell), cell)


STEPS: dict[Cell, Callable[[Floats, State, Floats, Floats, Activation], State]] = {
    "rnn": rnn_step,
    "gru": gru_step,
    "lstm": lstm_step,
}


def recurrent(
    spec: RecurrentSpec,
    weights: Weights,
    inputs: Ragged[Floats],
    states: Sequence[State] | None = None,
    *,
    rows: NDArray[np.int32] | None = None,
    path: Path | None = None,
) -> tuple[Ragged[Floats], list[State]]:
    """Sweep layer by layer; `states` and the final states hold one state per sweep, in the order of `spec.sweeps`.

    With `rows` (tokens,) the values are distinct inputs, and `rows` tells which one each token has: words come again
    and again, and the engine multiplies each of them once.
    """
    chosen = path or choose(inputs.values.dtype)
    final: list[State] = []
    directions = 2 if spec.bidirectional else 1
    for first in range(0, spec.layers * directions, directions):
        names = [f"_l{layer}{suffix}" for layer, suffix in spec.sweeps[first : first + directions]]
        sides = [_of_sweep(weights, name) for name in names]
        given = list(states[first : first + directions]) if states is not None else None
        sweep = _native if chosen == "native" else _numpy
        values, ends = sweep(spec, sides, inputs, given, rows if first == 0 else None)
        final += ends
        inputs = inputs.carry(values)
    return inputs, final


def _native(
    spec: RecurrentSpec,
    sides: list[Side],
    inputs: Ragged[Floats],
    states: list[State] | None,
    rows: NDArray[np.int32] | None,
) -> tuple[Floats, list[State]]:
    start = tuple(np.stack(parts) for parts in zip(*states, strict=True)) if states else None
    values, parts = native.sweep(spec.cell, spec.activation, sides, inputs.values, inputs.offsets, start, rows)
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


def choose(dtype: np.dtype[Any]) -> Path:
    """Tell what sweeps values of this type."""
    return "native" if native.serves(dtype) else "numpy"


def zero_state(spec: RecurrentSpec, sequences: int, dtype: np.dtype[Any]) -> State:
    """Return the state a sweep starts from: zeros."""
    return tuple(np.zeros((sequences, spec.hidden), dtype) for _ in spec.states)


def _of_sweep(weights: Weights, ending: str) -> Side:
    return (
        weights[f"weight_ih{ending}"],
        weights[f"weight_hh{ending}"],
        weights[f"bias_ih{ending}"],
        weights[f"bias_hh{ending}"],
    )


def _sweep(
    spec: RecurrentSpec,
    weights: Side,
    inputs: Ragged[Floats],
    state: State,
    reverse: bool,
) -> tuple[Floats, State]:
    input_weight, recurrent_weight, input_bias, recurrent_bias = weights
    order = np.argsort(-inputs.lengths, kind="stable")
    laid = grid(inputs.offsets, reverse=reverse)
    step_of, owner = np.divmod(laid.places, max(laid.sequences, 1))
    running = (inputs.lengths[None, :] > np.arange(laid.steps)[:, None]).sum(axis=1)
    starts = np.concatenate([[0], np.cumsum(running)])
    # Tokens sorted by (step, rank): each step's running sequences lie side by side, nothing between them.
    places = starts[step_of] + np.argsort(order)[owner]
    projected = np.empty((len(places), len(input_bias)), inputs.values.dtype)
    projected[places] = inputs.values @ input_weight.T + input_bias
    outputs = np.empty((len(places), spec.hidden), inputs.values.dtype)
    whole = tuple(part[order] for part in state)
    for time in range(laid.steps):
        start, stop = starts[time], starts[time + 1]
        active = tuple(part[: running[time]] for part in whole)
        active = STEPS[spec.cell](projected[start:stop], active, recurrent_weight, recurrent_bias, spec.activation)
        outputs[start:stop] = active[0]
        for part, new in zip(whole, active, strict=True):
            part[: running[time]] = new
    back = np.argsort(order)
    return outputs[places], tuple(part[back] for part in whole)
