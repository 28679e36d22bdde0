"""Pooling of ragged sequences as a torch function with a gradient.

Not here: which parts there are and the path without the engine (layers/pooling/learn.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from recurra import native, processors
from recurra.autograd import array_of
from recurra.batches import Integers
from recurra.config import Pool


class Scorer(NamedTuple):
    """Attention's weights: (units, inputs), (units,) and, for each head, a query (heads, units)."""

    weight: Tensor
    bias: Tensor
    query: Tensor


def native_pool(
    values: Tensor, offsets: Integers, parts: Sequence[Pool], scorer: Scorer | None = None, *, directions: int = 1
) -> Tensor:
    """Pool values (tokens, inputs) -> (sequences, inputs * parts), the parts in their order.

    An empty sequence gives zeros. Raises ValueError for shapes that do not fit. A gradient of the gradient is refused.
    """
    called = native.ragged(offsets), tuple(parts), directions, torch.is_grad_enabled()
    pooled: Tensor = _Pool.apply(called, values, *(scorer or ()))  # type: ignore[no-untyped-call]
    return pooled


class _Pool(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, called: tuple[Any, tuple[Pool, ...], int, bool], values: Tensor, *scorer: Tensor
    ) -> Tensor:
        places, parts, directions, learning = called
        threads = processors.threads()
        pooled = native.pool(
            array_of(values), places, parts, _three(scorer), directions=directions,
            learning=learning and any(context.needs_input_grad), threads=threads,
        )  # fmt: skip
        context.called, context.pooled, context.threads = called, pooled, threads
        context.save_for_backward(values, *scorer)
        return torch.from_numpy(pooled.rows)

    @staticmethod
    @once_differentiable
    def backward(context: Any, error: Tensor) -> Any:
        places, parts, directions, _ = context.called
        values, *scorer = context.saved_tensors
        found = (torch.empty if places.full else torch.zeros)(values.shape)
        learnt = tuple(torch.empty(weight.shape) for weight in scorer)
        native.library().pool_back(
            places, array_of(values), list(parts), directions, _three(scorer), *context.pooled,
            np.asarray(error.contiguous()), found.numpy(), _three(learnt), context.threads,
        )  # fmt: skip
        return None, found, *learnt


def _three(tensors: Sequence[Tensor]) -> Any:
    return tuple(np.asarray(tensor.detach().contiguous()) for tensor in tensors) or None
