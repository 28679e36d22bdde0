"""Scans of the parallel cells as Triton kernels: a program for each sequence and block of units walks its steps.

Not here: the products before them and when they are used (scan.py). Imported only where there is a GPU, because Triton
is. Formulas are those of cells/; `away` is 1, or -1 where each sequence is read from its end. All in the type of the
values, float32 or float64. Every program writes what no other does, so that the bits are the same each time.
"""

from __future__ import annotations

from typing import Any

import torch
import triton  # type: ignore[import-not-found,import-untyped,unused-ignore]
import triton.language as tl  # type: ignore[import-not-found,import-untyped,unused-ignore]
from torch import Tensor

from recurra.batches import Integers, Ragged
from recurra.cells.backends.torch import SweepWeights, TensorState
from recurra.config import CellKind, CellName
from recurra.engine.autograd import differentiate, wants_numbers
from recurra.engine.devices import tensor_on
from recurra.engine.plain import plain_steps

BLOCK = 64
"""Units of a program, at most: a narrow layer over few sequences still fills a GPU's processors."""


def kernel_sweep(
    kind: CellKind, projected: Tensor, vectors: Tensor, state: TensorState, offsets: Integers, *, reverse: bool
) -> tuple[Tensor, TensorState]:
    """Scan projected inputs (tokens, gates * hidden) -> outputs (tokens, hidden) and the final inner state, if any.

    `vectors` are an SRU's (2, hidden). Second gradients are the equations' (plain.py).
    """
    if kind.cell == "mingru":
        return _MinGru.apply(projected, state[0], offsets, reverse), ()  # type: ignore[no-untyped-call]
    outputs, final = _Sru.apply(projected, vectors, state[1], offsets, reverse)  # type: ignore[no-untyped-call]
    return outputs, (final,)


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _walk(offsets, hidden, away: tl.constexpr, block: tl.constexpr):  # type: ignore[no-untyped-def]
    """Where this program's sequence begins and how long it is, its units, which of them there are."""
    # 64 bits: a place among all tokens times gates and units passes 2^31 in large batches.
    sequence = tl.program_id(0).to(tl.int64)
    begin = tl.load(offsets + sequence)
    length = (tl.load(offsets + sequence + 1) - begin).to(tl.int32)
    unit = tl.program_id(1) * block + tl.arange(0, block)
    if away < 0:
        # Read from its end, a sequence begins at its last token and `away` leads back.
        begin += length - 1
    return sequence, begin, length, unit, unit < hidden


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _mingru_forward(  # type: ignore[no-untyped-def]
    projected, start, offsets, outputs, hidden, away: tl.constexpr, block: tl.constexpr
):
    sequence, begin, length, unit, there = _walk(offsets, hidden, away, block)
    state = tl.load(start + sequence * hidden + unit, mask=there, other=0.0)
    for step in range(length):
        token = begin + away * step
        row = projected + token * 2 * hidden + unit
        update = tl.sigmoid(tl.load(row, mask=there, other=0.0))
        state += update * (tl.load(row + hidden, mask=there, other=0.0) - state)
        tl.store(outputs + token * hidden + unit, state, mask=there)


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _mingru_backward(  # type: ignore[no-untyped-def]
    projected, start, offsets, outputs, errors, projected_errors, start_errors, hidden,
    away: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    sequence, begin, length, unit, there = _walk(offsets, hidden, away, block)
    first = tl.load(start + sequence * hidden + unit, mask=there, other=0.0)
    error = tl.zeros_like(first)
    for back in range(length):
        step = length - 1 - back
        token = begin + away * step
        # The first step has none before it: some token of the sequence is read, and its value thrown away.
        earlier = begin + away * tl.maximum(step - 1, 0)
        before = tl.load(outputs + earlier * hidden + unit, mask=there, other=0.0)
        before = tl.where(step > 0, before, first)
        row = projected + token * 2 * hidden + unit
        update = tl.sigmoid(tl.load(row, mask=there, other=0.0))
        new = tl.load(row + hidden, mask=there, other=0.0)
        error += tl.load(errors + token * hidden + unit, mask=there, other=0.0)
        back_row = projected_errors + token * 2 * hidden + unit
        tl.store(back_row, error * (new - before) * update * (1 - update), mask=there)
        tl.store(back_row + hidden, error * update, mask=there)
        error *= 1 - update
    tl.store(start_errors + sequence * hidden + unit, error, mask=there)


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _sru_forward(  # type: ignore[no-untyped-def]
    projected, vectors, start, offsets, outputs, cells, final, hidden, away: tl.constexpr, block: tl.constexpr
):
    sequence, begin, length, unit, there = _walk(offsets, hidden, away, block)
    forget_vector = tl.load(vectors + unit, mask=there, other=0.0)
    reset_vector = tl.load(vectors + hidden + unit, mask=there, other=0.0)
    cell = tl.load(start + sequence * hidden + unit, mask=there, other=0.0)
    for step in range(length):
        token = begin + away * step
        row = projected + token * 4 * hidden + unit
        new = tl.load(row, mask=there, other=0.0)
        forget = tl.sigmoid(tl.load(row + hidden, mask=there, other=0.0) + forget_vector * cell)
        reset = tl.sigmoid(tl.load(row + 2 * hidden, mask=there, other=0.0) + reset_vector * cell)
        highway = tl.load(row + 3 * hidden, mask=there, other=0.0)
        cell = new + forget * (cell - new)
        tl.store(cells + token * hidden + unit, cell, mask=there)
        tl.store(outputs + token * hidden + unit, highway + reset * (cell - highway), mask=there)
    tl.store(final + sequence * hidden + unit, cell, mask=there)


@triton.jit  # type: ignore[untyped-decorator,unused-ignore]
def _sru_backward(  # type: ignore[no-untyped-def]
    projected, vectors, start, offsets, cells, errors, final_errors, projected_errors, vector_errors, start_errors,
    hidden, away: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    sequence, begin, length, unit, there = _walk(offsets, hidden, away, block)
    forget_vector = tl.load(vectors + unit, mask=there, other=0.0)
    reset_vector = tl.load(vectors + hidden + unit, mask=there, other=0.0)
    first = tl.load(start + sequence * hidden + unit, mask=there, other=0.0)
    error = tl.load(final_errors + sequence * hidden + unit, mask=there, other=0.0)
    # Each sequence sums for itself; the sums are added up outside, in one order.
    forget_sum = tl.zeros_like(first)
    reset_sum = tl.zeros_like(first)
    for back in range(length):
        step = length - 1 - back
        token = begin + away * step
        earlier = begin + away * tl.maximum(step - 1, 0)
        before = tl.load(cells + earlier * hidden + unit, mask=there, other=0.0)
        before = tl.where(step > 0, before, first)
        cell = tl.load(cells + token * hidden + unit, mask=there, other=0.0)
        row = projected + token * 4 * hidden + unit
        new = tl.load(row, mask=there, other=0.0)
        forget = tl.sigmoid(tl.load(row + hidden, mask=there, other=0.0) + forget_vector * before)
        reset = tl.sigmoid(tl.load(row + 2 * hidden, mask=there, other=0.0) + reset_vector * before)
        highway = tl.load(row + 3 * hidden, mask=there, other=0.0)
        output_error = tl.load(errors + token * hidden + unit, mask=there, other=0.0)
        error += output_error * reset
        reset_error = output_error * (cell - highway) * reset * (1 - reset)
        forget_error = error * (before - new) * forget * (1 - forget)
        back_row = projected_errors + token * 4 * hidden + unit
        tl.store(back_row, error * (1 - forget), mask=there)
        tl.store(back_row + hidden, forget_error, mask=there)
        tl.store(back_row + 2 * hidden, reset_error, mask=there)
        tl.store(back_row + 3 * hidden, output_error * (1 - reset), mask=there)
        forget_sum += forget_error * before
        reset_sum += reset_error * before
        error = error * forget + forget_error * forget_vector + reset_error * reset_vector
    tl.store(vector_errors + sequence * 2 * hidden + unit, forget_sum, mask=there)
    tl.store(vector_errors + sequence * 2 * hidden + hidden + unit, reset_sum, mask=there)
    tl.store(start_errors + sequence * hidden + unit, error, mask=there)


def _launch(kernel: Any, start: Tensor, reverse: bool, *tensors: Tensor) -> None:
    """Run a kernel over all sequences and units of `start` (sequences, hidden), on the GPU where that lies."""
    sequences, hidden = start.shape
    if not sequences:
        return
    # A power of two, as Triton wants it; lanes without a unit are masked.
    block = min(BLOCK, triton.next_power_of_2(hidden))
    # Triton launches on the current device, which need not be the one where the tensors lie.
    with torch.cuda.device_of(start):  # type: ignore[no-untyped-call]
        kernel[(sequences, triton.cdiv(hidden, block))](
            *tensors, hidden, away=-1 if reverse else 1, block=block, num_warps=max(1, block // 32)
        )


class _MinGru(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, projected: Tensor, start: Tensor, offsets: Integers, reverse: bool) -> Tensor:
        context.offsets, context.reverse = offsets, reverse
        outputs = projected.new_empty(len(projected), start.shape[1])
        context.save_for_backward(projected, start, outputs)
        places = tensor_on(start.device, offsets)
        _launch(_mingru_forward, start, reverse, projected.contiguous(), start.contiguous(), places, outputs)
        return outputs

    @staticmethod
    def backward(context: Any, error: Tensor) -> Any:
        projected, start, outputs = context.saved_tensors
        if not wants_numbers(error):

            def steps(projected: Tensor, start: Tensor) -> list[Tensor]:
                return _steps("mingru", projected, start.new_zeros(0, start.shape[1]), (start,), context)

            return *differentiate(steps, (projected, start), context.needs_input_grad[:2], [error]), None, None
        # Kernels count on rows that lie one after another, whatever strides the errors came with.
        learnt, begun = _like(projected), _like(start)
        arrays = (projected.contiguous(), start.contiguous(), tensor_on(start.device, context.offsets), outputs)
        _launch(_mingru_backward, start, context.reverse, *arrays, error.contiguous(), learnt, begun)
        return learnt, begun, None, None


class _Sru(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, projected: Tensor, vectors: Tensor, start: Tensor, offsets: Integers, reverse: bool
    ) -> tuple[Tensor, Tensor]:
        context.offsets, context.reverse = offsets, reverse
        outputs = projected.new_empty(len(projected), start.shape[1])
        cells, final = torch.empty_like(outputs), _like(start)
        context.save_for_backward(projected, vectors, start, cells)
        arrays = (projected.contiguous(), vectors.contiguous(), start.contiguous())
        _launch(_sru_forward, start, reverse, *arrays, tensor_on(start.device, offsets), outputs, cells, final)
        return outputs, final

    @staticmethod
    def backward(context: Any, error: Tensor, final_error: Tensor) -> Any:
        projected, vectors, start, cells = context.saved_tensors
        if not wants_numbers(error, final_error):

            def steps(projected: Tensor, vectors: Tensor, start: Tensor) -> list[Tensor]:
                return _steps("sru", projected, vectors, (torch.zeros_like(start), start), context)[::2]

            inputs, errors = (projected, vectors, start), (error, final_error)
            return *differentiate(steps, inputs, context.needs_input_grad[:3], errors), None, None
        # The errors of the vectors come from each sequence, (sequences, 2, hidden).
        learnt, begun, sums = _like(projected), _like(start), vectors.new_empty(len(start), *vectors.shape)
        arrays = (projected.contiguous(), vectors.contiguous(), start.contiguous())
        places = tensor_on(start.device, context.offsets)
        errors = (error.contiguous(), final_error.contiguous())
        _launch(_sru_backward, start, context.reverse, *arrays, places, cells, *errors, learnt, sums, begun)
        return learnt, sums.sum(dim=0), begun, None, None


def _like(tensor: Tensor) -> Tensor:
    """Memory for a gradient: in one piece, as the kernels write it, however the tensor lies."""
    return tensor.new_empty(tensor.shape)


def _steps(cell: CellName, projected: Tensor, vectors: Tensor, state: TensorState, context: Any) -> list[Tensor]:
    """Outputs and final state of the equations."""
    # The equations start from projected inputs here: of the weights they read the vectors alone.
    weights = SweepWeights(projected, vectors, projected, projected)
    inputs = Ragged(projected, context.offsets)
    outputs, final = plain_steps(CellKind(cell), inputs, weights, state, reverse=context.reverse)
    return [outputs.values, *final]
