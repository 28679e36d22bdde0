"""The native engine under torch: tensors as memory that it reads and writes, and a layer's sweep as a torch function.

Memory comes as NumPy arrays: those to read may be copies, those to write to never are. The kernels know the first
gradient only, and numbers that the engine returned would be constants to torch: a gradient of them would be zero, and
nobody would hear of it. So wherever a graph of the gradient is wanted, and where torch follows the backward pass
itself, equations that torch can differentiate give both.

Not here: the engine (native.py), those equations (plain.py), when a layer is swept so (choose.py), and what else the
engine does for torch (layers/*/learn.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch._C._dynamo import eval_frame
from torch.autograd import forward_ad

from recurra.batches import Ragged
from recurra.cells.backends.torch import SweepWeights
from recurra.config import CellKind
from recurra.engine import native, processors
from recurra.engine.plain import plain_layer

if TYPE_CHECKING:
    from recurra._native import Layer, Places

MEMORY = {Tensor, nn.Parameter}
"""Types of tensors; a subclass may compute something of its own."""

SIDES = 4
"""Weights of one direction: input, recurrent, and their biases."""

Function = TypeVar("Function", bound=Callable[..., Any])


if native.engine().library is not None:
    native.compiled.calm_openmp()  # torch is here: its threads must not stand in the engine's way


def readable(*tensors: Tensor | None) -> bool:
    """Tell whether the engine can read all of these: plain float32 memory on the processor, and nobody traces."""
    return not traced() and all(one is None or is_number(one) for one in tensors)


def is_number(value: Any) -> bool:
    """Tell whether a value is a tensor of plain float32 memory on the processor."""
    return is_memory(value) and value.dtype is torch.float32 and value.is_cpu


def is_memory(value: Any) -> bool:
    """Tell whether a value is a tensor of memory alone: no subclass, not sparse, not of a batched backward pass."""
    return type(value) in MEMORY and torch._C._has_storage(value)


def traced() -> bool:
    """Tell whether torch follows operations here instead of only running them: the engine's would escape it.

    So do torch.compile and torch.export, torch.jit.trace, the transforms of torch.func, forward-mode derivatives, and
    modes that see each operation, as torch's counter of operations does.
    """
    # Each line asks one part of torch whether it records what runs instead of, or besides, running it.
    return (
        torch.compiler.is_compiling()
        or torch._C._are_functorch_transforms_active()
        or torch._C._len_torch_dispatch_stack() > 0
        or forward_ad._current_level >= 0
        or torch._C._get_tracing_state() is not None
    )


def untraced(function: Function) -> Function:
    """Run a function and all that it calls as it is within torch.compile: NumPy's arrays there are memory, not values.

    `torch.compiler.disable` would do so too, after the seconds that loading torch's compiler takes.
    """
    # The inner call too: what `function` calls would be traced again otherwise.
    skip = eval_frame._FrameAction.SKIP
    eval_frame.set_code_exec_strategy(function.__code__, eval_frame._FrameExecStrategy(skip, skip))
    return function


def to_read(tensor: Tensor | None) -> Any:
    """The values in one piece: the tensor's own memory where it is, else a copy."""
    return None if tensor is None else tensor.contiguous().numpy(force=True)


def rows_to_read(table: Tensor | None) -> Any:
    """A table whose rows are each in one piece, with gaps between them where it has some.

    A row that comes again and again, as the gradient of a sum is, stays one row.
    """
    if table is None:
        return None
    # expand() repeats a row without memory for each; NumPy and the engine can read it so, contiguous() would copy it.
    if table.stride(0) == 0 and len(table) > 1:
        return table[:1].contiguous().expand_as(table).numpy(force=True)
    # Rows in one piece with room between them, as a slice of columns has them, are read where they lie.
    gaps = table.stride(1) == 1 and table.stride(0) >= table.shape[1]
    return table.numpy(force=True) if gaps else to_read(table)


def to_write(tensor: Tensor | None) -> Any:
    """The tensor's own memory, in one piece. Raises ValueError where it is not: what is written would be lost."""
    if tensor is None:
        return None
    if not tensor.is_contiguous():
        raise ValueError(f"memory to write to: found strides {tensor.stride()}, allowed one piece")
    return tensor.detach().numpy()


def wants_numbers(*errors: Tensor | None) -> bool:
    """Tell whether a backward pass asks for numbers alone: no graph of it is wanted, and torch does not follow it."""
    # torch enables gradients in a backward pass exactly where create_graph asks for a graph of it.
    followed = torch.is_grad_enabled() or traced()
    return not followed and all(error is None or is_memory(error) for error in errors)


def differentiate(
    forward: Callable[..., Sequence[Tensor]],
    inputs: Sequence[Tensor | None],
    wanted: Sequence[bool],
    errors: Sequence[Tensor | None],
) -> list[Tensor | None]:
    """Gradients of a forward pass in torch's operations, with their own graph where a backward pass builds one.

    `errors` are those of its first results. One gradient for each input: none where it is not wanted.
    """
    graph = torch.is_grad_enabled()
    # Outside of autocast: the engine computed in float32, and the second way must give the gradient of that.
    with torch.enable_grad(), torch.autocast("cpu", enabled=False):
        # Views, because an input may hang on another one outside: that way back is no part of these gradients.
        views = [one if one is None else one.view_as(one) for one in inputs]
        results = forward(*views)
    # torch gives None for a result that nobody used; grad() would refuse it.
    pairs = [(one, error) for one, error in zip(results, errors, strict=False) if error is not None]
    reached = [(one, error) for one, error in pairs if one.requires_grad]
    asked = [view for view, want in zip(views, wanted, strict=True) if want and view is not None]
    # Nothing that wants a gradient reaches what was asked about: torch.autograd.grad would raise here.
    if not reached:
        return [None] * len(wanted)
    outputs, given = zip(*reached, strict=True)
    found = iter(torch.autograd.grad(outputs, asked, given, create_graph=graph, allow_unused=True))
    return [next(found) if want else None for want in wanted]


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
