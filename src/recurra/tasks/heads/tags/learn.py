"""How a tagger learns: cross-entropy of each token's tag.

Not here: the loop (training/), how tokens became ids (text/features.py), answers (run.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from recurra.batches import Integers, batch_order, pick, sorted_batches
from recurra.config import TrainingConfig
from recurra.engine.devices import home, tensor_on
from recurra.layers.draws import Generator
from recurra.nets.learn import LearningNet, to_tensor
from recurra.tasks.inputs.tagged import TaggedParts, TaggedRows
from recurra.tasks.task import Prepared
from recurra.text.features import feature_ids
from recurra.training.loop import Step
from recurra.training.progress import Record


@dataclass(frozen=True)
class EncodedTags:
    """Ids of the features of each sentence's tokens (tokens, features), and the numbers of their tags (tokens,)."""

    sequences: Sequence[NDArray[np.int32]]
    targets: Sequence[Integers]

    @property
    def lengths(self) -> Integers:
        """Tokens of each sentence."""
        return np.array([len(ids) for ids in self.sequences], np.int64)


def learner(net: LearningNet, prepared: Prepared) -> TagLearner:
    """Encode the parts, and hold them for the loop."""
    data, config = prepared.data, prepared.settings.training
    validation = _encoded(data.validation, data) if data.validation is not None else None
    return TagLearner(net, _encoded(data.train, data), validation, config, prepared.seed)


def _encoded(rows: TaggedRows, data: TaggedParts) -> EncodedTags:
    number = {tag: place for place, tag in enumerate(data.tags)}
    # Sentences without tokens teach nothing.
    kept = [(tokens, tags) for tokens, tags in zip(rows.tokens, rows.tags, strict=True) if tokens]
    return EncodedTags(
        [feature_ids(data.encoder, tokens) for tokens, _ in kept],
        # A tag that training never met has no score: -1 takes its token out of the loss, and it is never right.
        [np.array([number.get(tag, -1) for tag in tags], np.int64) for _, tags in kept],
    )


@dataclass(frozen=True, eq=False)
class TagLearner:
    """Tag each token."""

    net: LearningNet
    train: EncodedTags
    validation: EncodedTags | None
    config: TrainingConfig
    seed: int
    # A batch holds few of the table's features: a dense gradient would write zeros into all other rows.
    sparse = True

    @property
    def score(self) -> str:
        """The share of right tokens decides: the loss rises while rare tags are still being learnt."""
        return "val_accuracy" if self.validation else "loss"

    def arrays(self) -> list[NDArray[Any]]:
        """Everything that is learnt from, for the fingerprint of a run."""
        return [
            array
            for part in (self.train, self.validation)
            if part is not None and part.sequences
            for array in (np.concatenate(part.sequences), part.lengths, np.concatenate(part.targets))
        ]

    def work(self) -> dict[str, float]:
        """How much a step reads, as `torch_work` takes it."""
        plan: Any = self.net.plan
        rows = self.config.batch_size
        tokens = min(self.config.batch_tokens, rows * float(self.train.lengths.mean()))
        return {"sequences": rows, "tokens": tokens, "rest": tokens * plan.dense.inputs * plan.dense.outputs}

    def batches(self, epoch: int) -> list[Integers]:
        """Rows of each batch, of like lengths."""
        sizes = {"batch_size": self.config.batch_size, "batch_tokens": self.config.batch_tokens}
        return batch_order(self.train.lengths, **sizes, seed=self.seed, epoch=epoch)

    def steps(self, batch: Integers, state: Any, generator: Generator = None) -> Iterator[Step]:
        """Cross-entropy and right tags of a batch."""
        yield self._step(self.train, batch, generator)

    def _step(self, part: EncodedTags, rows: Integers, generator: Generator = None) -> Step:
        logits = self.net(to_tensor(pick(part.sequences, rows), home(self.net)), generator=generator)[0]
        targets = tensor_on(logits.device, np.concatenate([part.targets[row] for row in rows]))
        loss = functional.cross_entropy(logits, targets, reduction="sum", ignore_index=-1)
        right = float((logits.detach().argmax(dim=1) == targets).sum())
        return Step(loss, float(len(targets)), right)

    def epoch_record(self, loss: float, correct: float) -> Record:
        """Loss in nats and accuracy of the tokens."""
        return {"loss": loss, "accuracy": correct}

    def validate(self) -> Record:
        """The same on the validation part, without dropout."""
        if self.validation is None:
            return {}
        batches = sorted_batches(self.validation.lengths, batch_size=256, batch_tokens=32_768)
        with torch.no_grad():
            steps = [self._step(self.validation, rows) for rows in batches]
        count = sum(step.count for step in steps)
        loss, right = (sum(parts) / count for parts in zip(*((float(s.loss), s.correct) for s in steps), strict=True))
        return {"val_loss": loss, "val_accuracy": right}
