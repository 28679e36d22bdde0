"""Muon: momentum whose directions all count alike, for recurrent matrices (Jordan et al. 2024, Muon).

A matrix's momentum is replaced by the nearest matrix with orthogonal rows or columns, so that a step turns weak
directions as far as strong ones. A recurrent matrix is one square block for each gate, and no gate reads another's
rows: each may be made orthogonal by itself, or all of them as one matrix.

Not here: which weights it moves, and at which rate (descent.py); all others take Adam's step (adam.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from recurra.training.adam import Uncompiled

ROUNDS = 5
"""Rounds of Newton and Schulz: each singular value then lies between 0.7 and 1.2."""
QUINTIC = (3.4445, -4.7750, 2.0315)
"""The paper's coefficients of x, x³ and x⁵: they lift small singular values quickest."""
MATCHED = 0.2
"""Root mean square of a step at a rate of 1: about Adam's, so that one rate serves both (Liu et al. 2025)."""


class Muon(Uncompiled, torch.optim.Optimizer):
    """Move matrices by their orthogonalised momentum, with decoupled decay; `gates` cuts each into square blocks."""

    def __init__(
        self, groups: Iterable[dict[str, Any]], lr: float, *, gates: bool = True, momentum: float = 0.95
    ) -> None:
        """Take groups of weights (rows, columns) with their `weight_decay`; rows of several gates stand together."""
        super().__init__(list(groups), {"lr": lr, "momentum": momentum, "gates": gates, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Take a step; a weight without a gradient stays."""
        loss = closure() if closure else None
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, weight.grad, group)
        return loss

    def _move(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        held = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
        held.lerp_(gradient, 1 - group["momentum"])
        # Nesterov's look ahead, as the paper has it.
        ahead = gradient.lerp(held, group["momentum"])
        blocks = ahead.reshape(-1, weight.shape[1], weight.shape[1]) if group["gates"] else ahead[None]
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        # An orthogonal block of n columns has a mean square of 1 / its longer side.
        size = MATCHED * max(blocks.shape[1:]) ** 0.5
        weight.add_(orthogonal(blocks).reshape(weight.shape), alpha=-group["lr"] * size)


def orthogonal(blocks: Tensor) -> Tensor:
    """Return nearly the nearest orthogonal matrix to each of some: (blocks, rows, columns), any scale; zeros stay."""
    tall = blocks.shape[1] > blocks.shape[2]
    # Products of the shorter side are the smaller ones.
    values = blocks.mT if tall else blocks
    # By its Frobenius norm, which no singular value exceeds: the rounds need all of them below 1.
    values = values / (torch.linalg.matrix_norm(values, keepdim=True) + 1e-7)
    first, third, fifth = QUINTIC
    for _ in range(ROUNDS):
        square = values @ values.mT
        values = first * values + (third * square + fifth * square @ square) @ values
    turned: Tensor = values.mT if tall else values
    return turned
