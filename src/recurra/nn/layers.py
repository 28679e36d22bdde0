"""The layers: their one forward, which sweeps natively what the engine can follow and gives torch the rest.

Not here: torch's way (by_torch.py), what callers give beside the input (given.py), and cuts where an episode begins
(episodes.py).
"""

from __future__ import annotations

import copy
from abc import ABCMeta
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from recurra.cells import CELLS
from recurra.cells.backends.torch import SweepWeights
from recurra.config import CellKind, CellName, Precision
from recurra.engine import native
from recurra.engine.autograd import is_number, native_sweep, traced, untraced
from recurra.engine.choose import torch_is_quicker
from recurra.nn.by_torch import ByTorch
from recurra.nn.episodes import Episodes, episodes_of
from recurra.nn.given import Lengths, Starts, States, check_can_reset, each, lengths_of, starts_of, states_of, widened

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


class _Swept(ByTorch):
    """The forward of all three; the class beside it in the list of bases is torch's."""

    torchs: type[nn.RNNBase]

    @untraced
    def forward(self, input: Any, hx: Any = None, *, lengths: Lengths = None, reset: Any = None) -> Any:
        """Sweep `input` as torch.nn does: padded, (steps, features) alone, or a PackedSequence -> outputs and states.

        `lengths` (sequences,) tells how long each padded sequence is, in any order: outputs behind it are zero, and the
        final states are those of each one's own end, as they would be for a PackedSequence.

        `reset` tells where an episode begins: true and false, (steps, sequences), or (sequences, steps) with
        batch_first, or (steps,) for one sequence alone. Before a step that it marks the state is set to zeros, in all
        layers, and no gradient passes; a mark at the first step drops `hx`. Final states are those of the last episode.

        Raises ValueError for lengths and masks that do not fit the input, and for a mask in both directions; and what
        torch raises for all else that does not fit the layer.
        """
        if isinstance(input, fx.Proxy):
            return self._proxied(input, hx, {"lengths": lengths, "reset": reset})
        if lengths is not None and isinstance(input, PackedSequence):
            raise ValueError("lengths: found some beside a PackedSequence, allowed none: it has its own")
        # Where torch traces, nothing of the engine may run: its results would stand in the trace as constants.
        kind = None if traced() else _kind(self)
        if kind and kind.precision == "bf16":  # what other layers made under autocast is cast, as torch casts it
            input, hx = each(input, widened), each(hx, widened)
        starts = None if reset is None else self._starts(input, reset, lengths)
        states, weights = states_of(self, hx), self.all_weights
        if kind is None or states is None or not self._follows(input, states, weights):
            return self._by_torch(input, hx, lengths, starts)
        if isinstance(input, PackedSequence):
            return self._packed(kind, weights, input, states, starts)
        rows = input.shape[self._axis] if input.dim() == 3 else 1
        whole = lengths is None and starts is None
        if whole and _routing.get() and torch_is_quicker(kind, self.hidden_size, rows):
            return self._by_torch(input, hx, None)
        return self._padded(kind, weights, input, states, lengths, starts)

    def _starts(self, given: Any, reset: Any, lengths: Lengths) -> Starts:
        """Where episodes begin, (sequences, steps); None where nowhere, and where torch has a word about the input."""
        check_can_reset(self)
        if isinstance(given, PackedSequence):
            given, lengths = pad_packed_sequence(given, self.batch_first)
        if not isinstance(given, Tensor) or given.dim() not in (2, 3) or not given.numel():
            return None
        alone = given.dim() == 2
        rows, steps = (1, len(given)) if alone else (given.shape[self._axis], given.shape[1 - self._axis])
        told = lengths_of(lengths, rows, steps)
        return starts_of(reset, told, (steps,) if alone else tuple(given.shape[:2]), turned=not self.batch_first)

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

    def _padded(
        self, kind: CellKind, weights: _Weights, given: Tensor, states: States, lengths: Lengths, starts: Starts
    ) -> Any:
        alone = given.dim() == 2
        values = given.unsqueeze(self._axis) if alone else given
        states = tuple(part.unsqueeze(1) for part in states) if alone else states
        rows, steps = values.shape[self._axis], values.shape[1 - self._axis]
        told, tokens = lengths_of(lengths, rows, steps), values.reshape(rows * steps, -1)
        if starts is None:
            # A grid is swept as it lies: its pads are skipped, not computed and masked.
            places = native.padded(steps, told, rows=self.batch_first)
            outputs, final = self._layers(kind, weights, places, tokens, states)
        else:
            cut = episodes_of(told, starts)
            where = torch.from_numpy(cut.where(rows, steps, first=self.batch_first))
            swept, final = self._episodes(kind, weights, tokens[where], cut, states)
            outputs = swept.new_zeros(rows * steps, swept.shape[1]).index_copy(0, where, swept)
        outputs, ends = outputs.view(*values.shape[:2], -1), final if self.cell == "lstm" else final[0]
        return self._alone(outputs, ends) if alone else (outputs, ends)

    def _episodes(
        self, kind: CellKind, weights: _Weights, tokens: Tensor, cut: Episodes, states: States
    ) -> tuple[Tensor, States]:
        outputs, final = self._layers(kind, weights, native.ragged(cut.offsets), tokens, cut.begin(states))
        return outputs, cut.end(final)

    def _packed(self, kind: CellKind, weights: _Weights, given: PackedSequence, states: States, starts: Starts) -> Any:
        sizes, order = given.batch_sizes.numpy(), given.sorted_indices
        lengths = (sizes[None, :] > np.arange(sizes[0])[:, None]).sum(axis=1)
        cut = episodes_of(lengths, starts if starts is None or order is None else starts[order.numpy()])
        # Where each token, sequence by sequence, lies in the packed data, step by step.
        where = torch.from_numpy(np.concatenate([[0], np.cumsum(sizes)])[cut.step] + cut.owner)
        if order is not None:
            states = tuple(part.index_select(1, order) for part in states)
        outputs, final = self._episodes(kind, weights, given.data[where], cut, states)
        data = outputs.new_empty(outputs.shape).index_copy(0, where, outputs)
        if given.unsorted_indices is not None:
            final = tuple(part.index_select(1, given.unsorted_indices) for part in final)
        packed = PackedSequence(data, given.batch_sizes, order, given.unsorted_indices)
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
