"""Derivatives beyond the first of what the engine computes: through equations that torch can differentiate.

Not here: those equations (plain.py, plain_pools.py), and which functions have them (autograd.py and its siblings).

A gradient that the engine returned as plain numbers would be a constant to torch: a gradient of it would be zero, and
nobody would hear of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from recurra.engine.arrays import is_memory, traced


def wants_numbers(*errors: Tensor | None) -> bool:
    """Tell whether a backward pass asks for numbers alone: no graph of it is wanted, and torch does not follow it."""
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
    with torch.enable_grad(), torch.autocast("cpu", enabled=False):
        # Views, because an input may hang on another one outside: that way back is no part of these gradients.
        views = [one if one is None else one.view_as(one) for one in inputs]
        results = forward(*views)
    pairs = [(one, error) for one, error in zip(results, errors, strict=False) if error is not None]
    reached = [(one, error) for one, error in pairs if one.requires_grad]
    asked = [view for view, want in zip(views, wanted, strict=True) if want and view is not None]
    if not reached:
        return [None] * len(wanted)
    outputs, given = zip(*reached, strict=True)
    found = iter(torch.autograd.grad(outputs, asked, given, create_graph=graph, allow_unused=True))
    return [next(found) if want else None for want in wanted]
