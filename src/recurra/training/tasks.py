"""What a batch and its loss are, for texts, language and series: the three tasks the loop trains.

Not here: the loop; how texts became ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recurra.batches import Integers, Ragged, batch_order, pick, rectangle, sorted_batches, stream_chunks
from recurra.cells.backends.torch import State
from recurra.config import TrainingConfig
from recurra.engine.devices import home, tensor_on
from recurra.layers.dropout import Generator
from recurra.layers.types import Ids
from recurra.nets.learn import LearningNet, to_tensor
from recurra.training.loop import Step
from recurra.training.losses import (
    adversarial,
    classification,
    full_softmax,
    gradient_of,
    inclusion_chance,
    proposal,
    sampled_softmax,
    squared_error,
)
from recurra.training.progress import Record


@dataclass(frozen=True)
class Labelled:
    """Encoded texts with class numbers and weights."""

    sequences: Sequence[Ids]
    labels: Integers
    weights: NDArray[np.float32]

    @property
    def lengths(self) -> Integers:
        """Tokens of each text."""
        return np.array([len(sequence) for sequence in self.sequences], np.int64)


@dataclass(frozen=True)
class TextBatch:
    """Rows of a batch, and whether it is also judged on adversarially moved vectors."""

    rows: Integers
    adversarial: bool


class TextTask:
    """Label a text."""

    sparse = True

    def __init__(
        self, net: LearningNet, train: Labelled, validation: Labelled | None, config: TrainingConfig, seed: int
    ) -> None:
        """Hold the parts."""
        self.net, self.train, self.validation, self.config, self.seed = net, train, validation, config, seed
        self.score = config.monitor if validation else "loss"

    def batches(self, epoch: int) -> list[TextBatch]:
        """Rows of each batch, of like lengths; the first epoch is never adversarial: there is nothing yet to defend."""
        sizes = {"batch_size": self.config.batch_size, "batch_tokens": self.config.batch_tokens}
        order = batch_order(self.train.lengths, **sizes, seed=self.seed, epoch=epoch)
        return [TextBatch(rows, bool(self.config.adversarial) and epoch > 0) for rows in order]

    def steps(self, batch: TextBatch, state: Any, generator: Generator = None) -> Iterator[Step]:
        """Cross-entropy and the share of right labels; then the same on adversarially moved vectors, if so chosen.

        Miyato, Dai & Goodfellow 2017: r = ε g / |g| for each text, g the gradient of its loss by its vectors. Both
        losses count for a half, and both gradients reach the table in one go.
        """
        ids = to_tensor(pick(self.train.sequences, batch.rows), home(self.net))
        smoothing = self.config.label_smoothing
        if not batch.adversarial:
            yield self._step(self.net(ids, generator=generator)[0], self.train, batch.rows, smoothing)
            return
        vectors = self.net.vectors(ids, generator)
        first = vectors.carry(vectors.values.detach().requires_grad_())
        yield replace(
            self._step(self.net.judge(first, generator=generator)[0], self.train, batch.rows, smoothing), share=0.5
        )
        moved = first.values.detach() + adversarial(first, self.config.adversarial)
        second = vectors.carry(moved.requires_grad_())
        yield replace(
            self._step(self.net.judge(second, generator=generator)[0], self.train, batch.rows, smoothing), share=0.5
        )
        if vectors.values.requires_grad:
            both = gradient_of(first.values) + gradient_of(second.values)
            vectors.values.backward(both)  # type: ignore[no-untyped-call]

    def _step(self, logits: Tensor, part: Labelled, rows: Integers, smoothing: float) -> Step:
        targets, weights = (tensor_on(logits.device, values[rows]) for values in (part.labels, part.weights))
        loss, count = classification(logits, targets, weights, smoothing=smoothing)
        right = float(((logits.detach().argmax(dim=1) == targets) * weights).sum())
        return Step(loss, count, right, rows=float(len(rows)))

    def epoch_record(self, loss: float, correct: float) -> Record:
        """Loss in nats and accuracy."""
        return {"loss": loss, "accuracy": correct}

    def validate(self) -> Record:
        """Loss and accuracy on the validation part."""
        if self.validation is None:
            return {}
        loss, accuracy = self.measure(self.validation)
        return {"val_loss": loss, "val_accuracy": accuracy}

    def measure(self, part: Labelled) -> tuple[float, float]:
        """Mean loss and accuracy of a part, without dropout."""
        batches = sorted_batches(part.lengths, batch_size=256, batch_tokens=65_536)
        with torch.no_grad():
            read = (to_tensor(pick(part.sequences, rows), home(self.net)) for rows in batches)
            steps = [self._step(self.net(ids)[0], part, rows, 0.0) for rows, ids in zip(batches, read, strict=True)]
        count = sum(step.count for step in steps)
        return sum(float(step.loss) for step in steps) / count, sum(step.correct for step in steps) / count


class LanguageTask:
    """Predict the next token; the state is carried from one chunk of the streams to the next."""

    score = "val_loss"

    def __init__(
        self,
        net: LearningNet,
        train: NDArray[np.int32],
        validation: NDArray[np.int32] | None,
        config: TrainingConfig,
        seed: int,
    ) -> None:
        """`train` and `validation` are streams: (streams, tokens)."""
        self.net, self.train, self.validation, self.config, self.seed = net, train, validation, config, seed
        words = net.embedding.spec.words
        counts = np.bincount(train.ravel(), minlength=words)
        per_step = train.shape[0] * config.steps
        self.proposal = np.cumsum(proposal(counts))
        self.chance = torch.from_numpy(inclusion_chance(counts, samples=config.samples, targets=per_step)).float()
        self.sparse = bool(config.samples) and config.samples + per_step < words

    def batches(self, epoch: int) -> list[tuple[int, int, int]]:
        """(start, stop, seed of the samples) of each chunk; the first chunk's length moves from epoch to epoch."""
        random = np.random.default_rng([self.seed, epoch])
        first = int(random.integers(self.config.steps // 2, self.config.steps + 1)) or 1
        width = self.train.shape[1]
        later = [(start + first, stop + first) for start, stop in stream_chunks(width - first, self.config.steps)]
        chunks = [(0, min(first, width - 1)), *later]
        return [(start, stop, int(random.integers(2**62))) for start, stop in chunks if stop > start]

    def steps(
        self, batch: tuple[int, int, int], state: list[State] | None, generator: Generator = None
    ) -> Iterator[Step]:
        """Cross-entropy of the next tokens, over sampled words when the configuration says so."""
        start, stop, seed = batch
        hidden, targets, final = self._read(self.train, start, stop, state, generator)
        if self.sparse:
            draws = np.random.default_rng(seed).random(self.config.samples)
            drawn = np.minimum(np.searchsorted(self.proposal, draws), len(self.proposal) - 1)
            table = self.net.embedding.weight
            self.chance = self.chance.to(table.device)
            loss, count = sampled_softmax(self.net.output, hidden, table, targets, drawn=drawn, chance=self.chance)
        else:
            loss, count = full_softmax(self.net.output, hidden, self.net.embedding.weight, targets)
        yield Step(loss, count, state=[tuple(part.detach() for part in parts) for parts in final])

    def _read(
        self, streams: NDArray[np.int32], start: int, stop: int, state: list[State] | None, generator: Generator = None
    ) -> tuple[Tensor, Tensor, list[State]]:
        inputs = np.ascontiguousarray(streams[:, start:stop])
        offsets = np.arange(len(streams) + 1, dtype=np.int64) * (stop - start)
        hidden, final = self.net(to_tensor(Ragged(inputs.ravel(), offsets), home(self.net)), state, generator)
        targets = tensor_on(hidden.device, streams[:, start + 1 : stop + 1].astype(np.int64)).reshape(-1)
        return hidden, targets, final

    def epoch_record(self, loss: float, correct: float) -> Record:
        """Loss in nats; sampled losses are not perplexities, so none is told."""
        return {"loss": loss}

    def validate(self) -> Record:
        """Exact loss and perplexity on the validation part."""
        if self.validation is None:
            return {}
        loss = self.measure(self.validation)
        return {"val_loss": loss, "val_perplexity": float(np.exp(loss))}

    def measure(self, streams: NDArray[np.int32]) -> float:
        """Exact mean loss in nats over all words: no sampling, no dropout, the state carried throughout."""
        total, count, state = 0.0, 0.0, None
        with torch.no_grad():
            for start, stop in stream_chunks(streams.shape[1], 64):
                hidden, targets, state = self._read(streams, start, stop, state)
                loss, rows = full_softmax(self.net.output, hidden, self.net.embedding.weight, targets)
                total, count = total + float(loss), count + rows
        return total / count


class SeriesTask:
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
