"""How a net's weights move: which optimiser moves which, at which rate and how far; and the moving average of them.

`StepDrop` and `OneCycle` are the names people know.

Not here: the steps of Adam (adam.py) and of Muon (muon.py), and what is learnt (loop.py).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from recurra.config import TrainingConfig
from recurra.engine import native, processors
from recurra.engine.autograd import to_write
from recurra.engine.choose import is_native
from recurra.errors import UsageError
from recurra.training.adam import RowAdam, WholeAdam
from recurra.training.muon import Muon


class Descent:
    """All that moves a net's weights, and what a checkpoint keeps of it: the optimisers' moments and the average."""

    def __init__(self, net: nn.Module, config: TrainingConfig, *, sparse: bool = True) -> None:
        """Begin at the net's weights; `sparse` as in `optimisers_of`."""
        self.net, self.config = net, config
        self.optimisers = optimisers_of(net, config, sparse=sparse)
        self.average = Average(net, config.ema) if config.ema else None

    def go(self, done: float) -> float:
        """Set the rate for so many epochs done, with their fraction; return it."""
        rate = schedule_of(self.config).rate(done, self.config.epochs)
        set_rate(self.optimisers, rate, layers=int(done) + 1 if self.config.unfreeze else None)
        return rate

    def forget(self) -> None:
        """Drop the gradients of the step before."""
        # None, not zeros: an optimiser passes over what has no gradient; by zeros, its moments would go on to move it.
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)

    def step(self) -> None:
        """Clip the gradients and move the weights, and the average with them."""
        clip(self.net, self.config.clip)
        for optimiser in self.optimisers:
            optimiser.step()
        if self.average:
            self.average.update(self.net)

    def averaged(self) -> AbstractContextManager[None]:
        """Put the average into the net for the length of a `with` block, where there is one."""
        return self.average.applied(self.net) if self.average else nullcontext()


TABLES = ("embedding.weight", "output.bias")
"""Weights with a row for each word: their gradient may be row-sparse, and a step then updates only the rows it saw."""

_LAYER = re.compile(r"recurrent\..*_l(\d+)")
_RECURRENT = re.compile(r"(member\d+\.)?recurrent\.weight_hh_l\d+")


def optimisers_of(net: nn.Module, config: TrainingConfig, *, sparse: bool = True) -> list[torch.optim.Optimizer]:
    """Build one optimiser for dense weights and one for tables, whose gradients are row-sparse if `sparse`.

    Biases and tables never decay.
    """
    named = [(name, weight) for name, weight in net.named_parameters() if weight.requires_grad]
    dense = [(name, weight) for name, weight in named if name not in TABLES]
    tables = [weight for name, weight in named if name in TABLES]
    apart = config.unfreeze or config.layer_rates < 1
    depths = _depths([name for name, _ in named]) if apart else {name: 0 for name, _ in named}
    turned = _matrices(dense) if config.optimiser == "muon" else []
    rest = [(name, weight) for name, weight in dense if name not in dict(turned)]
    built: list[torch.optim.Optimizer] = [_dense(_groups(rest, depths, config), config)]
    if turned:
        rate, gates = config.learning_rate, config.orthogonal == "gate"
        built.append(Muon(_groups(turned, depths, config, config.recurrent_rate), rate, gates=gates))
    # Tables stand apart: dense Adam would move rows that a step has not seen, by the moments of earlier steps.
    if tables:
        depth = max(depths[name] for name, _ in named if name in TABLES)
        built.append(_of_tables(tables, config, sparse))
        built[-1].param_groups[0] |= {"share": config.table_rate * config.layer_rates**depth, "depth": depth}
    return built


_Named = list[tuple[str, nn.Parameter]]


def _matrices(named: _Named) -> _Named:
    """Return the recurrent matrices; raises UsageError where a cell has none: it would be Adam by another name."""
    # A cell that is a scan keeps vectors there, a row for each: they have no directions to make alike.
    square = [(name, weight) for name, weight in named if _RECURRENT.match(name) and not len(weight) % weight.shape[-1]]
    if not square:
        raise UsageError(
            "optimiser=muon", found="no recurrent matrix in this net", allowed="a cell with one: gru, lstm"
        )
    return square


def _groups(named: _Named, depths: dict[str, int], config: TrainingConfig, rate: float = 1.0) -> list[dict[str, Any]]:
    """Return each depth's weights with and without decay, and what its rate is beside the last layer's."""
    groups: list[dict[str, Any]] = []
    for depth in sorted({depths[name] for name, _ in named}):
        shared = {"share": rate * config.layer_rates**depth, "depth": depth}
        # torch keeps one decay for a group. A decayed bias would only be drawn to zero, which makes no net simpler.
        for biases, decay in ((False, config.weight_decay), (True, 0.0)):
            some = [weight for name, weight in named if depths[name] == depth and ("bias" in name) == biases]
            groups.append({"params": some, "weight_decay": decay} | shared)
    return groups


def _depths(names: Sequence[str]) -> dict[str, int]:
    """Count the recurrent layers that stand behind each weight, with its own: 0 behind all, most for the vectors."""
    layers = {name: int(found[1]) for name in names if (found := _LAYER.match(name))}
    top = 1 + max(layers.values(), default=-1)
    behind = {name: top - layer for name, layer in layers.items()}
    return dict.fromkeys(names, 0) | behind | ({TABLES[0]: top + 1} if TABLES[0] in names else {})


def _of_tables(tables: list[nn.Parameter], config: TrainingConfig, sparse: bool) -> torch.optim.Optimizer:
    if config.optimiser == "sgd":
        # Without momentum, which would move rows that this step has not seen.
        return torch.optim.SGD(tables, lr=config.learning_rate)
    # A full softmax reaches every row of the shared table, and SparseAdam refuses dense gradients.
    return (RowAdam if sparse else WholeAdam)(tables, lr=config.learning_rate)


def _dense(groups: list[dict[str, Any]], config: TrainingConfig) -> torch.optim.Optimizer:
    if config.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=config.learning_rate, momentum=0.9)
    return WholeAdam(groups, lr=config.learning_rate, decoupled_weight_decay=config.optimiser != "adam")


def set_rate(optimisers: Sequence[torch.optim.Optimizer], rate: float, *, layers: int | None = None) -> None:
    """Give every group its share of the learning rate; with `layers` only so many of them learn, from the last one."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            frozen = layers is not None and group.get("depth", 0) >= layers
            group["lr"] = 0.0 if frozen else rate * group.get("share", 1.0)


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


class Schedule(Protocol):
    """A learning rate for an epoch (from 0, with the fraction of the epoch done) out of `epochs`."""

    def rate(self, epoch: float, epochs: int) -> float:
        """Return the learning rate."""


@dataclass(frozen=True)
class Constant:
    """The same rate always."""

    initial: float

    def rate(self, epoch: float, epochs: int) -> float:
        """Return the learning rate."""
        return self.initial


@dataclass(frozen=True)
class StepDrop:
    """`initial - drop * floor(epoch / every)`, never under `min_lr`.

    The lab record's schedule (0.001, minus 0.0001 every 10 epochs) reaches zero at epoch 100 and would go negative
    after it, which climbs the loss instead of descending; hence the floor.
    """

    initial: float
    drop: float
    every: int
    min_lr: float = 0.0

    def rate(self, epoch: float, epochs: int) -> float:
        """Return the learning rate."""
        # Rounded, so that ten drops of 0.0001 leave exactly nothing of 0.001.
        return max(self.min_lr, round(self.initial - self.drop * (int(epoch) // self.every), 12))


@dataclass(frozen=True)
class OneCycle:
    """Up from a twenty-fifth to the highest rate by cosine, then down to nearly zero (Smith & Topin 2018)."""

    highest: float
    warm: float = 0.25

    def rate(self, epoch: float, epochs: int) -> float:
        """Return the learning rate."""
        done = min(epoch / epochs, 1.0)
        # torch's OneCycleLR begins so as well; it ends at a ten-thousandth of that start, and here it is of the
        # highest.
        if done < self.warm:
            return _between(self.highest / 25, self.highest, done / self.warm)
        return _between(self.highest, self.highest / 1e4, (done - self.warm) / (1 - self.warm))


@dataclass(frozen=True)
class Cosine:
    """From the highest rate down to `min_lr` along half a cosine (Loshchilov & Hutter 2017)."""

    highest: float
    min_lr: float = 0.0

    def rate(self, epoch: float, epochs: int) -> float:
        """Return the learning rate."""
        # Held at its end: behind it the cosine would rise again.
        return _between(self.highest, self.min_lr, min(epoch / epochs, 1.0))


def schedule_of(config: TrainingConfig) -> Schedule:
    """Build the schedule a configuration names."""
    if config.schedule == "step":
        return StepDrop(config.learning_rate, config.drop, config.drop_every, config.min_learning_rate)
    if config.schedule == "one_cycle":
        return OneCycle(config.learning_rate, config.warm_up)
    if config.schedule == "cosine":
        return Cosine(config.learning_rate, config.min_learning_rate)
    return Constant(config.learning_rate)


def _between(start: float, end: float, done: float) -> float:
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * done))
