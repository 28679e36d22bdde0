"""Which optimiser moves which weights, clipping, and weight averaging.

Not here: the steps of Adam (adam.py), schedules and the loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from recurra.config import TrainingConfig
from recurra.engine import native, processors
from recurra.engine.arrays import to_write
from recurra.engine.choose import is_native
from recurra.training.adam import RowAdam, WholeAdam

TABLES = ("embedding.weight", "output.bias")
"""Weights with a row for each word: their gradient may be row-sparse, and a step then updates only the rows it saw."""


def optimisers_of(net: nn.Module, config: TrainingConfig, *, sparse: bool = True) -> list[torch.optim.Optimizer]:
    """Build one optimiser for dense weights and one for tables, whose gradients are row-sparse if `sparse`.

    Biases and tables never decay.
    """
    named = [(name, weight) for name, weight in net.named_parameters() if weight.requires_grad]
    dense = [(name, weight) for name, weight in named if name not in TABLES]
    tables = [weight for name, weight in named if name in TABLES]
    groups = [
        {"params": [weight for name, weight in dense if "bias" not in name], "weight_decay": config.weight_decay},
        {"params": [weight for name, weight in dense if "bias" in name], "weight_decay": 0.0},
    ]
    built: list[torch.optim.Optimizer] = [_dense(groups, config)]
    if tables:
        built.append(_of_tables(tables, config, sparse))
        built[-1].param_groups[0]["share"] = config.table_rate
    return built


def _of_tables(tables: list[nn.Parameter], config: TrainingConfig, sparse: bool) -> torch.optim.Optimizer:
    if config.optimiser == "sgd":
        return torch.optim.SGD(tables, lr=config.learning_rate)
    # A full softmax reaches every row of the shared table, and SparseAdam refuses dense gradients.
    return (RowAdam if sparse else WholeAdam)(tables, lr=config.learning_rate)


def _dense(groups: list[dict[str, object]], config: TrainingConfig) -> torch.optim.Optimizer:
    if config.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=config.learning_rate, momentum=0.9)
    return WholeAdam(groups, lr=config.learning_rate, decoupled_weight_decay=config.optimiser == "adamw")


def set_rate(optimisers: Sequence[torch.optim.Optimizer], rate: float) -> None:
    """Give every group its share of the learning rate."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = rate * group.get("share", 1.0)


def clip(net: nn.Module, largest: float) -> float:
    """Scale all gradients to a joint norm of at most `largest` (Pascanu et al. 2013); return the norm before."""
    gradients = [_values(weight) for weight in net.parameters() if weight.grad is not None]
    if all(one.is_contiguous() for one in gradients) and is_native(*gradients):
        arrays = [to_write(one) for one in gradients]
        return native.compiled.clip(arrays, largest=largest, threads=processors.threads())
    norm = float(torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(values) for values in gradients])))
    if largest and norm > largest:
        for values in gradients:
            values.mul_(largest / (norm + 1e-6))
    return norm


def _values(weight: Tensor) -> Tensor:
    gradient = weight.grad
    if gradient is None or not gradient.is_sparse:
        return gradient if gradient is not None else weight
    # The engine's rows are in order; the flag that says so is lost where gradients are accumulated.
    rows = gradient._indices()[0]
    if bool((rows[1:] > rows[:-1]).all()):
        gradient._coalesced_(True)
    # Coalesced once here, the rows' true gradients are clipped and the optimiser finds them ready.
    weight.grad = gradient.coalesce()
    return weight.grad.values()


class Average:
    """The exponential moving average of all weights (Polyak & Juditsky 1992), with the start's bias removed."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        """Start from the net's weights."""
        self.decay, self.steps = decay, 0
        self.weights = [weight.detach().clone() for weight in net.parameters()]

    def update(self, net: nn.Module) -> None:
        """Move towards the net's weights; early steps move faster, min(decay, (1 + n) / (10 + n))."""
        self.steps += 1
        share = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            torch._foreach_lerp_(self.weights, [weight.detach() for weight in net.parameters()], share)

    @contextmanager
    def applied(self, net: nn.Module) -> Iterator[None]:
        """Put the average into the net for the length of a `with` block."""
        self._swap(net)
        try:
            yield
        finally:
            self._swap(net)

    def _swap(self, net: nn.Module) -> None:
        with torch.no_grad():
            for position, weight in enumerate(net.parameters()):
                held = weight.detach().clone()
                weight.copy_(self.weights[position])
                self.weights[position] = held
