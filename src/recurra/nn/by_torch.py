"""What torch's own forward sweeps: padded and packed input, lengths, and episodes laid out as sequences of their own.

Not here: what the engine sweeps (layers.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, fx, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from recurra.config import CellName
from recurra.nn.episodes import episodes_of
from recurra.nn.given import Lengths, Starts, States, each, lengths_of, states_of

if TYPE_CHECKING:
    Base = nn.RNNBase
else:
    Base = object


class ByTorch(Base):
    """Torch's way for all three layers; the class beside it in their lists of bases is torch's."""

    cell: CellName

    @property
    def _axis(self) -> int:
        """Of a padded batch, the one that tells sequences apart."""
        return 0 if self.batch_first else 1

    def _proxied(self, given: fx.Proxy, hx: Any, named: dict[str, Any]) -> Any:
        """A symbolic trace calls the layer as a whole, as it calls torch's."""
        name = given.tracer.path_of_module(self)  # type: ignore[attr-defined]
        return given.tracer.create_proxy("call_module", name, (given, hx), named)

    def _by_torch(self, given: Any, hx: Any, lengths: Lengths, starts: Starts = None) -> Any:
        if isinstance(given, PackedSequence) or lengths is not None or starts is not None:
            self._require_features(given)
        if starts is not None and isinstance(given, PackedSequence):
            return self._packed_by_torch(given, hx, starts)
        if (lengths is None and starts is None) or not (
            isinstance(given, Tensor) and given.dim() in (2, 3) and given.numel()
        ):
            return super().forward(given, hx)
        if given.dim() == 2:
            batched = given.unsqueeze(self._axis), each(hx, lambda part: part.unsqueeze(1))
            return self._alone(*self._by_torch(*batched, lengths, starts))
        if starts is not None:
            return self._cut_by_torch(given, hx, lengths, starts)
        rows, steps = given.shape[self._axis], given.shape[1 - self._axis]
        # Sorted by torch, and its indices sorted back with the outputs.
        told = torch.from_numpy(lengths_of(lengths, rows, steps))
        # torch packs no empty sequence: each is swept for a step, which is then taken back.
        packed = pack_padded_sequence(given, told.clamp(min=1), self.batch_first, enforce_sorted=False)
        swept, final = super().forward(packed, hx)
        outputs = pad_packed_sequence(swept, self.batch_first, total_length=steps)[0]
        return (outputs, final) if told.all() else self._emptied(outputs, final, hx, told == 0)

    def _require_features(self, given: Any) -> None:
        """Raise RuntimeError for other features than the layer's: torch's packed LSTM would read on behind them."""
        data = given.data if isinstance(given, PackedSequence) else given
        if not isinstance(data, Tensor) or data.dim() not in (2, 3) or torch._C._get_tracing_state() is not None:
            return
        if data.shape[-1] != self.input_size:
            told = f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {data.shape[-1]}"
            raise RuntimeError(told)

    def _cut_by_torch(self, given: Tensor, hx: Any, lengths: Lengths, starts: Starts) -> Any:
        """Lay each episode out as a sequence of its own, for torch to sweep."""
        rows, steps, states = given.shape[self._axis], given.shape[1 - self._axis], states_of(self, hx)
        if states is None or any(part.dim() != 3 or part.shape[1] != rows for part in states):
            super().forward(given, hx)  # torch has words for a state that does not fit
            raise ValueError(f"hx: found a state that cannot be cut into episodes, allowed one of {rows} sequences")
        cut = episodes_of(lengths_of(lengths, rows, steps), starts)
        where = cut.where(rows, steps, first=self.batch_first)
        grid = torch.from_numpy(where[cut.grid()]).to(given.device)
        laid = given.reshape(rows * steps, -1)[grid.T if self.batch_first else grid]
        begun = cut.begin(states)
        outputs, final = self._by_torch(laid, self._formed(begun), cut.lengths)
        # Back to where each token lay; pads stay zero.
        step, episode = (torch.from_numpy(one).to(given.device) for one in cut.within())
        swept = outputs[episode, step] if self.batch_first else outputs[step, episode]
        flat = swept.new_zeros(rows * steps, swept.shape[1])
        flat = flat.index_copy(0, torch.from_numpy(where).to(given.device), swept)
        ends = cut.end(final if isinstance(final, tuple) else (final,))
        return flat.view(*given.shape[:2], -1), self._formed(ends)

    def _formed(self, states: States) -> Any:
        """A state of the form that torch's layer takes and gives."""
        return (states if self.cell == "lstm" else states[0]) if states else None

    def _packed_by_torch(self, given: PackedSequence, hx: Any, starts: Starts) -> Any:
        values, lengths = pad_packed_sequence(given, self.batch_first)
        outputs, final = self._by_torch(values, hx, lengths, starts)
        if given.sorted_indices is not None:
            outputs = outputs.index_select(self._axis, given.sorted_indices)
            lengths = lengths[given.sorted_indices.cpu()]
        data = pack_padded_sequence(outputs, lengths, self.batch_first).data
        return PackedSequence(data, given.batch_sizes, given.sorted_indices, given.unsorted_indices), final

    def _emptied(self, outputs: Tensor, final: Any, hx: Any, empty: Tensor) -> Any:
        """Give empty sequences outputs of zero and the states they came with."""
        empty = empty.to(outputs.device)
        outputs = outputs.masked_fill(empty[:, None, None] if self.batch_first else empty[:, None], 0.0)
        ends = final if isinstance(final, tuple) else (final,)
        begun = states_of(self, hx) or tuple(torch.zeros_like(part) for part in ends)
        kept = tuple(torch.where(empty[:, None], start, end) for start, end in zip(begun, ends, strict=True))
        return outputs, kept if self.cell == "lstm" else kept[0]

    def _alone(self, outputs: Tensor, ends: Any) -> Any:
        return outputs.squeeze(self._axis), each(ends, lambda part: part.squeeze(1))
