"""Adam through the native engine: rows of tables, and whole weights, all of them in one call.

Not here: which weights are moved so (optimisers.py). Both are torch's own optimisers with the same state, so that
checkpoints go either way; what the engine does not move, float64 and tensors on a GPU, takes torch's step.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from recurra import native, processors
from recurra.engine import is_native


class RowAdam(torch.optim.SparseAdam):
    """torch's SparseAdam with the same state, each row's moments and weights moved in one pass by the native engine."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Take a step; coalesced float32 gradients on the processor are the engine's, others torch's."""
        for group in self.param_groups:
            if closure or not all(_rowwise(weight) for weight in group["params"]):
                return super().step(closure)  # type: ignore[no-untyped-call]
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, weight.grad, group)
        return None

    def _move(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state |= {"step": 0, "exp_avg": torch.zeros_like(weight), "exp_avg_sq": torch.zeros_like(weight)}
        state["step"] += 1
        first, second = group["betas"]
        size = float(group["lr"]) * math.sqrt(1 - second ** state["step"]) / (1 - first ** state["step"])
        arrays = (weight, state["exp_avg"], state["exp_avg_sq"], gradient.indices()[0], gradient.values())
        moved = [one.detach().contiguous().numpy() for one in arrays]
        native.library().adam(*moved, size, first, second, group["eps"], processors.threads())


def _rowwise(weight: Tensor) -> bool:
    gradient = weight.grad
    if gradient is None:
        return True
    fits = gradient.is_sparse and gradient.is_coalesced() and weight.is_contiguous() and weight.dim() == 2
    return fits and is_native(weight.dtype, weight.device.type)


class WholeAdam(torch.optim.Adam):
    """torch's Adam, and with `decoupled_weight_decay` its AdamW, with the same state: all weights moved in one call.

    m, v and w as Kingma & Ba 2015, algorithm 1; decay as Loshchilov & Hutter 2019, algorithm 2.
    """

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Take a step; contiguous float32 on the processor is the engine's, all else torch's."""
        if closure or not all(_plain(group) for group in self.param_groups):
            return super().step(closure)
        moved = [
            self._told(weight, group)
            for group in self.param_groups
            for weight in group["params"]
            if weight.grad is not None
        ]
        native.library().adam_whole(moved, processors.threads())
        return None

    def _told(self, weight: Tensor, group: dict[str, Any]) -> tuple[Any, ...]:
        """Weight, moments, gradient, and the sizes of the step."""
        state = self.state[weight]
        if not state:
            moments = {name: torch.zeros_like(weight) for name in ("exp_avg", "exp_avg_sq")}
            state |= {"step": torch.tensor(0.0), **moments}
        state["step"] += 1
        arrays = (weight, state["exp_avg"], state["exp_avg_sq"], weight.grad)
        return *(one.detach().numpy() for one in arrays if one is not None), *_sizes(group, int(state["step"]))


def _sizes(group: dict[str, Any], step: int) -> tuple[float, ...]:
    """The rate without the moments' bias, both betas, epsilon, and the decay that joins the gradient or the weight.

    torch adds epsilon to the root of the unbiased moment; here the root keeps its bias, and epsilon takes it on.
    """
    rate, decay = float(group["lr"]), float(group["weight_decay"])
    first, second = (float(beta) for beta in group["betas"])
    bias = math.sqrt(1 - second**step)
    joined = (0.0, 1 - rate * decay) if group["decoupled_weight_decay"] else (decay, 1.0)
    return rate * bias / (1 - first**step), first, second, group["eps"] * bias, *joined


def _plain(group: dict[str, Any]) -> bool:
    """Whether the engine moves all weights of a group."""
    if group["amsgrad"] or group["maximize"]:
        return False
    pairs = [(weight, weight.grad) for weight in group["params"] if weight.grad is not None]
    return all(
        is_native(one.dtype, one.device.type) and not one.is_sparse and one.is_contiguous()
        for pair in pairs
        for one in pair
    )
