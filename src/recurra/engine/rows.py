"""Rows of an embedding table, and dropout masks of whole sequences, as torch functions with gradients.

Not here: sweeps and pooling (autograd.py). A table's gradient is row-sparse and coalesced, each word's sum in the order
of its tokens, so that its bits do not depend on the number of threads. All three are linear: where a graph of
the gradient is wanted, torch's operations give it. Masks are drawn; they have no gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recurra.batches import Integers
from recurra.engine import native, processors
from recurra.engine.arrays import rows_to_read, to_read, to_write, untraced, wants_numbers


@untraced
def native_gather(table: Tensor, ids: Tensor, offsets: Integers, *, scale: float, masks: Tensor | None) -> Tensor:
    """table[ids] · scale · mask of the token's sequence: ids (tokens,) -> (tokens, size).

    `masks` (sequences, size) or none; each sequence's tokens lie between its offsets.
    """
    _check_drawn(masks)
    found: Tensor = _Gather.apply(table, ids.long(), offsets, scale, masks)  # type: ignore[no-untyped-call]
    return found


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, table: Tensor, ids: Tensor, offsets: Integers, scale: float, masks: Tensor | None
    ) -> Tensor:
        # Threads are counted once: a backward pass runs on a thread of torch, where the number may read otherwise.
        context.places, context.threads = native.ragged(offsets), processors.threads()
        context.offsets, context.scale, context.shape = offsets, scale, table.shape
        context.save_for_backward(ids, masks)
        # Every token is written, so that nothing needs to be zeroed first.
        found = table.new_empty(len(ids), table.shape[1])
        native.compiled.gather(
            context.places,
            table=rows_to_read(table),
            ids=to_read(ids),
            masks=to_read(masks),
            scale=scale,
            into=to_write(found),
            threads=context.threads,
        )
        return found

    @staticmethod
    @untraced
    def backward(context: Any, error: Tensor) -> Any:
        ids, masks = context.saved_tensors
        if wants_numbers(error):
            return _rows_gradient(context, ids, masks, error), None, None, None, None
        # The same in operations that torch differentiates again.
        rows = error * context.scale if masks is None else error * context.scale * _spread(masks, context.offsets)
        # Not coalesced: a word that comes twice has two entries, which torch adds up.
        return torch.sparse_coo_tensor(ids[None], rows, context.shape, check_invariants=False), None, None, None, None


def _rows_gradient(context: Any, ids: Tensor, masks: Tensor | None, error: Tensor) -> Tensor:
    # Tokens sorted by word, so that each row of the gradient is summed by one thread in one order.
    words = native.compiled.words(context.places, to_read(ids))
    rows, chosen = error.new_empty(words.count, context.shape[1]), ids.new_empty(words.count)
    native.compiled.gather_gradient(
        words,
        context.places,
        errors=rows_to_read(error),
        masks=to_read(masks),
        scale=context.scale,
        ids=to_write(chosen),
        rows=to_write(rows),
        threads=context.threads,
    )
    return _sparse(chosen, rows, context.shape)


@untraced
def native_distinct(table: Tensor, ids: Tensor, offsets: Integers, *, scale: float) -> tuple[Tensor, NDArray[np.int32]]:
    """Rows of the distinct ids, times scale: (words, size); and which of them each token has: (tokens,)."""
    words = native.compiled.words(native.ragged(offsets), to_read(ids.long()))
    # The engine says how many words there are before it is asked for them: their memory is the caller's.
    chosen, rows = np.empty(words.count, np.int64), np.empty(len(ids), np.int32)
    native.compiled.distinct(words, ids=chosen, rows=rows)
    found: Tensor = _Distinct.apply(table, torch.from_numpy(chosen), scale)  # type: ignore[no-untyped-call]
    return found, rows


class _Distinct(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, table: Tensor, chosen: Tensor, scale: float) -> Tensor:
        context.scale, context.shape = scale, table.shape
        context.save_for_backward(chosen)
        # In place: the row was copied by the index, and belongs to nobody else.
        return table[chosen].mul_(scale)

    @staticmethod
    def backward(context: Any, error: Tensor) -> Any:
        (chosen,) = context.saved_tensors
        return _sparse(chosen, error * context.scale, context.shape), None, None


def _sparse(chosen: Tensor, rows: Tensor, shape: torch.Size) -> Tensor:
    """A gradient of a few rows of a table, `chosen` in rising order."""
    # Rising and distinct already: torch need not sort. Its own checks would read all indices once more.
    return torch.sparse_coo_tensor(chosen[None], rows, shape, is_coalesced=True, check_invariants=False)


@untraced
def native_masked(values: Tensor, masks: Tensor, offsets: Integers) -> Tensor:
    """values (tokens, size) times the mask (sequences, size) of each token's sequence."""
    _check_drawn(masks)
    found: Tensor = _Masked.apply(values, masks, offsets)  # type: ignore[no-untyped-call]
    return found


class _Masked(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor, masks: Tensor, offsets: Integers) -> Tensor:
        context.offsets = offsets
        context.save_for_backward(masks)
        return _times(values, masks, offsets)

    @staticmethod
    @untraced
    def backward(context: Any, error: Tensor) -> Any:
        (masks,) = context.saved_tensors
        if wants_numbers(error):
            return _times(error, masks, context.offsets), None, None
        return error * _spread(masks, context.offsets), None, None


def _times(values: Tensor, masks: Tensor, offsets: Integers) -> Tensor:
    found = values.new_empty(values.shape)
    native.compiled.gather(
        native.ragged(offsets),
        table=rows_to_read(values),
        masks=to_read(masks),
        scale=1.0,
        into=to_write(found),
        threads=processors.threads(),
    )
    return found


def _spread(masks: Tensor, offsets: Integers) -> Tensor:
    """Each token's mask: (sequences, size) -> (tokens, size)."""
    return masks.repeat_interleave(torch.from_numpy(np.diff(offsets)), dim=0)


def _check_drawn(masks: Tensor | None) -> None:
    if masks is not None and masks.requires_grad:
        raise ValueError("masks: found weights that learn, allowed drawn numbers: they have no gradient here")
