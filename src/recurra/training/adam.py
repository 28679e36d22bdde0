"""Adam through the native engine, with torch's own state, so that checkpoints go either way.

What the engine does not move, float64 and tensors on a GPU, takes torch's step.

Not here: which weights it moves, and how quickly (descent.py).
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from recurra.engine import native, processors
from recurra.engine.autograd import to_read, to_write
from recurra.engine.choose import is_native

if TYPE_CHECKING:
    from recurra._native import Adam


Moments = dict[str, Any]
"""What an optimiser keeps of a weight; nothing before its first step."""


class Uncompiled:
    """The methods of an optimiser that torch keeps out of its compiler, and loads it for: seconds before a first step.

    Nothing compiles our loop, so they run here as torch wrote them.
    """

    add_param_group, state_dict, load_state_dict, zero_grad = (
        inspect.unwrap(getattr(torch.optim.Optimizer, name))
        for name in ("add_param_group", "state_dict", "load_state_dict", "zero_grad")
    )


class RowAdam(Uncompiled, torch.optim.SparseAdam):
    """torch's SparseAdam with the same state, each row's moments and weights moved in one pass by the native engine."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Take a step; coalesced float32 gradients on the processor are the engine's, others torch's."""
        # All groups are looked at before one moves: a step handed to torch half-way would move some weights twice.
        for group in self.param_groups:
            rows = all(_rowwise(weight, self.state.get(weight, {})) for weight in group["params"])
            if closure or group["maximize"] or not rows:
                return super().step(closure)  # type: ignore[no-untyped-call]
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, weight.grad, group)
        return None

    def _move(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            # Names and types are those of torch's SparseAdam, so that its step can go on from here, and this from its
            # own.
            state |= {"step": 0, "exp_avg": torch.zeros_like(weight), "exp_avg_sq": torch.zeros_like(weight)}
        state["step"] += 1
        first, second = group["betas"]
        # Both moments' biases go into the rate, and epsilon joins the biased root: so SparseAdam does, unlike Adam.
        size = float(group["lr"]) * math.sqrt(1 - second ** state["step"]) / (1 - first ** state["step"])
        native.compiled.adam(
            to_write(weight),
            to_write(state["exp_avg"]),
            to_write(state["exp_avg_sq"]),
            ids=to_read(gradient.indices()[0]),
            gradient=to_read(gradient.values()),
            step=native.compiled.Adam(size=size, beta1=first, beta2=second, epsilon=group["eps"]),
            threads=processors.threads(),
        )


def _rowwise(weight: Tensor, state: Moments) -> bool:
    gradient = weight.grad
    if gradient is None:
        return True
    rows = gradient.is_sparse and gradient.is_coalesced() and weight.dim() == 2
    return rows and is_native(gradient.values()) and _writable(weight, state)


def _writable(weight: Tensor, state: Moments) -> bool:
    """Whether the engine can write where a weight and its moments are: each in one piece."""
    written = [weight, *(state[name] for name in ("exp_avg", "exp_avg_sq") if state)]
    return is_native(*written) and all(one.is_contiguous() for one in written)


class WholeAdam(Uncompiled, torch.optim.Adam):
    """torch's Adam, and with `decoupled_weight_decay` its AdamW, with the same state: all weights moved in one call.

    m, v and w as Kingma & Ba 2015, algorithm 1; decay as Loshchilov & Hutter 2019, algorithm 2.
    """

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Take a step; contiguous float32 on the processor is the engine's, all else torch's."""
        if closure or not all(_plain(group, self.state) for group in self.param_groups):
            return super().step(closure)
        moved = [
            self._told(weight, group)
            for group in self.param_groups
            for weight in group["params"]
            if weight.grad is not None
        ]
        native.compiled.adam_whole(moved, threads=processors.threads())
        return None

    def _told(self, weight: Tensor, group: dict[str, Any]) -> tuple[Any, ...]:
        """Weight, moments, gradient, and the step."""
        state = self.state[weight]
        if not state:
            moments = {name: torch.zeros_like(weight) for name in ("exp_avg", "exp_avg_sq")}
            state |= {"step": torch.tensor(0.0), **moments}
        state["step"] += 1
        arrays = (weight, state["exp_avg"], state["exp_avg_sq"], weight.grad)
        return *(to_write(one) for one in arrays), _step(group, int(state["step"]))


def _step(group: dict[str, Any], step: int) -> Adam:
    """The rate without the moments' bias; decay joins the gradient or the weight.

    torch adds epsilon to the root of the unbiased moment; here the root keeps its bias, and epsilon takes it on.
    """
    rate, decay = float(group["lr"]), float(group["weight_decay"])
    first, second = (float(beta) for beta in group["betas"])
    bias = math.sqrt(1 - second**step)
    # L2 joins the gradient, so the moments see it; decoupled decay shrinks the weight beside them.
    decoupled = group["decoupled_weight_decay"]
    return native.compiled.Adam(
        size=rate * bias / (1 - first**step),
        beta1=first,
        beta2=second,
        epsilon=group["eps"] * bias,
        pull=0.0 if decoupled else decay,
        kept=1 - rate * decay if decoupled else 1.0,
    )


def _plain(group: dict[str, Any], states: Mapping[Tensor, Moments]) -> bool:
    """Whether the engine moves all weights of a group."""
    if group["amsgrad"] or group["maximize"] or group["differentiable"]:
        return False
    pairs = [(weight, weight.grad) for weight in group["params"] if weight.grad is not None]
    return all(
        is_native(grad) and grad.is_contiguous() and _writable(weight, states.get(weight, {})) for weight, grad in pairs
    )
