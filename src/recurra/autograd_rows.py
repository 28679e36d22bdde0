"""Rows of an embedding table, and dropout masks of whole sequences, as torch functions with gradients.

Not here: sweeps and pooling (autograd.py). A table's gradient is row-sparse and coalesced, each word's sum in the order
of its tokens, so that its bits do not depend on the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from recurra import native, processors
from recurra.batches import Integers


def native_gather(table: Tensor, ids: Tensor, offsets: Integers, *, scale: float, masks: Tensor | None) -> Tensor:
    """table[ids] · scale · mask of the token's sequence: ids (tokens,) -> (tokens, size).

    `masks` (sequences, size) or none; each sequence's tokens lie between its offsets.
    """
    found: Tensor = _Gather.apply(table, ids, native.ragged(offsets), scale, masks)  # type: ignore[no-untyped-call]
    return found


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, table: Tensor, ids: Tensor, places: Any, scale: float, masks: Tensor | None) -> Tensor:
        found = table.new_empty(len(ids), table.shape[1])
        threads = processors.threads()
        native.library().gather(places, _rows(table), ids.numpy(), _rows(masks), scale, found.numpy(), threads)
        context.places, context.scale, context.threads, context.shape = places, scale, threads, table.shape
        context.save_for_backward(ids, masks)
        return found

    @staticmethod
    @once_differentiable
    def backward(context: Any, error: Tensor) -> Any:
        ids, masks = context.saved_tensors
        places, threads = context.places, context.threads
        words = native.library().words(places, ids.numpy())
        rows = error.new_empty(words.count, context.shape[1])
        chosen = torch.empty(words.count, dtype=torch.int64)
        native.library().gather_gradient(
            words, places, _rows(error), _rows(masks), context.scale, chosen.numpy(), rows.numpy(), threads
        )
        return _sparse(chosen, rows, context.shape), None, None, None, None


def native_distinct(table: Tensor, ids: Tensor, offsets: Integers, *, scale: float) -> tuple[Tensor, NDArray[np.int32]]:
    """Rows of the distinct ids, times scale: (words, size); and which of them each token has: (tokens,)."""
    words = native.library().words(native.ragged(offsets), ids.numpy())
    chosen, rows = np.empty(words.count, np.int64), np.empty(len(ids), np.int32)
    native.library().distinct(words, chosen, rows)
    found: Tensor = _Distinct.apply(table, torch.from_numpy(chosen), scale)  # type: ignore[no-untyped-call]
    return found, rows


class _Distinct(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, table: Tensor, chosen: Tensor, scale: float) -> Tensor:
        context.scale, context.shape = scale, table.shape
        context.save_for_backward(chosen)
        return table[chosen].mul_(scale)

    @staticmethod
    @once_differentiable
    def backward(context: Any, error: Tensor) -> Any:
        (chosen,) = context.saved_tensors
        return _sparse(chosen, error * context.scale, context.shape), None, None


def _sparse(chosen: Tensor, rows: Tensor, shape: torch.Size) -> Tensor:
    """A gradient of a few rows of a table, `chosen` in rising order."""
    return torch.sparse_coo_tensor(chosen[None], rows, shape, is_coalesced=True, check_invariants=False)


def native_masked(values: Tensor, masks: Tensor, offsets: Integers) -> Tensor:
    """values (tokens, size) times the mask (sequences, size) of each token's sequence."""
    found: Tensor = _Masked.apply(values, masks, native.ragged(offsets))  # type: ignore[no-untyped-call]
    return found


class _Masked(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor, masks: Tensor, places: Any) -> Tensor:
        context.places = places
        context.save_for_backward(masks)
        return _times(places, values, masks)

    @staticmethod
    @once_differentiable
    def backward(context: Any, error: Tensor) -> Any:
        (masks,) = context.saved_tensors
        return _times(context.places, error, masks), None, None


def _times(places: Any, values: Tensor, masks: Tensor) -> Tensor:
    found = torch.empty(values.shape)
    native.library().gather(places, _rows(values), None, _rows(masks), 1.0, found.numpy(), processors.threads())
    return found


def _rows(tensor: Tensor | None) -> Any:
    return None if tensor is None else np.asarray(tensor.detach().contiguous())
