"""A layer swept by torch's kernels over packed sequences, both directions in one call: on a GPU they are cuDNN's.

Not here: when that is chosen (choose.py). The same call works on a CPU, where it is slow; there only tests make it.
Packed data hold the first token of every sequence, from the longest sequence to the shortest, then the second ones, …
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from recurra.batches import Integers, Ragged
from recurra.cells.backends.torch import SweepWeights, TensorState, rounded
from recurra.config import CellKind
from recurra.engine.devices import tensor_on

KERNELS: dict[tuple[str, str], Callable[..., Any]] = {
    ("rnn", "tanh"): torch.rnn_tanh,
    ("rnn", "sigmoid"): torch.rnn_tanh,
    ("rnn", "relu"): torch.rnn_relu,
    ("gru", "tanh"): torch.gru,
    ("lstm", "tanh"): torch.lstm,
}


class Packing(NamedTuple):
    """How ragged sequences lie in packed data; empty ones, which torch refuses, do not."""

    order: Integers
    """(sequences,): from the longest to the shortest."""
    running: Integers
    """(steps,): how many sequences are that long."""
    places: Integers
    """(tokens,): where each packed token lies in the ragged values."""


def packing(offsets: Integers) -> Packing:
    """Pack sequences; each one's own end stays its end."""
    lengths = np.diff(offsets)
    # cuDNN wants sequences from the longest to the shortest; stable, so that equal lengths keep their order.
    order = np.argsort(-lengths, kind="stable")
    steps = int(lengths.max(initial=0))
    # Sequences longer than each step: those that are not among the shorter ones.
    running = len(lengths) - np.searchsorted(np.sort(lengths), np.arange(steps), side="right")
    # For each packed token its step, and its rank among the sequences of that step.
    step = np.repeat(np.arange(steps), running)
    rank = np.arange(len(step)) - (np.cumsum(running) - running)[step]
    return Packing(order, running, offsets[order[rank]] + step)


def packed_sweep(
    kind: CellKind, inputs: Ragged[Tensor], weights: Sequence[SweepWeights], states: Sequence[TensorState] | None
) -> tuple[Ragged[Tensor], list[TensorState | None]]:
    """Sweep one layer: inputs (tokens, features) -> outputs (tokens, directions * hidden) and the final states.

    Arguments and results as `engine.sweep_layer` has them.
    """
    values, hidden = inputs.values, weights[0].recurrent.shape[1]
    zeros = values.new_zeros(inputs.sequences, hidden)
    given = states or [(zeros,) * len(kind.states)] * len(weights)
    if not len(values):
        return inputs.carry(values.new_zeros(0, len(weights) * hidden)), list(given)
    if inputs.equal:
        return _rectangle(kind, inputs, weights, given)
    packed = packing(inputs.offsets)
    order, places = (tensor_on(values.device, array) for array in (packed.order, packed.places))
    # States in the order of the packed sequences, and sorted back at the end.
    start = [torch.stack(parts).index_select(1, order) for parts in zip(*given, strict=True)]
    outputs, final = _kernel(kind, rounded(values, kind).index_select(0, places), packed.running, weights, start)
    back, home = (tensor_on(values.device, np.argsort(array)) for array in (packed.places, packed.order))
    final = [part.index_select(1, home) for part in final]
    return inputs.carry(outputs.index_select(0, back)), [tuple(side) for side in zip(*final, strict=True)]


def _rectangle(
    kind: CellKind, inputs: Ragged[Tensor], weights: Sequence[SweepWeights], states: Sequence[TensorState]
) -> tuple[Ragged[Tensor], list[TensorState | None]]:
    """The same for sequences of one length: packed data are then the values turned, and no places go to the GPU."""
    count = inputs.sequences
    steps = len(inputs.values) // count
    data = rounded(inputs.values, kind).view(count, steps, -1).transpose(0, 1).reshape(len(inputs.values), -1)
    start = [torch.stack(parts) for parts in zip(*states, strict=True)]
    outputs, final = _kernel(kind, data, np.full(steps, count), weights, start)
    turned = outputs.view(steps, count, -1).transpose(0, 1).reshape(len(data), -1)
    return inputs.carry(turned), [tuple(side) for side in zip(*final, strict=True)]


def through_tanh(weights: SweepWeights) -> SweepWeights:
    """Weights with which a kernel that knows tanh computes σ, exactly.

    σ(z) = (1 + tanh(z / 2)) / 2. With g = 2 h - 1 the recurrence h_t = σ(W h_{t-1} + U x_t + b) becomes
    g_t = tanh(W/4 g_{t-1} + U/2 x_t + b/2 + W 1 / 4).
    """
    quarter = weights.recurrent / 4
    bias = weights.recurrent_bias / 2 + quarter.sum(dim=1)
    return SweepWeights(weights.input / 2, quarter, weights.input_bias / 2, bias)


def _kernel(
    kind: CellKind, data: Tensor, running: Integers, weights: Sequence[SweepWeights], start: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Sweep packed data from states (directions, sequences, hidden); an empty sequence keeps the state it has."""
    sigmoid, count = kind.activation == "sigmoid", int(running[0])
    sides = [
        side._replace(input=rounded(side.input, kind), recurrent=rounded(side.recurrent, kind)) for side in weights
    ]
    # cuDNN knows tanh and ReLU alone.
    sides = [through_tanh(side) for side in sides] if sigmoid else sides
    # Only the sequences with a token have a state in the kernel; g = 2 h - 1 where σ goes through tanh.
    begin = [(2 * part - 1 if sigmoid else part)[:, :count].contiguous() for part in start]
    flat = [one for side in sides for one in side]
    call, state = KERNELS[kind.cell, kind.activation], begin if kind.cell == "lstm" else begin[0]
    options = (True, 1, 0.0, torch.is_grad_enabled(), len(weights) == 2)
    with _weights_apart():
        if int(running[-1]) == count:  # of one length: cuDNN has quicker kernels where all sequences run to the end
            grid = data.view(len(running), count, -1)
            outputs, *final = call(grid, state, flat, *options, False)
        else:
            outputs, *final = call(data, torch.from_numpy(running), state, flat, *options)
    outputs = outputs.reshape(len(data), -1)
    if sigmoid:
        outputs, final = (outputs + 1) / 2, [(part + 1) / 2 for part in final]
    return outputs, [torch.cat([end, whole[:, count:]], dim=1) for end, whole in zip(final, start, strict=True)]


@contextmanager
def _weights_apart() -> Iterator[None]:
    """Silence torch's advice to keep a layer's weights in one piece: they are copied, a little beside a sweep."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="RNN module weights are not part of single contiguous chunk")
        yield
