"""How an encoder learns: the vector that a teacher has of each text.

The loss of a text is 1 - cosine of its vector and the teacher's, and the same of vectors less the teacher's mean: a
teacher's vectors share a direction, which says nothing about a text and would take most of a cosine. How near the texts
of a batch are to each other is learnt too (Park, Kim, Lu & Cho 2019): a classifier reads what tells texts apart.

Not here: the loop (training/), how texts became ids (tasks/encoder.py), answers (run.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cosine_similarity, normalize

from recurra.batches import Integers, batch_order, pick, sorted_batches
from recurra.config import TrainingConfig
from recurra.engine.devices import home, tensor_on
from recurra.layers.draws import Generator
from recurra.layers.layer import TokenIds
from recurra.nets.learn import LearningNet, to_tensor
from recurra.tasks.inputs.vectors import TaughtTexts, unit
from recurra.tasks.task import Prepared
from recurra.text.encoder import TextEncoder
from recurra.training.loop import Step
from recurra.training.progress import Record

MEAN_OF = 50_000
"""Vectors whose mean is taken; more would not move it."""
RELATIONS = 30.0
"""What the mean squared error of the cosines among a batch counts for, beside the two losses of each text."""


@dataclass(frozen=True)
class Taught:
    """Encoded texts with the teacher's vectors (texts, size)."""

    sequences: Sequence[TokenIds]
    vectors: NDArray[Any]

    @property
    def lengths(self) -> Integers:
        """Tokens of each text."""
        return np.array([len(ids) for ids in self.sequences], np.int64)


def learner(net: LearningNet, prepared: Prepared) -> VectorLearner:
    """Encode the parts, and hold them for the loop."""
    data, config = prepared.data, prepared.settings.training
    validation = _taught(data.validation, data.encoder) if data.validation is not None else None
    return VectorLearner(net, _taught(data.train, data.encoder), validation, config, prepared.seed)


def _taught(part: TaughtTexts, encoder: TextEncoder) -> Taught:
    return Taught(encoder.encode(part.texts), part.vectors)


class VectorLearner:
    """Learn the vector of a text."""

    # A batch holds few of the table's words: a dense gradient would write zeros into all other rows.
    sparse = True

    def __init__(
        self, net: LearningNet, train: Taught, validation: Taught | None, config: TrainingConfig, seed: int
    ) -> None:
        """Hold the parts, and the mean of the teacher's vectors."""
        self.net, self.train, self.validation, self.config, self.seed = net, train, validation, config, seed
        self.score = "val_loss" if validation else "loss"
        self.mean = torch.from_numpy(unit(train.vectors[:MEAN_OF]).mean(0))

    def arrays(self) -> list[NDArray[Any]]:
        """Everything that is learnt from, for the fingerprint of a run."""
        return [
            array
            for part in (self.train, self.validation)
            if part is not None
            for array in (np.concatenate(part.sequences), part.lengths, np.asarray(part.vectors))
        ]

    def work(self) -> dict[str, float]:
        """How much a step reads, as `torch_work` takes it."""
        plan: Any = self.net.plan
        rows = self.config.batch_size
        tokens = min(self.config.batch_tokens, rows * float(self.train.lengths.mean()))
        return {"sequences": rows, "tokens": tokens, "rest": rows * plan.dense.inputs * plan.dense.outputs}

    def batches(self, epoch: int) -> list[Integers]:
        """Rows of each batch, of like lengths."""
        sizes = {"batch_size": self.config.batch_size, "batch_tokens": self.config.batch_tokens}
        return batch_order(self.train.lengths, **sizes, seed=self.seed, epoch=epoch)

    def steps(self, batch: Integers, state: Any, generator: Generator = None) -> Iterator[Step]:
        """Both cosines of a batch, and the cosines among its texts."""
        answers, wanted, mean = self._answered(self.train, batch, generator)
        step = _step(answers, wanted, mean)
        yield replace(step, loss=step.loss + RELATIONS * len(batch) * apart(answers, wanted, mean))

    def _answered(self, part: Taught, rows: Integers, generator: Generator = None) -> tuple[Tensor, Tensor, Tensor]:
        """What is answered and wanted, all of length 1: (rows, size) each; and the mean of what is wanted."""
        answers = self.net(to_tensor(pick(part.sequences, rows), home(self.net)), generator=generator)[0]
        wanted = tensor_on(answers.device, unit(part.vectors[rows]))
        return normalize(answers), wanted, self.mean.to(answers.device)

    def epoch_record(self, loss: float, correct: float) -> Record:
        """The loss, and the mean cosine of centred vectors."""
        return {"loss": loss, "centred": correct}

    def validate(self) -> Record:
        """The same on the validation part, without dropout."""
        if self.validation is None:
            return {}
        # Larger batches than in training: nothing is kept for a way back.
        batches = sorted_batches(self.validation.lengths, batch_size=256, batch_tokens=65_536)
        steps = [_step(*self._answered(self.validation, rows)) for rows in batches]
        count = sum(step.count for step in steps)
        return {
            "val_loss": sum(float(step.loss) for step in steps) / count,
            "val_centred": sum(step.correct for step in steps) / count,
        }


def _step(answers: Tensor, wanted: Tensor, mean: Tensor) -> Step:
    near, centred = cosines(answers, wanted, mean)
    return Step((2 - near - centred).sum(), len(answers), float(centred.detach().sum()))


def apart(answers: Tensor, wanted: Tensor, mean: Tensor) -> Tensor:
    """Mean squared error of the cosines among the texts of a batch, all vectors less the mean: a scalar."""
    one, other = normalize(answers - mean), normalize(wanted - mean)
    return (one @ one.T - other @ other.T).square().mean()


def cosines(answers: Tensor, wanted: Tensor, mean: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine of each answer and what is wanted, all of length 1, as they are and less the mean: (rows,) each."""
    return (answers * wanted).sum(1), cosine_similarity(answers - mean, wanted - mean)
