"""The native sweep of a layer as a torch function with a gradient.

Not here: when it is used (engine.py). A gradient of the gradient is refused: the kernels know the first only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from recurra import native, processors
from recurra.cells import SweepWeights
from recurra.config import CellKind

SIDES = 4
"""Weights of one direction: input, recurrent, and their biases."""

if native.engine().library is not None:
    native.library().calm_openmp()  # torch is here: its threads must not stand in the engine's way


def native_sweep(
    kind: CellKind,
    places: Any,
    values: Tensor,
    weights: Sequence[SweepWeights],
    hidden: Tensor | None = None,
    inner: Tensor | None = None,
    *,
    rows: NDArray[np.int32] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Sweep one layer in all its directions: values (tokens, inputs) -> outputs (tokens, directions * hidden).

    `places` tells where the sequences lie (native.ragged, native.grid); tokens of no sequence get zeros. The second
    direction reads each sequence from its end. `hidden` and, for LSTM and SRU, `inner` are the states to start from,
    (directions, sequences, hidden); the last two results are the same at each sequence's own end. With `rows` (tokens,)
    the values are distinct inputs, and `rows` tells which one a token has: each is multiplied once, forward and
    backward, where products are of float32.
    """
    if rows is not None and kind.precision != "float32":
        values, rows = values[torch.from_numpy(rows)], None
    flat = [one for side in weights for one in side]
    outputs, final, final_inner = _Sweep.apply(
        (kind, places, rows, torch.is_grad_enabled()), values, hidden, inner, *flat
    )  # type: ignore[no-untyped-call]
    return outputs, final, final_inner


class _Sweep(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,
        called: tuple[CellKind, Any, NDArray[np.int32] | None, bool],
        values: Tensor,
        hidden: Tensor | None,
        inner: Tensor | None,
        *weights: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        kind, places, rows, learning = called
        inner_too = "cell" in kind.states
        # Without gradients weights still tell that they want one: what a gradient needs would be kept for nobody.
        keep, threads = learning and any(context.needs_input_grad), processors.threads()
        packed = _packed(kind, weights, backward=keep, threads=threads)
        sides, size = len(packed), weights[1].shape[1]
        outputs = values.new_empty(places.tokens, sides * size)
        final = values.new_empty(sides, places.sequences, size)
        final_inner = values.new_empty(final.shape if inner_too else 0)
        kept = native.library().forward(
            packed, places, array_of(values), outputs.numpy(), array_of(hidden), array_of(inner), final.numpy(),
            final_inner.numpy() if inner_too else None, rows, None, keep, threads,
        )  # fmt: skip
        context.set_materialize_grads(False)  # errors of what nobody used come as None, not as tables of zeros
        context.called, context.packed, context.kept, context.threads = called, packed, kept, threads
        context.save_for_backward(values, outputs, hidden, inner, *weights)
        return outputs, final, final_inner

    @staticmethod
    @once_differentiable
    def backward(
        context: Any, outputs_error: Tensor | None, final_error: Tensor | None, inner_error: Tensor | None
    ) -> Any:
        kind, places, rows, _ = context.called
        values, outputs, hidden, inner, *weights = context.saved_tensors
        _, wanted, wanted_hidden, wanted_inner, *wanted_weights = context.needs_input_grad
        values_error = torch.empty_like(values, memory_format=torch.contiguous_format) if wanted else None
        hidden_error = torch.empty_like(hidden) if wanted_hidden else None
        started_error = torch.empty_like(inner) if wanted_inner else None
        learnt = [torch.empty_like(one) for one in weights] if any(wanted_weights) else []
        native.library().backward(
            context.packed, context.kept, places, array_of(values), array_of(outputs), array_of(outputs_error),
            array_of(final_error), array_of(inner_error) if "cell" in kind.states else None, array_of(hidden),
            array_of(inner), array_of(values_error), _fours(learnt), array_of(hidden_error), array_of(started_error),
            rows, context.threads,
        )  # fmt: skip
        errors: list[Tensor | None] = [*learnt] if learnt else [None] * len(weights)
        return None, values_error, hidden_error, started_error, *errors


def _packed(kind: CellKind, weights: Sequence[Tensor], *, backward: bool, threads: int) -> list[Any]:
    return [
        native.layer(kind, side, reverse=number == 1, backward=backward, threads=threads)
        for number, side in enumerate(_fours(weights) or [])
    ]


def _fours(weights: Sequence[Tensor]) -> list[tuple[Any, Any, Any, Any]] | None:
    arrays = [array_of(one) for one in weights]
    fours = [arrays[start : start + SIDES] for start in range(0, len(arrays), SIDES)]
    return [(one[0], one[1], one[2], one[3]) for one in fours] or None


def array_of(tensor: Tensor | None) -> Any:
    """The tensor's memory as NumPy sees it; tables may have gaps between rows, all else is in one piece.

    A table of one row that comes again and again, as the gradient of a sum is, stays one row.
    """
    if tensor is None:
        return None
    tensor = tensor.detach()
    if tensor.dim() == 2 and tensor.stride(0) == 0 and len(tensor) > 1:
        return np.asarray(tensor[:1].contiguous().expand_as(tensor))
    rows = tensor.dim() == 2 and tensor.stride(1) == 1 and tensor.stride(0) >= tensor.shape[1]
    return np.asarray(tensor if rows or tensor.is_contiguous() else tensor.contiguous())
