"""How far a training run has come, and whom it tells.

Not here: the loop itself and printing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

Record = dict[str, float]
"""One epoch of the history: epoch, loss, accuracy, val_loss, val_accuracy, lr, seconds (language: val_perplexity)."""


NOWHERE = {"training": {"device"}}
"""Where a net learns is no part of what it learns."""


@dataclass
class Progress:
    """Everything a checkpoint holds beside the weights; what `fit` returns."""

    epoch: int = 0
    best_epoch: int = 0
    best: float = -float("inf")
    history: list[Record] = field(default_factory=list)
    best_tensors: dict[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Watch:
    """What the caller is told: each step (epoch, position, of how many, running loss) and each finished epoch.

    Of a fit of several nets also which begins (number, of how many, epochs).
    """

    on_step: Callable[[int, int, int, float], None] | None = None
    on_epoch: Callable[[Record], None] | None = None
    on_net: Callable[[int, int, int], None] | None = None
