"""Truncated back-propagation: long sequences learnt from a chunk at a time, the state carried on, its gradient not.

Not here: the layers (layers.py), and states that are reset where an episode begins (episodes.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from recurra.nn.given import Lengths, lengths_of


class Chunk(NamedTuple):
    """What came out of some steps of a sequence."""

    outputs: Any
    """What the module gave for these steps; a loss of them reaches back to the chunk's first step."""
    state: Any
    """The state behind them, detached: the next chunk starts from it, and so may the next call."""
    steps: slice
    """Which steps these are: `targets[steps]`, or with batch_first `targets[:, steps]`."""


def truncated(
    module: Callable[..., Any],
    values: Tensor,
    steps: int,
    hx: Any = None,
    *,
    lengths: Lengths = None,
    reset: Any = None,
    batch_first: bool | None = None,
) -> Iterator[Chunk]:
    """Run a module over `values` in chunks of `steps` steps; a chunk's state goes on to the next without its gradient.

    `module` is a layer of recurra.nn, or any callable that takes (values, state) and returns (outputs, state), such as
    a whole net; `lengths` and `reset` are cut to the chunk and handed on where they are given. `values` (steps,
    sequences, …), or (sequences, steps, …) with `batch_first`, which is the module's own where it is not told. A chunk
    is computed when it is asked for, so the weights may move between two of them. Raises ValueError for values
    without steps, `steps` below 1, layers of both directions, and lengths and masks that do not fit.

    >>> for outputs, state, steps in truncated(layer, values, 35):  # doctest: +SKIP
    ...     loss = criterion(head(outputs), targets[steps])
    ...     optimiser.zero_grad(), loss.backward(), optimiser.step()
    """
    _require_chunks(module, values, steps)
    first = getattr(module, "batch_first", False) if batch_first is None else batch_first
    # A layer takes one sequence alone as (steps, features); of a net's tokens both axes are told.
    alone = values.dim() == 1 or (values.dim() == 2 and isinstance(module, nn.RNNBase))
    axis = 1 if first and not alone else 0
    if reset is not None:
        reset = torch.as_tensor(reset)
        if reset.dim() <= axis or reset.shape[axis] != values.shape[axis]:
            raise ValueError(
                f"reset: found shape {tuple(reset.shape)}, allowed {values.shape[axis]} steps as values have"
            )
    if lengths is not None and np.ndim(lengths) != 1:
        raise ValueError(f"lengths: found {np.ndim(lengths)} axes, allowed 1: one number for each sequence")
    told = None if lengths is None else torch.from_numpy(lengths_of(lengths, len(lengths), values.shape[axis]))
    return _chunks(module, values, steps, hx, told, reset, axis)


def _require_chunks(module: Any, values: Any, steps: Any) -> None:
    if not isinstance(values, Tensor) or values.dim() < 1 or not values.numel():
        raise ValueError("values: found no padded steps, allowed (steps, sequences, …): pad_packed_sequence makes them")
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise ValueError(
            f"steps: found {steps!r}, allowed a whole number from 1 on: the steps that a gradient reaches back"
        )
    if getattr(module, "bidirectional", False):
        # The way back begins at the end, which no chunk but the last one has.
        raise ValueError(
            "module: found a layer of both directions, allowed bidirectional=False: one reads from the end"
        )


def _chunks(
    module: Callable[..., Any], values: Tensor, steps: int, state: Any, lengths: Any, reset: Any, axis: int
) -> Iterator[Chunk]:
    # Behind the longest sequence nothing is left to learn from.
    last = values.shape[axis] if lengths is None else int(lengths.max())
    for begin in range(0, last, steps):
        size = min(steps, last - begin)
        named: dict[str, Any] = {}
        if lengths is not None:
            named["lengths"] = (lengths - begin).clamp(0, size)
        if reset is not None:
            named["reset"] = reset.narrow(axis, begin, size)
        outputs, state = module(values.narrow(axis, begin, size), state, **named)
        state = _detached(state)
        yield Chunk(outputs, state, slice(begin, begin + size))


def _detached(state: Any) -> Any:
    """A state of tensors in whatever tuples, lists and tables, without their gradients."""
    if isinstance(state, Tensor):
        return state.detach()
    if isinstance(state, dict):
        return {key: _detached(part) for key, part in state.items()}
    if isinstance(state, tuple | list):
        parts = [_detached(part) for part in state]
        # A named tuple takes its parts one by one.
        return type(state)(*parts) if hasattr(state, "_fields") else type(state)(parts)
    return state
