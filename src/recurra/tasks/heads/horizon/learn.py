"""How a forecaster learns: batches of windows, squared error of all steps of the horizon.

Not here: the loop (training/), how series became windows (tasks/series.py), answers (run.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from recurra.batches import Integers, rectangle
from recurra.config import TrainingConfig
from recurra.engine.devices import home, tensor_on
from recurra.layers.dropout import Generator
from recurra.nets.learn import LearningNet
from recurra.training.loop import Step
from recurra.training.progress import Record


class HorizonLearner:
    """Forecast the coming values of windows."""

    sparse = False

    def __init__(
        self,
        net: LearningNet,
        train: tuple[NDArray[np.float32], NDArray[np.float32]],
        validation: tuple[NDArray[np.float32], NDArray[np.float32]] | None,
        config: TrainingConfig,
        seed: int,
    ) -> None:
        """Each part is (windows (rows, steps, features), targets (rows, horizon))."""
        self.net, self.train, self.validation, self.config, self.seed = net, train, validation, config, seed
        self.score = "val_loss" if validation else "loss"

    def batches(self, epoch: int) -> list[Integers]:
        """Rows of each batch."""
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.train[0]))
        return [order[start : start + self.config.batch_size] for start in range(0, len(order), self.config.batch_size)]

    def steps(self, batch: Integers, state: Any, generator: Generator = None) -> Iterator[Step]:
        """Squared error of all steps of the horizon."""
        windows, targets = (tensor_on(home(self.net), part[batch]) for part in self.train)
        loss, count = squared_error(self.net(rectangle(windows), generator=generator)[0], targets)
        yield Step(loss, count)

    def epoch_record(self, loss: float, correct: float) -> Record:
        """Mean squared error of scaled values."""
        return {"loss": loss}

    def validate(self) -> Record:
        """Mean squared error of scaled values on the validation part."""
        if self.validation is None:
            return {}
        windows, targets = (tensor_on(home(self.net), part) for part in self.validation)
        loss, count = squared_error(self.net(rectangle(windows))[0], targets)
        return {"val_loss": float(loss) / count}


def squared_error(forecasts: Tensor, targets: Tensor) -> tuple[Tensor, float]:
    """Squared error over all steps: (sum, count)."""
    return ((forecasts - targets) ** 2).sum(), float(targets.numel())
