"""How a net learns a row of targets for each text: squared errors of numbers, or cross-entropy of what is so or not.

Not here: the loop (training/), the judges beside the net (blend.py), answers (run.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.nn import functional

from recurra.batches import Integers, Ragged, batch_order, pick, windows_of_epoch
from recurra.config import TrainingConfig
from recurra.engine.devices import home, tensor_on
from recurra.layers.draws import Generator
from recurra.layers.layer import TokenIds
from recurra.nets.learn import LearningNet, to_tensor
from recurra.tasks.inputs.targets import Loss
from recurra.tasks.task import Prepared
from recurra.training.loop import Step
from recurra.training.progress import Record


def learner(net: LearningNet, prepared: Prepared) -> TargetLearner:
    """Encode the rows, and hold them for the loop."""
    data, config = prepared.data, prepared.settings.training
    sequences = data.encoder.encode(data.texts)
    weights = (np.ones(len(sequences)) if data.weights is None else data.weights).astype(np.float32)
    return TargetLearner(net, sequences, data.targets, weights, data.loss, config, prepared.seed)


@dataclass(frozen=True)
class TargetBatch:
    """Rows of a batch, and what is read of them."""

    rows: Integers
    ids: Ragged[TokenIds]


@dataclass(frozen=True, eq=False)
class TargetLearner:
    """Learn the targets (rows, columns) of encoded texts; no rows are held out, since all judges are cross-fitted."""

    net: LearningNet
    sequences: Sequence[TokenIds]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    loss: Loss
    config: TrainingConfig
    seed: int
    score = "loss"
    # A batch holds few of the table's words: a dense gradient would write zeros into all other rows.
    sparse = True

    @property
    def lengths(self) -> Integers:
        """Tokens of each text."""
        return np.array([len(ids) for ids in self.sequences], np.int64)

    def arrays(self) -> list[NDArray[Any]]:
        """Everything that is learnt from, for the fingerprint of a run."""
        return [np.concatenate(self.sequences), self.lengths, self.targets, self.weights]

    def work(self) -> dict[str, float]:
        """How much a step reads, as `torch_work` takes it."""
        plan: Any = self.net.plan
        rows = self.config.batch_size
        tokens = min(self.config.batch_tokens, rows * float(self.lengths.mean()))
        return {"sequences": rows, "tokens": tokens, "rest": rows * plan.dense.inputs * plan.dense.outputs}

    def batches(self, epoch: int) -> list[TargetBatch]:
        """Rows of each batch, of like lengths."""
        plan: Any = self.net.plan
        sizes = {"batch_size": self.config.batch_size, "batch_tokens": self.config.batch_tokens}
        read = windows_of_epoch(self.sequences, plan.window, seed=self.seed, epoch=epoch)
        order = batch_order(np.array([len(ids) for ids in read]), **sizes, seed=self.seed, epoch=epoch)
        return [TargetBatch(rows, pick(read, rows)) for rows in order]

    def steps(self, batch: TargetBatch, state: Any, generator: Generator = None) -> Iterator[Step]:
        """The mean loss of a text's columns, weighed and summed over the batch."""
        scores = self.net(to_tensor(batch.ids, home(self.net)), generator=generator)[0]
        targets, weights = (tensor_on(scores.device, values[batch.rows]) for values in (self.targets, self.weights))
        losses = (
            functional.mse_loss(scores, targets, reduction="none")
            if self.loss == "squared"
            else functional.binary_cross_entropy_with_logits(scores, targets, reduction="none")
        )
        # Divided by rows, not by weights: a batch of light rows must not pull like one of heavy ones.
        yield Step((losses.mean(dim=1) * weights).sum(), float(len(batch.rows)))

    def epoch_record(self, loss: float, correct: float) -> Record:
        """The mean loss."""
        return {"loss": loss}

    def validate(self) -> Record:
        """Nothing is held out."""
        return {}
