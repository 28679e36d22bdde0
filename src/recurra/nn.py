"""RNN, GRU and LSTM: torch.nn's own layers, swept by the native engine. Change the import, nothing else.

Not here: cells that torch does not have (layers/recurrent).

>>> from recurra.nn import LSTM  # doctest: +SKIP
>>> outputs, (hidden, cell) = LSTM(100, 128, batch_first=True)(padded, lengths=lengths)  # doctest: +SKIP

They are subclasses of torch's layers: the same arguments, the same names and layout of weights, the same outputs to
rounding, for padded input (with or without `lengths`) and for a PackedSequence. One rule holds for all else: what the
engine cannot follow goes to torch's own forward, which computes it or refuses it in its own words. Under
`torch.autocast("cpu", torch.bfloat16)` products are of bfloat16, summed in float32; outputs stay float32.
"""

from __future__ import annotations

import copy
from abc import ABCMeta
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from recurra.cells import CELLS
from recurra.cells.backends.torch import SweepWeights
from recurra.config import CellKind, CellName, Precision
from recurra.engine import native
from recurra.engine.autograd import is_number, native_sweep, traced, untraced
from recurra.engine.choose import torch_is_quicker

if TYPE_CHECKING:
    Base = nn.RNNBase
else:
    Base = object

Lengths = Tensor | Sequence[int] | None
States = tuple[Tensor, ...]
"""Hidden, and for an LSTM its cell: (layers * directions, sequences, hidden) each."""
_Weights = Sequence[Sequence[Tensor]]
"""Of each layer's directions: input and recurrent, and where there are any the biases."""


class _StandsFor(ABCMeta):
    """Torch's tables of types, and people's, find a layer as the one it stands for: `type(layer) == nn.LSTM` is true.

    So `quantize_dynamic(net, {nn.LSTM})` quantises it. A subclass is a type of its own, as one of torch's layer is; it
    may be abstract too.
    """

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is vars(cls).get("torchs", cls)

    def __hash__(cls) -> int:
        return type.__hash__(vars(cls).get("torchs", cls))


class _Swept(Base):
    """The forward of all three; the class beside it in the list of bases is torch's."""

    cell: CellName
    torchs: type[nn.RNNBase]

    @untraced
    def forward(self, input: Any, hx: Any = None, *, lengths: Lengths = None) -> Any:
        """Sweep `input` as torch.nn does: padded, (steps, features) alone, or a PackedSequence -> outputs and states.

        `lengths` (sequences,) tells how long each padded sequence is, in any order: outputs behind it are zero, and the
        final states are those of each one's own end, as they would be for a PackedSequence. Raises ValueError for
        lengths that do not fit the input, and what torch raises for all else that does not fit the layer.
        """
        if lengths is not None and isinstance(input, PackedSequence):
            raise ValueError("lengths: found some beside a PackedSequence, allowed none: it has its own")
        # Where torch traces, nothing of the engine may run: its results would stand in the trace as constants.
        kind = None if traced() else _kind(self)
        if kind and kind.precision == "bf16":  # what other layers made under autocast is cast, as torch casts it
            input, hx = _each(input, _widened), _each(hx, _widened)
        states, weights = _states(self, hx), self.all_weights
        if kind is None or states is None or not self._follows(input, states, weights):
            return self._by_torch(input, hx, lengths)
        if isinstance(input, PackedSequence):
            return self._packed(kind, weights, input, states)
        rows = input.shape[self._axis] if input.dim() == 3 else 1
        if lengths is None and _routing.get() and torch_is_quicker(kind, self.hidden_size, rows):
            return self._by_torch(input, hx, None)
        return self._padded(kind, weights, input, states, lengths)

    @property
    def _axis(self) -> int:
        return 0 if self.batch_first else 1

    def _follows(self, given: Any, states: States, weights: _Weights) -> bool:
        """Tell whether the engine can follow: plain memory whose shapes fit, and something to sweep."""
        flat = [one for side in weights for one in side]
        values = given.data if isinstance(given, PackedSequence) else given
        # Projections, other types, subclasses, the meta device: none of them is plain float32 memory.
        if self.proj_size or not (native.engine().library and all(map(is_number, (values, *states, *flat)))):
            return False
        sides, batch = 2 if self.bidirectional else 1, self._batch(given, values)
        fit = _shapes(self.cell, self.input_size, self.hidden_size, self.num_layers, sides, self.bias)
        if (found := [tuple(one.shape) for one in flat]) != fit:
            raise RuntimeError(
                f"weights: found shapes {found}, allowed {fit}"
            )  # torch's LSTM would read on behind them
        # Nothing to sweep: torch has its own words for empty batches and inputs.
        if batch is None:
            return False
        return all(one.shape == (self.num_layers * sides, *batch, self.hidden_size) for one in states)

    def _batch(self, given: Any, values: Tensor) -> tuple[int, ...] | None:
        """The sequences, as the shape of a state has them; None where nothing is there that could be swept."""
        if not values.numel() or values.shape[-1] != self.input_size or not 1 < values.dim() < 4:
            return None
        if values is given:
            return (given.shape[self._axis],) if given.dim() == 3 else ()
        # Handmade packed data may contradict themselves; the engine would read past their end.
        sizes = given.batch_sizes.numpy()
        whole = values.dim() == 2 and sizes.sum() == len(values) and (sizes[1:] <= sizes[:-1]).all()
        return (int(sizes[0]),) if whole else None

    def _padded(self, kind: CellKind, weights: _Weights, given: Tensor, states: States, lengths: Lengths) -> Any:
        alone = given.dim() == 2
        values = given.unsqueeze(self._axis) if alone else given
        states = tuple(part.unsqueeze(1) for part in states) if alone else states
        rows, steps = values.shape[self._axis], values.shape[1 - self._axis]
        places = native.padded(steps, _lengths(lengths, rows, steps), rows=self.batch_first)
        # A grid is swept as it lies: its pads are skipped, not computed and masked.
        outputs, final = self._layers(kind, weights, places, values.reshape(rows * steps, -1), states)
        outputs, ends = outputs.view(*values.shape[:2], -1), final if self.cell == "lstm" else final[0]
        return self._alone(outputs, ends) if alone else (outputs, ends)

    def _alone(self, outputs: Tensor, ends: Any) -> Any:
        return outputs.squeeze(self._axis), _each(ends, lambda part: part.squeeze(1))

    def _packed(self, kind: CellKind, weights: _Weights, given: PackedSequence, states: States) -> Any:
        sizes = given.batch_sizes.numpy()
        lengths = (sizes[None, :] > np.arange(sizes[0])[:, None]).sum(axis=1)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        owner = np.repeat(np.arange(len(lengths)), lengths)
        step = np.arange(offsets[-1]) - offsets[owner]
        # Where each token, sequence by sequence, lies in the packed data, step by step.
        where = torch.from_numpy(np.concatenate([[0], np.cumsum(sizes)])[step] + owner)
        if given.sorted_indices is not None:
            states = tuple(part.index_select(1, given.sorted_indices) for part in states)
        outputs, final = self._layers(kind, weights, native.ragged(offsets), given.data[where], states)
        data = outputs.new_empty(outputs.shape).index_copy(0, where, outputs)
        if given.unsorted_indices is not None:
            final = tuple(part.index_select(1, given.unsorted_indices) for part in final)
        packed = PackedSequence(data, given.batch_sizes, given.sorted_indices, given.unsorted_indices)
        return packed, final if self.cell == "lstm" else final[0]

    def _layers(
        self, kind: CellKind, weights: _Weights, places: Any, values: Tensor, states: States
    ) -> tuple[Tensor, States]:
        """Layer by layer, dropout between them: values (tokens, features) -> outputs and (layers · sides, …) states."""
        directions = 2 if self.bidirectional else 1
        final: list[States] = []
        for first in range(0, len(weights), directions):
            sides = slice(first, first + directions)
            begin, each = [part[sides] for part in states], [_side(one) for one in weights[sides]]
            values, *ends = native_sweep(kind, places, values, each, *begin)
            final.append(tuple(ends[: len(kind.states)]))
            if first + directions < len(weights):
                values = nn.functional.dropout(values, self.dropout, self.training)
        return values, tuple(torch.cat(parts) for parts in zip(*final, strict=True)) if final[1:] else final[0]

    def _by_torch(self, given: Any, hx: Any, lengths: Lengths) -> Any:
        if isinstance(given, fx.Proxy):  # a symbolic trace calls torch's layers as a whole
            name = given.tracer.path_of_module(self)  # type: ignore[attr-defined]
            return given.tracer.create_proxy("call_module", name, (given, hx), {"lengths": lengths})
        if lengths is None or not (isinstance(given, Tensor) and given.dim() in (2, 3) and given.numel()):
            return super().forward(given, hx)
        if given.dim() == 2:
            batched = given.unsqueeze(self._axis), _each(hx, lambda part: part.unsqueeze(1))
            return self._alone(*self._by_torch(*batched, lengths))
        rows, steps = given.shape[self._axis], given.shape[1 - self._axis]
        # Sorted by torch, and its indices sorted back with the outputs.
        told = torch.from_numpy(_lengths(lengths, rows, steps))
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
        begun = _states(self, hx) or tuple(torch.zeros_like(part) for part in ends)
        kept = tuple(torch.where(empty[:, None], start, end) for start, end in zip(begun, ends, strict=True))
        return outputs, kept if self.cell == "lstm" else kept[0]

    def __prepare_scriptable__(self) -> Any:
        """Give torch.jit.script torch's own layer, with these very weights: TorchScript knows no other."""
        layer = copy.copy(self)
        if "torchs" in vars(type(self)):
            # A copy under torch's class shares the very parameters: TorchScript compiles it, training goes on here.
            layer.__class__ = self.torchs  # type: ignore[assignment]
        return layer


_routing: ContextVar[bool] = ContextVar("routing", default=True)


@contextmanager
def always_native() -> Iterator[None]:
    """Sweep natively where torch's kernel would be quicker too, to measure both."""
    before = _routing.set(False)
    try:
        yield
    finally:
        _routing.reset(before)


def _kind(layer: Any) -> CellKind | None:
    """What is swept; None under an autocast that the engine has no precision for."""
    precision: Precision = "float32"
    if torch.is_autocast_enabled("cpu"):
        # float16 has fewer exponents than float32 sums fit in: torch decides what to do with it.
        if torch.get_autocast_dtype("cpu") != torch.bfloat16:
            return None
        precision = "bf16"
    return CellKind(layer.cell, "relu" if layer.mode == "RNN_RELU" else "tanh", precision)


@cache
def _shapes(cell: CellName, inputs: int, hidden: int, layers: int, sides: int, bias: bool) -> list[tuple[int, ...]]:
    """Shapes of a layer's weights, in torch's order."""
    rows = len(CELLS[cell].gates) * hidden
    widths = [inputs] * sides + [sides * hidden] * (sides * (layers - 1))
    biases: list[tuple[int, ...]] = [(rows,), (rows,)] if bias else []
    return [shape for width in widths for shape in ((rows, width), (rows, hidden), *biases)]


def _side(weights: Sequence[Tensor]) -> SweepWeights:
    matrix, recurrent, *biases = weights
    none = matrix.new_zeros(len(matrix))
    return SweepWeights(matrix, recurrent, *(biases or (none, none)))


def _states(layer: Any, hx: Any) -> States | None:
    """The parts of a state, none at the start; None where `hx` is not what the layer takes."""
    if hx is None:
        return ()
    count = 2 if layer.cell == "lstm" else 1
    parts = hx if count == 2 else (hx,)
    return tuple(parts) if isinstance(parts, (tuple, list)) and len(parts) == count else None


def _each(hx: Any, change: Callable[[Any], Any]) -> Any:
    """The parts of a state, of whatever form, each changed."""
    if hx is None:
        return None
    return tuple(change(part) for part in hx) if type(hx) in (tuple, list) else change(hx)


def _widened(values: Any) -> Any:
    half = isinstance(values, (Tensor, PackedSequence)) and values.data.dtype in (torch.bfloat16, torch.float16)
    return values.float() if half else values


def _lengths(lengths: Lengths, rows: int, steps: int) -> NDArray[np.int64]:
    if lengths is None:
        return np.full(rows, steps)
    told = np.asarray(lengths.cpu() if isinstance(lengths, Tensor) else lengths)
    if told.shape != (rows,):
        raise ValueError(f"lengths: found shape {told.shape}, allowed ({rows},): one for each sequence")
    if told.dtype.kind not in "iu":
        raise ValueError(f"lengths: found numbers of type {told.dtype}, allowed whole numbers")
    if told.min() < 0 or told.max() > steps:
        raise ValueError(f"lengths: found {told.min()} to {told.max()}, allowed 0 to {steps}, the steps there are")
    return told.astype(np.int64)


class RNN(_Swept, nn.RNN, metaclass=_StandsFor):
    """torch.nn.RNN, swept by the native engine."""

    cell: CellName = "rnn"
    torchs = nn.RNN


class GRU(_Swept, nn.GRU, metaclass=_StandsFor):
    """torch.nn.GRU, swept by the native engine."""

    cell: CellName = "gru"
    torchs = nn.GRU


class LSTM(_Swept, nn.LSTM, metaclass=_StandsFor):
    """torch.nn.LSTM, swept by the native engine."""

    cell: CellName = "lstm"
    torchs = nn.LSTM
