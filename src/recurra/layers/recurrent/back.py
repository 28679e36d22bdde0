"""Stacked recurrent layers with the way back to their inputs, without torch: what each token's vector did.

The native engine sweeps and goes back where it is there; else any cell's own step does, remembered by a tape.

Not here: answers (run.py), and the gradients of weights, which learning alone needs (learn.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from recurra.batches import rectangle
from recurra.cells.backends.tape import Taped, TapedState, send_back, taped_step
from recurra.config import CellKind
from recurra.engine import native
from recurra.engine.processors import threads
from recurra.layers.layer import Floats, Weights
from recurra.layers.recurrent.run import RecurrentSpec, Side, of_sweep, swept_by

Back = Callable[[Floats], Floats]
"""From errors of what comes out to errors of what went in, both (sequences, steps, features)."""


def recurrent_and_back(spec: RecurrentSpec, weights: Weights, values: Floats) -> tuple[Floats, Back]:
    """Sweep sequences of one length: (sequences, steps, inputs) -> (sequences, steps, outputs), and the way back.

    Products are of float32 whatever precision the spec has: what is rounded to whole numbers has no slope.
    """
    kind = spec.computed._replace(precision="float32")
    layer = _native if swept_by(kind, values.dtype) == "native" else _taped
    directions = 2 if spec.bidirectional else 1
    ways: list[Back] = []
    for first in range(0, spec.layers * directions, directions):
        names = [f"_l{number}{suffix}" for number, suffix in spec.sweeps[first : first + directions]]
        values, back = layer(kind, [of_sweep(spec, weights, name) for name in names], values)
        ways.append(back)

    def through(errors: Floats) -> Floats:
        for back in reversed(ways):
            errors = back(errors)
        return errors

    return values, through


def _native(kind: CellKind, sides: Sequence[Side], values: Floats) -> tuple[Floats, Back]:
    packed = [
        native.layer(kind, side, reverse=number == 1, backward=True, threads=threads())
        for number, side in enumerate(sides)
    ]
    laid = rectangle(values)
    places, inputs = native.ragged(laid.offsets), np.ascontiguousarray(laid.values)
    # A cell without recurrent weights still tells its width by their columns.
    outputs = np.empty((len(inputs), len(sides) * int(sides[0][1].shape[1])), np.float32)
    kept: Any = native.compiled.forward(packed, places, values=inputs, outputs=outputs, keep=True, threads=threads())

    def back(errors: Floats) -> Floats:
        given = np.empty_like(inputs)
        native.compiled.backward(
            packed, kept, places, values=inputs, outputs=outputs,
            output_errors=np.ascontiguousarray(errors.reshape(outputs.shape), np.float32),
            value_errors=given, threads=threads(),
        )  # fmt: skip
        return given.reshape(values.shape)

    return outputs.reshape(*values.shape[:2], -1), back


def _taped(kind: CellKind, sides: Sequence[Side], values: Floats) -> tuple[Floats, Back]:
    swept = [_swept(kind, side, values, reverse=number == 1) for number, side in enumerate(sides)]

    def back(errors: Floats) -> Floats:
        parts = np.split(errors, len(sides), axis=2)
        return sum((way(part) for (_, way), part in zip(swept, parts, strict=True)), np.zeros_like(values))

    return np.concatenate([outputs for outputs, _ in swept], axis=2), back


def _swept(kind: CellKind, side: Side, values: Floats, *, reverse: bool) -> tuple[Floats, Back]:
    """One direction, step by step, each step with its own tape."""
    input_weight, recurrent_weight, input_bias, recurrent_bias = side
    sequences, steps, _ = values.shape
    meets = TapedState(kind, recurrent_weight, recurrent_bias)
    # The input's products wait for no state: they are made for all steps at once.
    projected = values @ input_weight.T + input_bias
    outputs = np.empty((sequences, steps, recurrent_weight.shape[1]), values.dtype)
    state = tuple(np.zeros(outputs[:, 0].shape, values.dtype) for _ in kind.states)
    order = range(steps)[::-1] if reverse else range(steps)
    taken: list[tuple[int, Taped, tuple[Taped, ...], tuple[Taped, ...]]] = []
    for step in order:
        from_input, before = Taped(projected[:, step]), tuple(map(Taped, state))
        after = taped_step(from_input, before, meets)
        state = tuple(part.values for part in after)
        outputs[:, step] = state[0]
        taken.append((step, from_input, before, after))

    def back(errors: Floats) -> Floats:
        given = np.zeros_like(projected)
        later: Sequence[Floats] = [np.zeros_like(outputs[:, 0]) for _ in kind.states]
        for step, from_input, before, after in reversed(taken):
            # What comes out is read above and by the next step: their errors add up.
            asked = [part + errors[:, step] if place == 0 else part for place, part in enumerate(later)]
            send_back(list(zip(after, asked, strict=True)))
            given[:, step] = _errors(from_input)
            later = [_errors(part) for part in before]
            _forget(from_input, *before, *after)
        return given @ input_weight

    return outputs, back


def _errors(value: Taped) -> Floats:
    # A minGRU's step, say, may not read a part at all.
    return np.zeros_like(value.values) if value.errors is None else value.errors


def _forget(*values: Taped) -> None:
    """Let errors go: the way back may be gone again, with others."""
    for value in values:
        value.errors = None
        _forget(*(operand for operand, _ in value.made_of))
