"""How a classifier learns: batches of labelled texts, cross-entropy, and the same on adversarially moved vectors.

Not here: the loop (training/), how texts became ids (tasks/text.py), texts without labels (mixed/), answers (run.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from recurra.batches import Integers, Ragged, batch_order, pick, sorted_batches, windows_of_epoch
from recurra.config import TrainingConfig
from recurra.engine.devices import home, tensor_on
from recurra.layers.draws import Generator
from recurra.layers.layer import TokenIds
from recurra.nets.learn import LearningNet, to_tensor
from recurra.tasks.heads.mixed.learn import adversarial, gradient_of, unlabelled_steps
from recurra.tasks.inputs.texts import Part
from recurra.tasks.task import Prepared
from recurra.text.encoder import TextEncoder, net_ids
from recurra.training.loop import Step
from recurra.training.progress import Record


@dataclass(frozen=True)
class Labelled:
    """Encoded texts with class numbers and weights."""

    sequences: Sequence[TokenIds]
    labels: Integers | NDArray[np.float32]
    """Class numbers (rows,), or how probable each class is (rows, classes)."""
    weights: NDArray[np.float32]

    @property
    def lengths(self) -> Integers:
        """Tokens of each text."""
        return np.array([len(sequence) for sequence in self.sequences], np.int64)


def learner(net: LearningNet, prepared: Prepared) -> ClassLearner:
    """Encode the parts, and hold them for the loop."""
    data, config = prepared.data, prepared.settings.training
    validation = _labelled(data.validation, data.encoder) if data.validation is not None else None
    # Encoded only where something is learnt from them.
    mixed = config.virtual_adversarial or config.entropy
    free = net_ids(data.encoder.encode(data.unlabelled), data.encoder.config) if mixed and data.unlabelled else []
    return ClassLearner(net, _labelled(data.train, data.encoder), validation, config, prepared.seed, free)


def _labelled(part: Part, encoder: TextEncoder) -> Labelled:
    labels = part.targets if part.shares is None else part.shares
    return Labelled(net_ids(encoder.encode(part.texts), encoder.config), labels, part.weights)


@dataclass(frozen=True)
class TextBatch:
    """Rows of a batch, what is read of them, and whether it is also judged on adversarially moved vectors."""

    rows: Integers
    ids: Ragged[TokenIds]
    adversarial: bool
    free: Ragged[TokenIds] | None = None
    """Texts without labels that are read beside them."""


@dataclass(frozen=True, eq=False)
class ClassLearner:
    """Label a text."""

    net: LearningNet
    train: Labelled
    validation: Labelled | None
    config: TrainingConfig
    seed: int
    free: Sequence[TokenIds] = ()
    """Texts without labels."""
    # A batch holds few of the table's words: a dense gradient would write zeros into all other rows.
    sparse = True

    @property
    def score(self) -> str:
        """What decides which weights are kept."""
        # Without validation "loss" stands for no choice: the loop then keeps the last epoch.
        return self.config.monitor if self.validation else "loss"

    def arrays(self) -> list[NDArray[Any]]:
        """Everything that is learnt from, for the fingerprint of a run."""
        return [
            array
            for part in (self.train, self.validation)
            if part is not None
            # The lengths too: joined ids alone are the same where a text ends elsewhere.
            for array in (np.concatenate(part.sequences), part.lengths, part.labels, part.weights)
        ] + ([np.concatenate(self.free), np.array([*map(len, self.free)])] if self.free else [])

    def work(self) -> dict[str, float]:
        """How much a step reads, as `torch_work` takes it."""
        plan: Any = self.net.plan
        dense, rows = plan.dense, self.config.batch_size
        tokens = min(self.config.batch_tokens, rows * float(self.train.lengths.mean()))
        return {"sequences": rows, "tokens": tokens, "rest": rows * dense.inputs * dense.outputs}

    def batches(self, epoch: int) -> list[TextBatch]:
        """Rows of each batch, of like lengths; the first epoch is never adversarial: there is nothing yet to defend."""
        sizes = {"batch_size": self.config.batch_size, "batch_tokens": self.config.batch_tokens}
        plan: Any = self.net.plan
        read = windows_of_epoch(self.train.sequences, plan.window, seed=self.seed, epoch=epoch)
        order = batch_order(np.array([len(ids) for ids in read]), **sizes, seed=self.seed, epoch=epoch)
        moved, free = bool(self.config.adversarial) and epoch > 0, self._free(plan.window, epoch)
        return [TextBatch(rows, pick(read, rows), moved, free(len(rows))) for rows in order]

    def _free(self, window: int, epoch: int) -> Callable[[int], Ragged[TokenIds] | None]:
        """Return what draws as many texts without labels as a batch has rows."""
        if not self.free:
            return lambda count: None
        random = np.random.default_rng([self.seed, epoch, 6])
        read = windows_of_epoch(self.free, window, seed=self.seed, epoch=epoch)
        return lambda count: pick(read, random.integers(len(read), size=count))

    def steps(self, batch: TextBatch, state: Any, generator: Generator = None) -> Iterator[Step]:
        """Cross-entropy and the share of right labels; then the same on adversarially moved vectors, if so chosen.

        Miyato, Dai & Goodfellow 2017: r = ε g / |g| for each text, g the gradient of its loss by its vectors. Both
        losses count for a half, and both gradients reach the table in one go. Then the losses of texts without labels.
        """
        yield from self._labelled_steps(batch, generator)
        if batch.free is not None:
            yield from unlabelled_steps(self.net, to_tensor(batch.free, home(self.net)), self.config, generator)

    def _labelled_steps(self, batch: TextBatch, generator: Generator) -> Iterator[Step]:
        ids = to_tensor(batch.ids, home(self.net))
        smoothing = self.config.label_smoothing
        if not batch.adversarial:
            yield self._step(self.net(ids, generator=generator)[0], self.train, batch.rows, smoothing)
            return
        vectors = self.net.vectors(ids, generator)
        # A leaf of its own: the gradient of the loss stops here, where the adversarial step is read off it.
        first = vectors.carry(vectors.values.detach().requires_grad_())
        yield replace(
            self._step(self.net.judge(first, generator=generator)[0], self.train, batch.rows, smoothing), share=0.5
        )
        # Only now is there a gradient: the loop has taken the first loss back. Nothing learns through the step itself.
        moved = first.values.detach() + adversarial(first, self.config.adversarial)
        second = vectors.carry(moved.requires_grad_())
        yield replace(
            self._step(self.net.judge(second, generator=generator)[0], self.train, batch.rows, smoothing), share=0.5
        )
        # A table that is frozen (`freeze_embedding`) takes no gradient, and `backward` would raise.
        if vectors.values.requires_grad:
            both = gradient_of(first.values) + gradient_of(second.values)
            vectors.values.backward(both)  # type: ignore[no-untyped-call]

    def _step(self, logits: Tensor, part: Labelled, rows: Integers, smoothing: float) -> Step:
        targets, weights = (tensor_on(logits.device, values[rows]) for values in (part.labels, part.weights))
        loss, count = classification(logits, targets, weights, smoothing=smoothing)
        # Weighted like the loss, since the loop divides both by the same sum of weights.
        likeliest = targets if targets.dim() == 1 else targets.argmax(dim=1)
        right = float(((logits.detach().argmax(dim=1) == likeliest) * weights).sum())
        # The gradient is divided by rows: divided by weights, a batch of light rows would pull like one of heavy ones.
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
        # Larger batches than in training: nothing is kept for a way back.
        batches = sorted_batches(part.lengths, batch_size=256, batch_tokens=65_536)
        with torch.no_grad():
            read = (to_tensor(pick(part.sequences, rows), home(self.net)) for rows in batches)
            # No smoothing: losses of runs with other settings could not be compared.
            steps = [self._step(self.net(ids)[0], part, rows, 0.0) for rows, ids in zip(batches, read, strict=True)]
        count = sum(step.count for step in steps)
        return sum(float(step.loss) for step in steps) / count, sum(step.correct for step in steps) / count


def classification(logits: Tensor, targets: Tensor, weights: Tensor, *, smoothing: float = 0.0) -> tuple[Tensor, float]:
    """Weighted cross-entropy in nats: logits (rows, classes), targets, weights (rows,) -> (sum, weight).

    Targets are class numbers (rows,), or how probable each class is (rows, classes).
    """
    losses = functional.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)
    return (losses * weights).sum(), float(weights.sum())
