"""A sequence of states becomes one vector, learning: (tokens, inputs) -> (sequences, outputs).

Not here: what is pooled.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from recurra.autograd_pools import Scorer, native_pool
from recurra.batches import Ragged, last_places
from recurra.devices import tensor_on
from recurra.engine import is_native
from recurra.layers.dropout import Generator
from recurra.layers.specs import PoolingSpec


class Pooling(nn.Module):
    """Concatenates its parts in the order of the spec; an empty sequence gives zeros.

    last: the state where each direction's sweep ends. mean, max: over all tokens of the sequence.
    attention (Yang et al. 2016; each head with its own query and its own share of the features): u_t = tanh(W h_t + b),
    a_t = softmax_t(q · u_t), Σ a_t h_t.
    """

    def __init__(self, spec: PoolingSpec, generator: Generator = None) -> None:
        """Draw the attention's weights so that it starts close to the mean."""
        super().__init__()
        self.spec = spec
        for name, shape in spec.weights().items():
            drawn = torch.zeros(shape) if name.endswith("bias") else torch.randn(shape, generator=generator)
            self.register_parameter(name, nn.Parameter(drawn * spec.inputs**-0.5))

    def forward(self, inputs: Ragged[Tensor], ends: Sequence[Tensor] | None = None) -> Tensor:
        """Pool; the engine makes all parts from one reading of the values.

        `ends` are the states where each direction's sweep ended, (sequences, hidden): where nothing else is asked for
        they are the answer, and no error has to be spread over all tokens on the way back.
        """
        if ends is not None and self.spec.parts == ("last",):
            return torch.cat(list(ends), dim=1)
        if is_native(inputs.values.dtype, inputs.values.device.type):
            directions = 2 if self.spec.bidirectional else 1
            scorer = self._scorer() if "attention" in self.spec.parts else None
            return native_pool(inputs.values, inputs.offsets, self.spec.parts, scorer, directions=directions)
        pools = {"last": self._last, "mean": _mean, "max": _maximum, "attention": self._attention}
        return torch.cat([pools[part](inputs) for part in self.spec.parts], dim=1)

    def _last(self, inputs: Ragged[Tensor]) -> Tensor:
        sides = inputs.values.chunk(2, dim=1) if self.spec.bidirectional else (inputs.values,)
        ends = []
        for number, side in enumerate(sides):
            places = tensor_on(side.device, last_places(inputs.offsets, reverse=number == 1))
            ends.append(torch.where(places[:, None] >= 0, side[places], 0.0))
        return torch.cat(ends, dim=1)

    def _scorer(self) -> Scorer:
        return Scorer(*(self.get_parameter(f"attention_{name}") for name in Scorer._fields))

    def _attention(self, inputs: Ragged[Tensor]) -> Tensor:
        weight, bias, query = self._scorer()
        scores = torch.tanh(nn.functional.linear(inputs.values, weight, bias)) @ query.T
        shares = _softmax(inputs.carry(scores)).repeat_interleave(self.spec.inputs // self.spec.heads, dim=1)
        return _sum(inputs.carry(inputs.values * shares))


def _softmax(scores: Ragged[Tensor]) -> Tensor:
    """Softmax over the tokens of each sequence: (tokens, heads)."""
    owners = tensor_on(scores.values.device, scores.owners())
    highest = _maximum(scores.carry(scores.values.detach()))
    raised = torch.exp(scores.values - highest[owners])
    return raised / _sum(scores.carry(raised))[owners]


def _sum(inputs: Ragged[Tensor]) -> Tensor:
    owners = tensor_on(inputs.values.device, inputs.owners())
    return inputs.values.new_zeros(inputs.sequences, inputs.values.shape[1]).index_add(0, owners, inputs.values)


def _mean(inputs: Ragged[Tensor]) -> Tensor:
    sums = _sum(inputs)
    return sums / _lengths(inputs).clamp(min=1).to(sums.dtype)[:, None]


def _maximum(inputs: Ragged[Tensor]) -> Tensor:
    # segment_reduce knows no empty segment for max; each keeps its own zero.
    kept, device = np.flatnonzero(inputs.lengths), inputs.values.device
    lengths = tensor_on(device, inputs.lengths[kept])
    pooled = torch.segment_reduce(inputs.values, "max", lengths=lengths, axis=0)
    if len(kept) == inputs.sequences:
        return pooled
    return pooled.new_zeros(inputs.sequences, pooled.shape[1]).index_copy(0, tensor_on(device, kept), pooled)


def _lengths(inputs: Ragged[Tensor]) -> Tensor:
    return tensor_on(inputs.values.device, inputs.lengths)
