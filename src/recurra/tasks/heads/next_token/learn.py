"""How a language model learns: chunks of streams, cross-entropy of the next token over all words or sampled ones.

Not here: the loop (training/), how texts became streams (tasks/language.py), answers (run.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from recurra.batches import Ragged, stream_chunks
from recurra.cells.backends.torch import TensorState
from recurra.config import TrainingConfig
from recurra.engine.devices import home, tensor_on
from recurra.layers.draws import Generator
from recurra.nets.learn import LearningNet, to_tensor
from recurra.tasks.task import Prepared
from recurra.training.loop import Step
from recurra.training.progress import Record

Scores = Callable[..., Tensor]
"""What scores states (rows, size) by a table (words, size), all words or only some: `Tied`, in one precision."""


def learner(net: LearningNet, prepared: Prepared) -> TokenLearner:
    """Hold the streams for the loop."""
    data = prepared.data
    return TokenLearner(net, data.train, data.validation, prepared.settings.training, prepared.seed)


class TokenLearner:
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
        plan: Any = net.plan
        # Scores are made of the same numbers as the states.
        self.scores: Scores = partial(net.output, precision=plan.recurrent.precision)
        words = net.embedding.spec.words
        counts = np.bincount(train.ravel(), minlength=words)
        per_step = train.shape[0] * config.steps
        self.proposal = np.cumsum(proposal(counts))
        self.chance = torch.from_numpy(inclusion_chance(counts, samples=config.samples, targets=per_step)).float()
        # Where samples and targets could be as many as all words, all words cost no more and are exact.
        self.sparse = bool(config.samples) and config.samples + per_step < words

    def arrays(self) -> list[NDArray[np.int32]]:
        """Everything that is learnt from, for the fingerprint of a run."""
        return [part for part in (self.train, self.validation) if part is not None]

    def work(self) -> dict[str, float]:
        """How much a step reads, as `torch_work` takes it; the scores of all words are torch's."""
        rows, tokens = self.config.streams, self.config.streams * self.config.steps
        plan: Any = self.net.plan
        scores = tokens * plan.projection.outputs * plan.embedding.words
        return {"sequences": rows, "tokens": tokens, "rest": scores}

    def batches(self, epoch: int) -> list[tuple[int, int, int]]:
        """(start, stop, seed of the samples) of each chunk; the first chunk's length moves from epoch to epoch."""
        random = np.random.default_rng([self.seed, epoch])
        # The cuts move: gradients stop there, and nothing could be learnt across fixed ones. Half of one step is none.
        first = int(random.integers(self.config.steps // 2, self.config.steps + 1)) or 1
        width = self.train.shape[1]
        later = [(start + first, stop + first) for start, stop in stream_chunks(width - first, self.config.steps)]
        # The last token of a stream is only a target.
        chunks = [(0, min(first, width - 1)), *later]
        return [(start, stop, int(random.integers(2**62))) for start, stop in chunks if stop > start]

    def steps(
        self, batch: tuple[int, int, int], state: list[TensorState] | None, generator: Generator = None
    ) -> Iterator[Step]:
        """Cross-entropy of the next tokens, over sampled words when the configuration says so."""
        start, stop, seed = batch
        hidden, targets, final = self._read(self.train, start, stop, state, generator)
        if self.sparse:
            drawn = drawn_words(self.proposal, self.config.samples, seed)
            table = self.net.embedding.weight
            # The loop moves the net to its device after this learner was made.
            self.chance = self.chance.to(table.device)
            loss, count = sampled_softmax(self.scores, hidden, table, targets, drawn=drawn, chance=self.chance)
        else:
            loss, count = full_softmax(self.scores, hidden, self.net.embedding.weight, targets)
        # Truncated back-propagation: the next chunk takes the state on, and not what it came from.
        yield Step(loss, count, state=[tuple(part.detach() for part in parts) for parts in final])

    def _read(
        self,
        streams: NDArray[np.int32],
        start: int,
        stop: int,
        state: list[TensorState] | None,
        generator: Generator = None,
    ) -> tuple[Tensor, Tensor, list[TensorState]]:
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
            # Chunks bound the memory: the scores of a whole stream over all words would not fit.
            for start, stop in stream_chunks(streams.shape[1], 64):
                hidden, targets, state = self._read(streams, start, stop, state)
                loss, rows = full_softmax(self.scores, hidden, self.net.embedding.weight, targets)
                total, count = total + float(loss), count + rows
        return total / count


def full_softmax(output: Scores, hidden: Tensor, table: Tensor, targets: Tensor) -> tuple[Tensor, float]:
    """Cross-entropy of the next token over all words, in nats: (sum, count)."""
    return functional.cross_entropy(output(hidden, table), targets, reduction="sum"), float(len(targets))


def sampled_softmax(
    output: Scores, hidden: Tensor, table: Tensor, targets: Tensor, *, drawn: NDArray[np.int64], chance: Tensor
) -> tuple[Tensor, float]:
    """Cross-entropy over the batch's own targets and the `drawn` words instead of all words: (sum, count).

    Each kept word w stands for 1 / q(w) words, so log q(w) is subtracted from its score (Jean et al. 2015; Bengio &
    Senécal 2008); q is the chance that w is among the kept words of a step, `chance` (words,). The target itself is
    always kept, and its correction is the same, so that the expected gradient approaches the full softmax's.
    """
    # Each word once, in ascending order: `searchsorted` needs it.
    kept = torch.unique(torch.cat([targets, tensor_on(targets.device, drawn)]))
    places = torch.searchsorted(kept, targets)
    scores = output(hidden, table, kept) - torch.log(chance[kept])
    return functional.cross_entropy(scores, places, reduction="sum"), float(len(targets))


def inclusion_chance(
    counts: NDArray[np.int64], *, samples: int, targets: int, power: float = 0.75
) -> NDArray[np.float64]:
    """Return the chance of each word to be kept in a step: (words,).

    `samples` draws from unigram^power and `targets` tokens of the text itself: 1 - (1 - p)^samples · (1 - u)^targets.
    """
    unigram = counts / counts.sum()
    drawn = proposal(counts, power=power)
    # In logarithms: of rare words, 1 - (1 - p)^n is lost in rounding. A share of 1 (one word alone) would give log 0.
    missed = samples * np.log1p(-drawn) + targets * np.log1p(-np.minimum(unigram, 1 - 1e-9))
    # Without samples a word that the text lacks is never kept: its chance is 0, which has no logarithm either.
    chance: NDArray[np.float64] = np.maximum(-np.expm1(missed), 1e-12)
    return chance


def proposal(counts: NDArray[np.int64], *, power: float = 0.75) -> NDArray[np.float64]:
    """Return the distribution that samples are drawn from: proportional to (count + 1)^power."""
    # Words that only the vocabulary holds can be drawn, too; the power is word2vec's (Mikolov et al. 2013).
    weights = (counts + 1.0) ** power
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def drawn_words(sums: NDArray[np.float64], count: int, seed: int) -> NDArray[np.int64]:
    """Draw `count` words with replacement by their shares, which are added up in `sums` (words,)."""
    # Added up, a uniform number finds its word by bisection. By rounding the last sum may lie below 1; a draw between
    # both would name no word.
    draws = np.random.default_rng(seed).random(count)
    return np.minimum(np.searchsorted(sums, draws), len(sums) - 1)
