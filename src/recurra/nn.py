"""RNN, GRU and LSTM: torch.nn's own layers, swept by the native engine. Change the import, nothing else.

Not here: cells that torch does not have (layers/recurrent).

>>> from recurra.nn import LSTM  # doctest: +SKIP
>>> outputs, (hidden, cell) = LSTM(100, 128, batch_first=True)(padded, lengths=lengths)  # doctest: +SKIP

They are subclasses of torch's layers: the same arguments, the same names and layout of weights, the same outputs to
rounding, for padded input (with or without `lengths`) and for a PackedSequence. float64, tensors on a GPU, projections
(`proj_size`) and machines without the engine go to torch's own forward. Under `torch.autocast("cpu", torch.bfloat16)`
products are of bfloat16, summed in float32; outputs stay float32.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from recurra import native
from recurra.autograd import native_sweep
from recurra.cells import SweepWeights
from recurra.config import Cell, CellKind
from recurra.engine import torch_is_quicker

if TYPE_CHECKING:
    Base = nn.RNNBase
else:
    Base = object


class _Swept(Base):
    """The forward of all three; the class beside it in the list of bases is torch's."""

    cell: Cell

    def forward(self, input: Any, hx: Any = None, *, lengths: Tensor | Sequence[int] | None = None) -> Any:
        """Sweep `input` as torch.nn does: padded, (steps, features) alone, or a PackedSequence -> outputs and states.

        `lengths` (sequences,) tells how long each padded sequence is, in any order: outputs behind it are zero, and the
        final states are those of each one's own end, as they would be for a PackedSequence. Raises ValueError for
        lengths that do not fit the input, and what torch raises for shapes that do not fit the layer.
        """
        if _half() and isinstance(input, Tensor) and input.dtype == torch.bfloat16:
            input = input.float()  # what another layer made under autocast
        values = input.data if isinstance(input, PackedSequence) else input
        if self.proj_size or values.dtype != torch.float32 or values.is_cuda or not native.engine().library:
            return self._by_torch(input, hx, lengths)
        if isinstance(input, PackedSequence):
            return self._packed(input, hx)
        if lengths is None and _route(self, input):
            return self._by_torch(input, hx, None)
        return self._padded(input, hx, lengths)

    def _padded(self, given: Tensor, hx: Any, lengths: Tensor | Sequence[int] | None) -> Any:
        alone = given.dim() == 2
        values = given.unsqueeze(0 if self.batch_first else 1) if alone else given
        states = _states(hx, alone)
        rows, steps = values.shape[:2] if self.batch_first else (values.shape[1], values.shape[0])
        self._check(values, states, rows)
        places = native.grid(steps, _lengths(lengths, rows, steps), rows=self.batch_first)
        outputs, final = self._layers(places, values.reshape(rows * steps, -1), states)
        outputs = outputs.view(*values.shape[:2], -1)
        if alone:
            outputs, final = outputs.squeeze(0 if self.batch_first else 1), tuple(part.squeeze(1) for part in final)
        return outputs, final if self.cell == "lstm" else final[0]

    def _packed(self, given: PackedSequence, hx: Any) -> Any:
        sizes = given.batch_sizes.numpy()
        lengths = (sizes[None, :] > np.arange(sizes[0])[:, None]).sum(axis=1)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        owner = np.repeat(np.arange(len(lengths)), lengths)
        step = np.arange(offsets[-1]) - offsets[owner]
        # Where each token, sequence by sequence, lies in the packed data, step by step.
        where = torch.from_numpy(np.concatenate([[0], np.cumsum(sizes)])[step] + owner)
        states = _states(hx, alone=False)
        if given.sorted_indices is not None:
            states = tuple(part.index_select(1, given.sorted_indices) for part in states)
        self._check(given.data, states, len(lengths), given.batch_sizes)
        outputs, final = self._layers(native.ragged(offsets), given.data[where], states)
        data = outputs.new_empty(outputs.shape).index_copy(0, where, outputs)
        if given.unsorted_indices is not None:
            final = tuple(part.index_select(1, given.unsorted_indices) for part in final)
        packed = PackedSequence(data, given.batch_sizes, given.sorted_indices, given.unsorted_indices)
        return packed, final if self.cell == "lstm" else final[0]

    def _layers(self, places: Any, values: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Layer by layer, dropout between them: values (tokens, features) -> outputs and (layers · sides, …) states."""
        directions = 2 if self.bidirectional else 1
        kind = _kind(self)
        final: list[tuple[Tensor, ...]] = []
        for first in range(0, self.num_layers * directions, directions):
            sides = range(first, first + directions)
            begin = [part[first : first + directions] for part in states]
            weights = [self._weights(number) for number in sides]
            values, *ends = native_sweep(kind, places, values, weights, *begin)
            final.append(tuple(ends[: len(kind.states)]))
            if first + directions < self.num_layers * directions:
                values = nn.functional.dropout(values, self.dropout, self.training)
        return values, tuple(torch.cat(parts) for parts in zip(*final, strict=True))

    def _weights(self, number: int) -> SweepWeights:
        input_weight, recurrent, *biases = self.all_weights[number]
        none = input_weight.new_zeros(len(input_weight))
        return SweepWeights(input_weight, recurrent, *(biases or (none, none)))

    def _check(self, values: Tensor, states: Sequence[Tensor], rows: int, sizes: Tensor | None = None) -> None:
        self.check_input(values, sizes)
        layers = self.num_layers * (2 if self.bidirectional else 1)
        for part in states:
            self.check_hidden_size(part, (layers, rows, self.hidden_size))

    def _by_torch(self, given: Any, hx: Any, lengths: Tensor | Sequence[int] | None) -> Any:
        if lengths is None or isinstance(given, PackedSequence):
            return super().forward(given, hx)
        rows, steps = given.shape[:2] if self.batch_first else (given.shape[1], given.shape[0])
        told = torch.from_numpy(_lengths(lengths, rows, steps))
        if told.min() < 0 or told.max() > steps:
            raise ValueError(f"lengths: allowed 0 to {steps}, the steps there are")
        # torch packs no empty sequence: each is swept for a step, which is then taken back.
        packed = pack_padded_sequence(given, told.clamp(min=1), self.batch_first, enforce_sorted=False)
        swept, final = super().forward(packed, hx)
        outputs = pad_packed_sequence(swept, self.batch_first, total_length=steps)[0]
        return (outputs, final) if told.all() else self._emptied(outputs, final, hx, told == 0)

    def _emptied(self, outputs: Tensor, final: Any, hx: Any, empty: Tensor) -> Any:
        """Give empty sequences outputs of zero and the states they came with."""
        empty = empty.to(outputs.device)
        outputs = outputs.masked_fill(empty[:, None, None] if self.batch_first else empty[:, None], 0.0)
        ends = final if isinstance(final, tuple) else (final,)
        begun = _states(hx, alone=False) or tuple(torch.zeros_like(part) for part in ends)
        kept = tuple(torch.where(empty[:, None], start, end) for start, end in zip(begun, ends, strict=True))
        return outputs, kept if self.cell == "lstm" else kept[0]


_routing: ContextVar[bool] = ContextVar("routing", default=True)


@contextmanager
def always_native() -> Iterator[None]:
    """Sweep natively where torch's kernel would be quicker too, to measure both."""
    before = _routing.set(False)
    try:
        yield
    finally:
        _routing.reset(before)


def _route(layer: Any, given: Tensor) -> bool:
    sequences = 1 if given.dim() == 2 else given.shape[0 if layer.batch_first else 1]
    return _routing.get() and torch_is_quicker(_kind(layer), layer.hidden_size, sequences)


def _kind(layer: Any) -> CellKind:
    return CellKind(layer.cell, getattr(layer, "nonlinearity", "tanh"), "bf16" if _half() else "float32")


def _half() -> bool:
    return torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16


def _states(hx: Any, alone: bool) -> tuple[Tensor, ...]:
    if hx is None:
        return ()
    parts = hx if isinstance(hx, tuple) else (hx,)
    return tuple(part.unsqueeze(1) for part in parts) if alone else tuple(parts)


def _lengths(lengths: Tensor | Sequence[int] | None, rows: int, steps: int) -> Any:
    if lengths is None:
        return np.full(rows, steps)
    told = np.asarray(torch.as_tensor(lengths, dtype=torch.int64).cpu())
    if told.shape != (rows,):
        raise ValueError(f"lengths: found shape {told.shape}, allowed ({rows},): one for each sequence")
    return told


class RNN(_Swept, nn.RNN):
    """torch.nn.RNN, swept by the native engine."""

    cell: Cell = "rnn"


class GRU(_Swept, nn.GRU):
    """torch.nn.GRU, swept by the native engine."""

    cell: Cell = "gru"


class LSTM(_Swept, nn.LSTM):
    """torch.nn.LSTM, swept by the native engine."""

    cell: Cell = "lstm"
