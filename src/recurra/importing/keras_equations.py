"""Keras' layers as its documentation states them, in NumPy and float64: what a file of Keras is held against.

Sources: keras.layers.LSTM, GRU (reset_after true and false), SimpleRNN, Bidirectional, Dense, Embedding (keras.io), and
the cells of keras/src/layers/rnn. A test in the rivals' environment holds these equations against Keras itself.

Not here: our own cells (cells/), which share nothing with this file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.importing.asked import Stage
from recurra.importing.source import Reference
from recurra.importing.stages import Group
from recurra.layers.layer import Floats
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.tasks.heads.sequence.run import States

State = tuple[Floats, ...]


def _logistic(z: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-z)))


def _softmax(z: Floats) -> Floats:
    shifted = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0.0), "sigmoid": _logistic, "softmax": _softmax,
}  # fmt: skip


def equations(stages: list[Stage], specs: list[Any], arrays: Mapping[str, Group]) -> Reference:
    """Return the answers of Keras' layers on the file's own arrays."""
    wide = {name: {own: np.asarray(each, np.float64) for own, each in group.items()} for name, group in arrays.items()}

    def answer(values: NDArray[Any], states: States) -> tuple[Floats, States]:
        flow = values if values.dtype.kind in "iu" else np.asarray(values, np.float64)
        waiting: list[State] = [tuple(np.asarray(part, np.float64) for part in state) for state in states]
        ended: list[State] = []
        for stage, spec in zip(stages, specs, strict=True):
            if stage.function:
                flow = FUNCTIONS[stage.function](flow)
            elif isinstance(spec, RecurrentSpec):
                flow = _swept(stage, spec, wide[stage.name], flow, waiting, ended)
            else:
                flow = _plain(spec.kind, wide[stage.name], flow)
        return flow, list(ended)

    return answer


def _plain(kind: str, arrays: Group, flow: Any) -> Floats:
    if kind == "embedding":
        return np.asarray(arrays["0"][flow])
    # TimeDistributed keeps the layer that it wraps one floor below.
    kernel = arrays["layer/0"] if "layer/0" in arrays else arrays["0"]
    bias = arrays.get("layer/1", arrays.get("1", np.zeros(kernel.shape[1])))
    return np.asarray(np.tensordot(flow, kernel, axes=([2], [0])) + bias)


def _swept(
    stage: Stage, spec: RecurrentSpec, arrays: Group, flow: Floats, waiting: list[State], ended: list[State]
) -> Floats:
    homes = ("forward_layer/cell/", "backward_layer/cell/") if spec.bidirectional else ("cell/",)
    sides = []
    for number, home in enumerate(homes):
        # The backward layer reads the reversed sequence; its outputs are turned round again.
        steps = flow[:, ::-1] if number else flow
        state, outputs = waiting.pop(0), []
        for step in range(steps.shape[1]):
            state = CELLS[spec.cell](stage, arrays, home, steps[:, step], state)
            outputs.append(state[0])
        ended.append(state)
        side = np.stack(outputs, axis=1)
        sides.append(side[:, ::-1] if number else side)
    return np.concatenate(sides, axis=2)


def _lstm(stage: Stage, arrays: Group, home: str, x: Floats, state: State) -> State:
    h, c = state
    f = FUNCTIONS[stage.activation or "tanh"]
    z = x @ arrays[f"{home}0"] + h @ arrays[f"{home}1"] + arrays.get(f"{home}2", np.float64(0))
    z_i, z_f, z_c, z_o = np.split(z, 4, axis=1)
    c = _logistic(z_f) * c + _logistic(z_i) * f(z_c)
    return np.asarray(_logistic(z_o) * f(c)), c


def _gru(stage: Stage, arrays: Group, home: str, x: Floats, state: State) -> State:
    (h,) = state
    kernel, recurrent = arrays[f"{home}0"], arrays[f"{home}1"]
    bias = arrays.get(f"{home}2", np.zeros((2, kernel.shape[1])))
    from_input, from_state = (bias[0], bias[1]) if bias.ndim == 2 else (bias, np.zeros_like(bias))
    units = h.shape[1]
    x_z, x_r, x_h = np.split(x @ kernel + from_input, 3, axis=1)
    if stage.reset_after:
        h_z, h_r, h_h = np.split(h @ recurrent + from_state, 3, axis=1)
        z, r = _logistic(x_z + h_z), _logistic(x_r + h_r)
        new = np.tanh(x_h + r * h_h)
    else:
        z = _logistic(x_z + h @ recurrent[:, :units])
        r = _logistic(x_r + h @ recurrent[:, units : 2 * units])
        new = np.tanh(x_h + (r * h) @ recurrent[:, 2 * units :])
    return (z * h + (1.0 - z) * new,)


def _simple(stage: Stage, arrays: Group, home: str, x: Floats, state: State) -> State:
    (h,) = state
    bias = arrays.get(f"{home}2", np.float64(0))
    return (FUNCTIONS[stage.activation](x @ arrays[f"{home}0"] + bias + h @ arrays[f"{home}1"]),)


CELLS = {"lstm": _lstm, "gru": _gru, "rnn": _simple}
