"""The parallel cells where the native engine does not sweep: their products made at once, then a scan.

Not here: the kernels for a GPU (triton.py), the equations (cells/), and when a scan is chosen (choose.py).

A minGRU is a linear recurrence, h_t = a_t h_{t-1} + b_t with a = 1 - z, b = z · x, and such steps can be joined: two of
them are one of a_2 a_1 and a_2 b_1 + b_2 (Blelloch 1990, "Prefix sums and their applications"). An SRU's gates hang on
its state, so that only a kernel that walks from step to step scans it.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recurra.batches import Integers, Ragged, last_places
from recurra.cells.backends.torch import SweepWeights, TensorState, rounded
from recurra.config import CellKind
from recurra.engine.devices import tensor_on


@cache
def has_kernels() -> bool:
    """Tell whether Triton is there and compiles for this GPU: NVIDIA's from compute capability 7.0, and AMD's."""
    if find_spec("triton") is None or not torch.cuda.is_available():
        return False
    return torch.version.hip is not None or torch.cuda.get_device_capability() >= (7, 0)


def scans(kind: CellKind, device: str) -> bool:
    """Tell whether a parallel cell is scanned on a device: a minGRU always, an SRU where there are kernels."""
    return kind.cell == "mingru" or (device == "cuda" and has_kernels())


def scanned_sweep(
    kind: CellKind, inputs: Ragged[Tensor], weights: SweepWeights, state: TensorState, *, reverse: bool
) -> tuple[Ragged[Tensor], TensorState]:
    """Sweep one direction: inputs (tokens, features) -> outputs (tokens, hidden) and the final state of each sequence.

    At least one token; `state` is a tuple of (sequences, hidden).
    """
    matrix = rounded(weights.input, kind)
    projected = torch.nn.functional.linear(rounded(inputs.values, kind), matrix, weights.input_bias)
    if projected.is_cuda and has_kernels():
        from recurra.engine.triton import kernel_sweep

        outputs, inner = kernel_sweep(kind, projected, weights.recurrent, state, inputs.offsets, reverse=reverse)
    else:
        # 1 - σ(u) is σ(-u), which keeps its digits where σ(u) is close to one.
        update, new = projected.chunk(2, dim=1)
        entry = torch.sigmoid(update) * new
        outputs, inner = linear_scan(torch.sigmoid(-update), entry, state[0], inputs.offsets, reverse=reverse), ()
    return inputs.carry(outputs), (_ends(outputs, state[0], inputs.offsets, reverse), *inner)


def _ends(outputs: Tensor, start: Tensor, offsets: Integers, reverse: bool) -> Tensor:
    """Output of each sequence's last step; an empty sequence keeps the state it has."""
    places = tensor_on(outputs.device, last_places(offsets, reverse=reverse))
    return torch.where(places[:, None] >= 0, outputs.index_select(0, places.clamp(min=0)), start)


def linear_scan(decay: Tensor, entry: Tensor, start: Tensor, offsets: Integers, *, reverse: bool = False) -> Tensor:
    """h_t = decay_t · h_{t-1} + entry_t over each sequence, from `start` (sequences, hidden): -> (tokens, hidden).

    `decay` and `entry` are (tokens, hidden); `reverse` begins at each sequence's end. As many rounds as the number of
    tokens has binary digits; no quotients, so that decays may vanish. Backward is made of the same operations, so
    that torch differentiates it again.
    """
    outputs: Tensor = _LinearScan.apply(decay, entry, start, offsets, reverse)  # type: ignore[no-untyped-call]
    return outputs


class _LinearScan(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, decay: Tensor, entry: Tensor, start: Tensor, offsets: Integers, reverse: bool) -> Tensor:
        # Empty sequences have no first step.
        full = np.flatnonzero(np.diff(offsets))
        places = offsets[1:][full] - 1 if reverse else offsets[:-1][full]
        rows, begins = (tensor_on(decay.device, array) for array in (full, places))
        # A sequence's first step takes its state in and nothing of the sequence before.
        entered = entry.index_add(0, begins, decay.index_select(0, begins) * start.index_select(0, rows))
        # A decay of zero cuts a sequence off from the one before, so that all are scanned as one.
        carried = decay.index_fill(0, begins, 0.0)
        outputs = _turned(_joined, carried, entered) if reverse else _joined(carried, entered)
        context.reverse = reverse
        context.save_for_backward(decay, start, outputs, rows, begins)
        return outputs

    @staticmethod
    def backward(context: Any, error: Tensor) -> Any:
        decay, start, outputs, rows, begins = context.saved_tensors
        away = -1 if context.reverse else 1  # where the sweep goes
        # An error comes back through the decay of the step that follows; there is none behind a sequence's end.
        following = decay.index_fill(0, begins, 0.0).roll(-away, 0)
        error = _joined(following, error) if context.reverse else _turned(_joined, following, error)
        before = outputs.roll(away, 0).index_copy(0, begins, start.index_select(0, rows))
        reached = (decay * error).index_select(0, begins)
        return error * before, error, torch.zeros_like(start).index_copy(0, rows, reached), None, None


def _turned(scan: Any, decay: Tensor, entry: Tensor) -> Tensor:
    flipped: Tensor = scan(decay.flip(0), entry.flip(0)).flip(0)
    return flipped


def _joined(decay: Tensor, entry: Tensor) -> Tensor:
    """Scan rows from zero: join each two steps into one, scan those, and take the steps between from their results."""
    # Halved until a single step is left: log2 of the tokens rounds, each on half as many rows.
    if len(entry) == 1:
        return entry
    pairs = len(entry) // 2
    first, second = slice(0, 2 * pairs, 2), slice(1, None, 2)
    ends = _joined(decay[first] * decay[second], torch.addcmul(entry[second], decay[second], entry[first]))
    outputs = torch.empty_like(entry)
    outputs[0], outputs[second] = entry[0], ends
    later = slice(2, None, 2)
    outputs[later] = torch.addcmul(entry[later], decay[later], ends[: len(entry[later])])
    return outputs
