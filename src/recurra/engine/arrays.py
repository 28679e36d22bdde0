"""What torch's tensors and graphs are to the engine: memory to read and to write, and derivatives beyond the first.

Memory comes as NumPy arrays: those to read may be copies, those to write to never are. A gradient that the engine
returned as plain numbers would be a constant to torch: a gradient of it would be zero, and nobody would hear of it.
So wherever a graph of the gradient is wanted, equations that torch can differentiate give it.

Not here: the engine (native.py), those equations (plain.py), and which functions have them (autograd.py, and
layers/*/learn.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch._C._dynamo import eval_frame
from torch.autograd import forward_ad

MEMORY = {Tensor, nn.Parameter}
"""Types of tensors; a subclass may compute something of its own."""

Function = TypeVar("Function", bound=Callable[..., Any])


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
