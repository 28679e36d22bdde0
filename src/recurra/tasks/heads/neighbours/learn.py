"""How an encoder adapts to texts without labels: at each word, each direction's state guesses the word that comes next.

The state that reads forward guesses the word behind, the one that reads backward the word before: a language model in
both directions (Peters et al. 2018; Howard & Ruder 2018 adapt one before they label). The table of words scores its
own guesses (Press & Wolf 2017), so that what is learnt is in the weights that labels need, and the matrices between
states and vectors are thrown away. Not here: texts that are read one after another (heads/next_token/).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from recurra.batches import Integers, Ragged, batch_order, pick, windows
from recurra.config import TrainingConfig
from recurra.engine.devices import home, tensor_on
from recurra.layers.draws import Generator, elements
from recurra.layers.layer import TokenIds
from recurra.layers.matrix.learn import Dense, Tied
from recurra.layers.matrix.run import DenseSpec, TiedSpec
from recurra.nets.learn import LearningNet, to_tensor
from recurra.tasks.heads.next_token.learn import drawn_words, proposal
from recurra.tasks.task import Prepared
from recurra.text.stream import log_shares
from recurra.training.loop import Step
from recurra.training.progress import Record

WINDOW = 100
"""Tokens that are read at once."""
SAMPLES = 512
"""Words drawn a step, which all guesses of it are held against."""
HELD, MOST_HELD = 0.02, 640
"""Windows that are not learnt from: a share, and at most so many."""


def learner(net: LearningNet, prepared: Prepared) -> NeighbourLearner:
    """Cut the texts, which are all its data, into windows, and hold a few of them out."""
    pieces, _ = windows(prepared.data, WINDOW)
    # A word alone has no neighbour.
    pieces = [piece for piece in pieces if len(piece) > 1]
    order = np.random.default_rng([prepared.seed, 4]).permutation(len(pieces))
    count = min(MOST_HELD, int(len(pieces) * HELD))
    held, learnt = ([pieces[place] for place in places] for places in (order[:count], np.sort(order[count:])))
    return NeighbourLearner(GuessingNet(net, learnt), learnt, held, prepared.settings.training, prepared.seed)


class GuessingNet(nn.Module):
    """The encoder's table and sweeps, as they stand in its net, and what turns states into guesses."""

    def __init__(self, net: LearningNet, texts: Sequence[TokenIds]) -> None:
        """Share the layers of `net`; the bias begins at the log of each word's share of `texts`."""
        super().__init__()
        self.plan, self.config = net.plan, net.config
        spec: Any = net.plan
        self.embedding, self.recurrent = net.embedding, net.get_submodule("recurrent")
        hidden, size, self.words = spec.recurrent.hidden, spec.embedding.size, spec.embedding.words
        directions = 2 if spec.recurrent.bidirectional else 1
        # Of a seed of its own: what an encoder adapts to must not move what labels learn afterwards.
        drawn = torch.Generator().manual_seed(0)
        self.guesses = nn.ModuleList(Dense(DenseSpec(inputs=hidden, outputs=size), drawn) for _ in range(directions))
        self.hidden = hidden
        self.output = Tied(TiedSpec(words=self.words))
        ids = np.concatenate([np.zeros(0, np.int32), *texts])
        with torch.no_grad():
            self.output.bias.copy_(torch.from_numpy(log_shares(ids, self.words)))
        shares = proposal(np.bincount(ids, minlength=self.words))
        self.drawn_below = np.cumsum(shares)
        self.register_buffer("expected", torch.from_numpy(np.log(SAMPLES * shares)).float(), persistent=False)

    def forward(self, ids: Ragged[Tensor], generator: Generator = None) -> list[tuple[Tensor, Tensor]]:
        """Guess: of each direction the vectors of guesses (tokens, size) and the words that were right (tokens,)."""
        net: Any = self
        vectors = self.embedding(ids, generator, dropout=self.config.embedding_dropout * self.training)
        states, _ = net.recurrent(vectors, generator=generator)
        found = list[tuple[Tensor, Tensor]]()
        for number, guess in enumerate(self.guesses):
            # Forward: the last word of a text has nothing behind it; backward, the first has nothing before it.
            places, beside = _neighbours(ids.offsets, backward=bool(number))
            own = states.values[tensor_on(states.values.device, places)]
            own = own[:, number * self.hidden : (number + 1) * self.hidden]
            kept = elements(guess(own), self.config.recurrent_dropout * self.training, generator)
            found.append((kept, ids.values[tensor_on(ids.values.device, beside)]))
        return found


def _neighbours(offsets: Integers, *, backward: bool) -> tuple[Integers, Integers]:
    """Return the places of all tokens that have a neighbour, and those of the neighbours."""
    edges = offsets[:-1] if backward else offsets[1:] - 1
    places = np.delete(np.arange(offsets[-1]), edges)
    return places, places + (-1 if backward else 1)


class NeighbourLearner:
    """Guess the words beside each word."""

    sparse = True

    def __init__(
        self,
        net: GuessingNet,
        train: Sequence[TokenIds],
        validation: Sequence[TokenIds],
        config: TrainingConfig,
        seed: int,
    ) -> None:
        """`train` and `validation` are windows of texts."""
        self.net: Any = net
        self.train, self.validation, self.config, self.seed = train, validation, config, seed

    @property
    def score(self) -> str:
        """What decides which weights are kept; "loss" keeps the last epoch's."""
        return "val_loss" if self.validation else "loss"

    def arrays(self) -> list[NDArray[Any]]:
        """Everything that is learnt from, for the fingerprint of a run."""
        return [np.concatenate([np.zeros(0, np.int32), *self.train]), _lengths(self.train)]

    def work(self) -> dict[str, float]:
        """How much a step reads, as `torch_work` takes it; the scores of drawn words are torch's."""
        tokens = min(self.config.batch_tokens, self.config.batch_size * WINDOW)
        size = self.net.embedding.spec.size
        return {"sequences": self.config.batch_size, "tokens": tokens, "rest": 2 * tokens * size * SAMPLES}

    def batches(self, epoch: int) -> list[tuple[int, Integers]]:
        """(seed of the draws, windows) of each batch."""
        sizes = {"batch_size": self.config.batch_size, "batch_tokens": self.config.batch_tokens}
        order = batch_order(_lengths(self.train), **sizes, seed=self.seed, epoch=epoch)
        seeds = np.random.default_rng([self.seed, epoch, 5]).integers(2**62, size=len(order))
        return list(zip(seeds.tolist(), order, strict=True))

    def steps(self, batch: tuple[int, Integers], state: Any, generator: Generator = None) -> Iterator[Step]:
        """Cross-entropy of both neighbours against drawn words."""
        seed, rows = batch
        found = self.net(self._ids(self.train, rows), generator)
        table = self.net.embedding.weight
        drawn = tensor_on(table.device, drawn_words(self.net.drawn_below, SAMPLES, seed))
        losses = [
            drawn_softmax(self.net.output, guess, table, beside, drawn=drawn, expected=self.net.expected)
            for guess, beside in found
        ]
        yield Step(torch.stack(losses).sum(), float(sum(len(beside) for _, beside in found)))

    def _ids(self, texts: Sequence[TokenIds], rows: Integers) -> Ragged[Tensor]:
        return to_tensor(pick(texts, rows), home(self.net))

    def epoch_record(self, loss: float, correct: float) -> Record:
        """Loss in nats against drawn words."""
        return {"loss": loss}

    def validate(self) -> Record:
        """Exact mean loss over all words, without dropout, of the windows that are held out."""
        if not self.validation:
            return {}
        total = count = 0.0
        for rows in np.array_split(np.arange(len(self.validation)), -(-len(self.validation) // 16)):
            for guess, beside in self.net(self._ids(self.validation, rows)):
                scores = self.net.output(guess, self.net.embedding.weight)
                total += float(functional.cross_entropy(scores, beside, reduction="sum"))
                count += len(beside)
        loss = total / count
        return {"val_loss": loss, "val_perplexity": float(np.exp(loss))}


def _lengths(texts: Sequence[TokenIds]) -> Integers:
    return np.array([len(text) for text in texts], np.int64)


def drawn_softmax(
    output: Tied, hidden: Tensor, table: Tensor, targets: Tensor, *, drawn: Tensor, expected: Tensor
) -> Tensor:
    """Cross-entropy of each target against the `drawn` words (samples,) in place of all words: the sum, in nats.

    A drawn word stands for as many as it is rare: the log of how often it is expected among the drawn ones, `expected`
    (words,), is taken from its score (Bengio & Senécal 2008), and one that is the target itself does not count. A tenth
    of the work of scores against all words of the batch (`sampled_softmax`), and noisier: enough for a net that is
    trained already.
    """
    others = output(hidden, table, drawn) - expected[drawn]
    others = others.masked_fill(drawn[None] == targets[:, None], float("-inf"))
    rows = functional.embedding(targets, table, sparse=True)
    own = (hidden * rows).sum(dim=1) + functional.embedding(targets, output.bias, sparse=True)[:, 0]
    return (torch.logaddexp(others.logsumexp(dim=1), own) - own).sum()
