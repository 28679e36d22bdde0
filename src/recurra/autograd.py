"""The native sweep as a torch function with a gradient.

Not here: when it is used (engine.py). A gradient of the gradient is refused: the kernels know the first only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from recurra.batches import Integers, Ragged
from recurra.cells import State, SweepWeights
from recurra.config import Activation, Cell
from recurra.native import Weights, layer


def native_sweep(
    cell: Cell,
    activation: Activation,
    inputs: Ragged[Tensor],
    weights: SweepWeights,
    state: State | None,
    reverse: bool,
) -> tuple[Ragged[Tensor], State]:
    """Sweep one layer in one direction; float32 on the processor. The final state is each sequence's own."""
    hidden, inner = (*(state or ()), None, None)[:2]
    kind = (cell, activation, inputs.offsets, reverse)
    outputs, final, final_inner = _Sweep.apply(kind, inputs.values, *weights, hidden, inner)  # type: ignore[no-untyped-call]
    return inputs.carry(outputs), (final, final_inner) if cell == "lstm" else (final,)


class _Sweep(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,
        kind: tuple[Cell, Activation, Integers, bool],
        values: Tensor,
        *given: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        cell, activation, offsets, reverse = kind
        weights, states = given[:4], given[4:]
        keep = any(context.needs_input_grad)
        threads = torch.get_num_threads()
        packed = layer(cell, activation, _arrays(weights), backward=keep, threads=threads)
        rows, hidden = len(offsets) - 1, weights[1].shape[1]  # type: ignore[union-attr]
        outputs = values.new_empty(len(values), hidden)
        final, final_inner = values.new_empty(rows, hidden), values.new_empty(rows if cell == "lstm" else 0, hidden)
        start = [_array(one) for one in states]
        kept = packed.forward(
            _array(values), offsets, reverse, outputs.numpy(), *start, final.numpy(),
            final_inner.numpy() if cell == "lstm" else None, keep, threads,
        )  # fmt: skip
        context.kind, context.packed, context.kept, context.threads = kind, packed, kept, threads
        context.save_for_backward(values, outputs, *weights, *states)
        return outputs, final, final_inner

    @staticmethod
    @once_differentiable
    def backward(context: Any, outputs_error: Tensor, final_error: Tensor, inner_error: Tensor) -> Any:
        cell, _, offsets, reverse = context.kind
        values, outputs, *given = context.saved_tensors
        weights, states = given[:4], given[4:]
        wanted = context.needs_input_grad
        values_error = torch.empty_like(values, memory_format=torch.contiguous_format) if wanted[1] else None
        learnt = any(wanted[2:6])
        gradients = [torch.empty_like(one) if learnt else None for one in weights]
        states_error = [
            torch.empty_like(one) if one is not None and need else None
            for one, need in zip(states, wanted[6:], strict=True)
        ]
        context.packed.backward(
            context.kept, _array(values), offsets, reverse, _array(outputs), _array(outputs_error), _array(final_error),
            _array(inner_error) if cell == "lstm" else None, *(_array(one) for one in states), _array(values_error),
            *(_array(one) for one in gradients), *(_array(one) for one in states_error), context.threads,
        )  # fmt: skip
        return None, values_error, *gradients, *states_error


def _arrays(weights: tuple[Tensor | None, ...]) -> Weights:
    input_weight, recurrent, input_bias, recurrent_bias = (_array(one) for one in weights)
    return input_weight, recurrent, input_bias, recurrent_bias


def _array(tensor: Tensor | None) -> Any:
    """The tensor's memory as NumPy sees it, in rows without gaps between values."""
    if tensor is None:
        return None
    tensor = tensor.detach()
    return np.asarray(tensor if tensor.is_contiguous() else tensor.contiguous())
