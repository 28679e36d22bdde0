"""Pooling of ragged sequences in torch's operations: what the engine must equal, differentiable as often as wanted.

Not here: the engine's pooling (pools.py), weights (layers/pooling/learn.py), answers (run.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from recurra.batches import Ragged, last_places
from recurra.config import Pool
from recurra.engine.devices import tensor_on


class Scorer(NamedTuple):
    """Attention's weights: (units, inputs), (units,) and, for each head, a query (heads, units)."""

    weight: Tensor
    bias: Tensor
    query: Tensor


def plain_pool(
    inputs: Ragged[Tensor],
    parts: Sequence[Pool],
    scorer: Scorer | None = None,
    *,
    directions: int = 1,
    where: Tensor | None = None,
) -> Tensor:
    """Pool (tokens, inputs) -> (sequences, inputs * parts), the parts in their order; an empty sequence gives zeros.

    `where` (sequences, inputs) tells the tokens that have the maxima, -1 in an empty sequence, where they are known.
    """
    if not len(inputs.values):
        return torch.cat([_sum(inputs)] * len(parts), dim=1)
    pools: dict[Pool, Callable[[], Tensor]] = {
        "last": lambda: _last(inputs, directions),
        "mean": lambda: _mean(inputs),
        "max": lambda: _maximum(inputs) if where is None else _at(inputs.values, where),
    }
    if scorer is not None:
        pools["attention"] = lambda: _attention(inputs, scorer)
    return torch.cat([pools[part]() for part in parts], dim=1)


def _last(inputs: Ragged[Tensor], directions: int) -> Tensor:
    ends = []
    for number, side in enumerate(inputs.values.chunk(directions, dim=1)):
        places = tensor_on(side.device, last_places(inputs.offsets, reverse=number == 1))
        ends.append(torch.where(places[:, None] >= 0, side[places], 0.0))
    return torch.cat(ends, dim=1)


def _attention(inputs: Ragged[Tensor], scorer: Scorer) -> Tensor:
    weight, bias, query = scorer
    scores = torch.tanh(torch.nn.functional.linear(inputs.values, weight, bias)) @ query.T
    shares = _softmax(inputs.carry(scores)).repeat_interleave(inputs.values.shape[1] // len(query), dim=1)
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


def _at(values: Tensor, where: Tensor) -> Tensor:
    return torch.where(where >= 0, values.gather(0, where.clamp(min=0)), 0.0)


def _lengths(inputs: Ragged[Tensor]) -> Tensor:
    return tensor_on(inputs.values.device, inputs.lengths)
