"""How a forecaster learns: batches of windows, squared error of all steps of the horizon.

Not here: the loop (training/), how series became windows (tasks/series.py), answers (run.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from recurra.batches import Integers, rectangle
from recurra.config import TrainingConfig
from recurra.engine.devices import home, tensor_on
from recurra.layers.draws import Generator
from recurra.nets.learn import LearningNet
from recurra.series import Examples
from recurra.tasks.task import Prepared
from recurra.training.loop import Step
from recurra.training.progress import Record

Windows = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Windows (rows, steps, features) and their targets (rows, horizon)."""


def learner(net: LearningNet, prepared: Prepared) -> HorizonLearner:
    """Join the windows of all series, and hold them for the loop."""
    data = prepared.data
    validation = _joined(data.validation) if data.held else None
    return HorizonLearner(net, _joined(data.train), validation, prepared.settings.training, prepared.seed)


def _joined(examples: Mapping[str, Examples]) -> Windows:
    # One feature a step: (rows, steps) -> (rows, steps, 1), as the recurrent layer reads it.
    inputs = np.concatenate([part.inputs for part in examples.values()])[:, :, None]
    return inputs, np.concatenate([part.targets for part in examples.values()])


@dataclass(frozen=True, eq=False)
class HorizonLearner:
    """Forecast the coming values of windows."""

    net: LearningNet
    train: Windows
    validation: Windows | None
    config: TrainingConfig
    seed: int
    # No table of vectors: each step reaches all weights.
    sparse = False

    @property
    def score(self) -> str:
        """What decides which weights are kept: the loss on validation, where there is one."""
        return "val_loss" if self.validation else "loss"

    def arrays(self) -> list[NDArray[np.float32]]:
        """Everything that is learnt from, for the fingerprint of a run."""
        return [*self.train, *(self.validation or ())]

    def work(self) -> dict[str, float]:
        """How much a step reads, as `torch_work` takes it."""
        plan: Any = self.net.plan
        inputs, dense = self.train[0], plan.dense
        rows = min(self.config.batch_size, len(inputs))
        return {"sequences": rows, "tokens": rows * inputs.shape[1], "rest": rows * dense.inputs * dense.outputs}

    def batches(self, epoch: int) -> list[Integers]:
        """Rows of each batch."""
        # A generator for each epoch: a killed run that goes on draws the orders that it would have drawn.
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
    # The sum, not the mean: the last batch of an epoch is smaller, and its mean would count for too much.
    return ((forecasts - targets) ** 2).sum(), float(targets.numel())
