"""Pooling of ragged sequences as a torch function with a gradient.

Not here: which parts there are (layers/pooling/learn.py) and the path without the engine (plain_pools.py), which gives
second derivatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from recurra.batches import Integers, Ragged
from recurra.config import Pool
from recurra.engine import native, processors
from recurra.engine.arrays import rows_to_read, to_read, to_write, untraced
from recurra.engine.derivatives import differentiate, wants_numbers
from recurra.engine.plain_pools import Scorer, plain_pool


@untraced
def native_pool(
    values: Tensor, offsets: Integers, parts: Sequence[Pool], scorer: Scorer | None = None, *, directions: int = 1
) -> Tensor:
    """Pool values (tokens, inputs) -> (sequences, inputs * parts), the parts in their order.

    An empty sequence gives zeros. Raises ValueError for shapes that do not fit.
    """
    called = offsets, tuple(parts), directions, torch.is_grad_enabled()
    pooled: Tensor = _Pool.apply(called, values, *(scorer or ()))  # type: ignore[no-untyped-call]
    return pooled


class _Pool(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, called: tuple[Integers, tuple[Pool, ...], int, bool], values: Tensor, *scorer: Tensor
    ) -> Tensor:
        offsets, parts, directions, learning = called
        places, threads = native.ragged(offsets), processors.threads()
        pooled = native.pool(
            rows_to_read(values), places, parts, _three([to_read(one) for one in scorer]), directions=directions,
            learning=learning and any(context.needs_input_grad), threads=threads,
        )  # fmt: skip
        context.called, context.places, context.pooled, context.threads = called, places, pooled, threads
        context.save_for_backward(values, *scorer)
        return torch.from_numpy(pooled.rows)

    @staticmethod
    @untraced
    def backward(context: Any, error: Tensor) -> Any:
        if wants_numbers(error):
            return None, *_first_gradient(context, error)
        offsets, parts, directions, _ = context.called
        where = None if context.pooled.where is None else torch.from_numpy(context.pooled.where).long()

        def pool(values: Tensor, *scorer: Tensor) -> list[Tensor]:
            using = Scorer(*scorer) if scorer else None
            return [plain_pool(Ragged(values, offsets), parts, using, directions=directions, where=where)]

        return None, *differentiate(pool, context.saved_tensors, context.needs_input_grad[1:], [error])


def _first_gradient(context: Any, error: Tensor) -> tuple[Tensor, ...]:
    _, parts, directions, _ = context.called
    values, *scorer = context.saved_tensors
    fresh = values.new_empty if context.places.full else values.new_zeros
    found, learnt = fresh(values.shape), tuple(weight.new_empty(weight.shape) for weight in scorer)
    native.compiled.pool_back(
        context.places,
        values=rows_to_read(values),
        parts=parts,
        directions=directions,
        scorer=_three([to_read(one) for one in scorer]),
        **context.pooled._asdict(),
        errors=to_read(error),
        value_errors=to_write(found),
        gradients=_three([to_write(one) for one in learnt]),
        threads=context.threads,
    )
    return found, *learnt


def _three(arrays: Sequence[Any]) -> Any:
    return tuple(arrays) or None
