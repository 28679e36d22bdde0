"""The native sweep of a layer as a torch function with a gradient.

Not here: when it is used (choose.py). The kernels know the first gradient only: where another one may be asked for, and
where torch follows the backward pass itself, the equations give both (plain.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recurra.batches import Ragged
from recurra.cells.backends.torch import SweepWeights
from recurra.config import CellKind
from recurra.engine import native, processors
from recurra.engine.arrays import differentiate, rows_to_read, to_read, to_write, untraced, wants_numbers
from recurra.engine.plain import plain_layer

if TYPE_CHECKING:
    from recurra._native import Layer, Places

SIDES = 4
"""Weights of one direction: input, recurrent, and their biases."""

if native.engine().library is not None:
    native.compiled.calm_openmp()  # torch is here: its threads must not stand in the engine's way


def native_sweep(
    kind: CellKind,
    places: Places,
    values: Tensor,
    weights: Sequence[SweepWeights],
    hidden: Tensor | None = None,
    inner: Tensor | None = None,
    *,
    rows: NDArray[np.int32] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Sweep one layer in all its directions: values (tokens, inputs) -> outputs (tokens, directions * hidden).

    `places` tells where the sequences lie (native.ragged, native.padded); tokens of no sequence get zeros. The second
    direction reads each sequence from its end. `hidden` and, for LSTM and SRU, `inner` are the states to start from,
    (directions, sequences, hidden); the last two results are the same at each sequence's own end. With `rows` (tokens,)
    the values are distinct inputs, and `rows` tells which one a token has: each is multiplied once, forward and
    backward, where products are of float32.
    """
    if rows is not None and kind.precision != "float32":
        # In other precisions the errors of a word's tokens are not summed before they are multiplied, so that each
        # token brings a row of its own.
        values, rows = values[torch.from_numpy(rows)], None
    # autograd.Function sees tensors only as arguments of their own, never within tuples.
    flat = [one for side in weights for one in side]
    called = kind, places, rows, torch.is_grad_enabled()
    outputs, final, final_inner = _Sweep.apply(called, values, hidden, inner, *flat)  # type: ignore[no-untyped-call]
    return outputs, final, final_inner


class _Sweep(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,
        called: tuple[CellKind, Places, NDArray[np.int32] | None, bool],
        values: Tensor,
        hidden: Tensor | None,
        inner: Tensor | None,
        *weights: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        kind, places, rows, learning = called
        inner_too = "cell" in kind.states
        # Without gradients weights still tell that they want one: what a gradient needs would be kept for nobody.
        keep, threads = learning and any(context.needs_input_grad), processors.threads()
        # Weights change from step to step, so that each call packs them; transposed copies for the way back only if
        # somebody learns.
        packed = _packed(kind, weights, backward=keep, threads=threads)
        sides, size = len(packed), weights[1].shape[1]
        outputs = values.new_empty(places.tokens, sides * size)
        final = values.new_empty(sides, places.sequences, size)
        # Three results from every call: an empty one where the cell has no inner state.
        final_inner = values.new_empty(final.shape if inner_too else 0)
        kept = native.compiled.forward(
            packed,
            places,
            values=rows_to_read(values),
            outputs=to_write(outputs),
            hidden=to_read(hidden),
            cell=to_read(inner),
            final_hidden=to_write(final),
            final_cell=to_write(final_inner) if inner_too else None,
            rows=rows,
            keep=keep,
            threads=threads,
        )
        context.set_materialize_grads(False)  # errors of what nobody used come as None, not as tables of zeros
        # Not through save_for_backward, which takes tensors alone. `kept` lives as long as the graph does.
        context.called, context.packed, context.kept, context.threads = called, packed, kept, threads
        context.save_for_backward(values, outputs, hidden, inner, *weights)
        return outputs, final, final_inner

    @staticmethod
    @untraced
    def backward(context: Any, *errors: Tensor | None) -> Any:
        if wants_numbers(*errors):
            return _first_gradient(context, *errors)
        kind, places, rows, _ = context.called
        values, _, hidden, inner, *weights = context.saved_tensors

        def sweep(values: Tensor, hidden: Tensor | None, inner: Tensor | None, *weights: Tensor) -> tuple[Tensor, ...]:
            return _by_the_equations(kind, places, rows, values, hidden, inner, weights)

        return None, *differentiate(sweep, (values, hidden, inner, *weights), context.needs_input_grad[1:], errors)


def _first_gradient(
    context: Any, outputs_error: Tensor | None, final_error: Tensor | None, inner_error: Tensor | None
) -> tuple[Tensor | None, ...]:
    kind, places, rows, _ = context.called
    values, outputs, hidden, inner, *weights = context.saved_tensors
    _, wanted, wanted_hidden, wanted_inner, *wanted_weights = context.needs_input_grad
    # Memory only for what is asked for: the engine skips the products of an error that has no place to go.
    values_error = values.new_empty(values.shape) if wanted else None
    hidden_error = hidden.new_empty(hidden.shape) if wanted_hidden else None
    started_error = inner.new_empty(inner.shape) if wanted_inner else None
    learnt = [weight.new_empty(weight.shape) for weight in weights] if any(wanted_weights) else []
    native.compiled.backward(
        context.packed,
        context.kept,
        places,
        values=rows_to_read(values),
        outputs=rows_to_read(outputs),
        output_errors=rows_to_read(outputs_error),
        final_hidden_errors=to_read(final_error),
        final_cell_errors=to_read(inner_error) if "cell" in kind.states else None,
        hidden=to_read(hidden),
        cell=to_read(inner),
        value_errors=to_write(values_error),
        gradients=_fours([to_write(one) for one in learnt]) or None,
        hidden_errors=to_write(hidden_error),
        cell_errors=to_write(started_error),
        rows=rows,
        threads=context.threads,
    )
    return None, values_error, hidden_error, started_error, *(learnt or [None] * len(weights))


def _packed(kind: CellKind, weights: Sequence[Tensor], *, backward: bool, threads: int) -> list[Layer]:
    return [
        native.layer(kind, side, reverse=number == 1, backward=backward, threads=threads)
        for number, side in enumerate(_fours([to_read(weight) for weight in weights]))
    ]


def _fours(arrays: Sequence[Any]) -> list[tuple[Any, Any, Any, Any]]:
    fours = [arrays[start : start + SIDES] for start in range(0, len(arrays), SIDES)]
    return [(one[0], one[1], one[2], one[3]) for one in fours]


def _by_the_equations(
    kind: CellKind,
    places: Places,
    rows: NDArray[np.int32] | None,
    values: Tensor,
    hidden: Tensor | None,
    inner: Tensor | None,
    weights: Sequence[Tensor],
) -> tuple[Tensor, ...]:
    # The tokens in the order of their sequences, without the pads of a grid.
    order = torch.tensor(places.order, dtype=torch.int64, device=values.device)
    offsets = np.array(places.offsets)
    inputs = values if rows is None else values[torch.from_numpy(rows)]
    sides = [SweepWeights(*side) for side in _fours(weights)]
    begin = [part for part in (hidden, inner) if part is not None]
    outputs, *final = plain_layer(kind, Ragged(inputs.index_select(0, order), offsets), sides, begin)
    # Back to where each token lay; pads get zeros, as the engine gives them.
    laid = outputs.new_zeros(places.tokens, outputs.shape[1]).index_copy(0, order, outputs)
    return laid, *final
