"""Which optimiser moves which weights, Adam through the native engine, clipping, and weight averaging.

Not here: schedules and the loop. The engine's Adam is torch's own with the same state, so that checkpoints go either
way; what the engine does not move, float64 and tensors on a GPU, takes torch's step.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from recurra.config import TrainingConfig
from recurra.engine import native, processors
from recurra.engine.autograd import to_read, to_write
from recurra.engine.choose import is_native

if TYPE_CHECKING:
    from recurra._native import Adam


Moments = dict[str, Any]
"""What an optimiser keeps of a weight; nothing before its first step."""


class _Uncompiled:
    """The methods of an optimiser that torch keeps out of its compiler, and loads it for: seconds before a first step.

    Nothing compiles our loop, so they run here as torch wrote them.
    """

    add_param_group, state_dict, load_state_dict, zero_grad = (
        inspect.unwrap(getattr(torch.optim.Optimizer, name))
        for name in ("add_param_group", "state_dict", "load_state_dict", "zero_grad")
    )


class RowAdam(_Uncompiled, torch.optim.SparseAdam):
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


class WholeAdam(_Uncompiled, torch.optim.Adam):
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
        # torch keeps one decay for a group. A decayed bias would only be drawn to zero, which makes no net simpler.
        {"params": [weight for name, weight in dense if "bias" not in name], "weight_decay": config.weight_decay},
        {"params": [weight for name, weight in dense if "bias" in name], "weight_decay": 0.0},
    ]
    built: list[torch.optim.Optimizer] = [_dense(groups, config)]
    # Tables stand apart: dense Adam would move rows that a step has not seen, by the moments of earlier steps.
    if tables:
        built.append(_of_tables(tables, config, sparse))
        built[-1].param_groups[0]["share"] = config.table_rate
    return built


def _of_tables(tables: list[nn.Parameter], config: TrainingConfig, sparse: bool) -> torch.optim.Optimizer:
    if config.optimiser == "sgd":
        # Without momentum, which would move rows that this step has not seen.
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
            # 1e-6 as in torch's clip_grad_norm_.
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
        # TensorFlow's ExponentialMovingAverage has this bound: 0.999 alone would hold to the first weights for long.
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
                # Values change places, tensors do not: the optimisers hold the net's own tensors.
                weight.copy_(self.weights[position])
                self.weights[position] = held
