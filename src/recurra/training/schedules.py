"""Learning-rate schedules: pure functions of how far training has come.

Not here: optimisers. `StepDrop` and `OneCycle` are the names people know.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from recurra.config import TrainingConfig


class Schedule(Protocol):
    """A learning rate for an epoch (from 0, with the fraction of the epoch done) out of `epochs`."""

    def rate(self, epoch: float, epochs: int) -> float:
        """Return the learning rate."""
        ...


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
