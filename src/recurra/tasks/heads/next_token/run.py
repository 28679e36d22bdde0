"""The next token as an answer: a trained language model scores texts and goes on from them, without torch.

Not here: training (estimators/language.py), saving and loading (model.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np

from recurra.arguments import seed_of, whole
from recurra.artefact import Artefact
from recurra.batches import Integers, Ragged, join
from recurra.errors import UsageError
from recurra.layers.layer import ArrayState, Floats, TokenIds
from recurra.layers.matrix.run import tied
from recurra.model import Model, encoder_of, six_digits, synthetic_ids
from recurra.nets.run import Tensors, run, softmax
from recurra.nets.sequences import LanguageNet
from recurra.nets.stepping import Finish, steps_of, streams_of
from recurra.tasks.heads.next_token.drawing import Drawing, checked_stops, first_stop, highest
from recurra.text.encoder import TextEncoder
from recurra.text.stream import detokenise, in_direction, lost_words, scored_bytes, stream_ids
from recurra.text.vocabulary import EOS

MOST_TOKENS = 100_000
"""Tokens drawn in one go, at most."""
ROWS = 512
"""States scored at a time: the scores of all words of more would not fit the cache."""


@dataclass(frozen=True, eq=False)
class RunningLanguage(Model):
    """A net's plan and weights, and the encoder."""

    task = "language"
    net = LanguageNet
    file = "tokenizer.json"
    use = 'recurra generate FOLDER "…"'
    more_is_better = ("tokens",)
    less_is_better = ("perplexity", "loss", "bits_per_byte", "dynamic_perplexity")

    plan: LanguageNet
    encoder: TextEncoder

    def log_probabilities(self, ids: TokenIds, *, streams: int = 1) -> Floats:
        """Natural logarithm of each token's probability given all before it: (tokens - 1,), the state carried on.

        Tokens stand in the order in which the model reads them (`stream`).

        With several `streams` the text is cut into as many consecutive parts that are swept side by side, which is
        quicker; only the first tokens of each part then lose what came before them. No token is left out.
        """
        found = np.empty(max(len(ids) - 1, 0), np.float64)
        # Empty, not None: None means whole sequences, whose states nobody asks for again.
        states: Sequence[ArrayState] | None = ()
        for places in _side_by_side(len(found), streams):
            projected, states = run(self.plan, self.tensors, places.carry(ids[places.values]), states)
            # Scores of all words are wide: 512 rows of 10,000 words are 20 MB.
            for start in range(0, len(projected), ROWS):
                rows = places.values[start : start + ROWS]
                found[rows] = self._scored(projected[start : start + ROWS], ids[rows + 1])
        return found

    def _scored(self, projected: Floats, targets: TokenIds) -> Floats:
        """Return the logarithm of each target's share of all words: projected (rows, size), targets (rows,)."""
        logits = next_logits(self.tensors, projected)
        # log Σ exp, with the highest taken away first, so that no exp overflows.
        highest = logits.max(axis=1, keepdims=True)
        total = np.log(np.exp(logits - highest).sum(axis=1)) + highest[:, 0]
        told: Floats = logits[np.arange(len(targets)), targets] - total
        return told

    def figures(self, lines: Sequence[str]) -> dict[str, Any]:
        """How the model does on lines: exact perplexity, its logarithm (nats a token), and the tokens predicted.

        `bits_per_byte` is there where no word of the lines is unknown to the model, `unknown_words` where some are.
        """
        ids = self.stream(lines)
        return self.figures_of(lines, ids, self.log_probabilities(ids))

    def figures_of(self, lines: Sequence[str], ids: TokenIds, scores: Floats) -> dict[str, Any]:
        """`figures` of lines whose tokens (tokens,) have these log probabilities (tokens - 1,)."""
        # The first token has nothing before it, and is not predicted.
        loss = -float(scores.mean())
        told = {"task": "language", "tokens": len(scores), "perplexity": float(np.exp(loss)), "loss": loss}
        # What stands for any unknown word is cheap to predict, and does not tell which bytes it was.
        if lost := lost_words(lines, ids, self.encoder.config):
            return {**told, "unknown_words": lost}
        first = detokenise([self.encoder.vocabulary.words[ids[0]]], self.encoder.config)
        read = scored_bytes(lines, self.encoder.config) - len(first.encode())
        return {**told, "bits_per_byte": loss * len(scores) / math.log(2) / read} if read > 0 else told

    def perplexity(self, texts: Sequence[str], *, streams: int = 1) -> float:
        """exp of the mean negative log probability of every token after the first, each text's <eos> counted.

        `streams` as in `log_probabilities`.
        """
        return float(np.exp(-self.log_probabilities(self.stream(texts), streams=streams).mean()))

    def stream(self, texts: Sequence[str]) -> TokenIds:
        """Return the ids of texts, <eos> after each, in the order in which the model reads them: (tokens,).

        Raises UsageError for fewer than two.
        """
        ids = stream_ids(texts, self.encoder, self.plan.direction)
        if len(ids) < 2:
            raise UsageError("perplexity needs two tokens or more", found=f"{len(ids)}")
        return ids

    def next_words(self, prompt: str, *, count: int = 10) -> list[tuple[str, float]]:
        """Return the most probable next words after a prompt, each with its probability, highest first."""
        self._require_forward()
        count = whole("count", count, least=1)
        projected, _ = self._read(self.ids_of(prompt, begins=True), ())
        shares = softmax(next_logits(self.tensors, projected[-1:]))[0]
        return [(self.encoder.vocabulary.words[place], float(shares[place])) for place in highest(shares, count)]

    def generate(
        self,
        prompt: str,
        *,
        tokens: int = 50,
        seed: int = 0,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        stop: str | Sequence[str] = (),
    ) -> str:
        """Go on from a prompt, drawing each word from the model; <unk> is never drawn.

        The text ends before the first of the texts in `stop`. Raises UsageError as `generated`.
        """
        stops, config = checked_stops(stop), self.encoder.config
        drawing = Drawing(temperature, top_k, top_p)
        # A token writes one character at least, so a stop that ends here lies within so many tokens.
        reach = max(map(len, stops), default=0)
        drawn: list[str] = []
        for token in self.generated(prompt, tokens=tokens, seed=seed, drawing=drawing):
            drawn.append(token)
            if stops and first_stop(detokenise(drawn[-reach:], config), stops) >= 0:
                text = detokenise(drawn, config)
                return text[: first_stop(text, stops)]
        return detokenise(drawn, config)

    def generated(self, prompt: str, *, tokens: int, seed: int, drawing: Drawing) -> Iterator[str]:
        """Yield the drawn words one by one; `<eos>` stands for the end of a line.

        Raises UsageError for less than one token, what is no seed, and a model that reads backward.
        """
        self._require_forward()
        tokens = whole("tokens", tokens, least=1, most=MOST_TOKENS)
        random = np.random.default_rng(seed_of("seed", seed))
        # The prompt in one sweep; from then on a token at a time, the state carried on.
        streams, scores = (
            streams_of(steps_of(self.plan, self.tensors), 1),
            np.empty((1, self.plan.output.words), np.float32),
        )
        ids = self.ids_of(prompt, begins=True)[:, None]
        streams.read(ids=ids, answers=scores, offsets=np.array([0, len(ids)]), every=False, raw=True)
        drawn = streams.draw(scores[0], random.random(), drawing)
        for left in range(tokens, 0, -1):
            yield self.encoder.vocabulary.words[drawn]
            drawn = streams.next(drawn, random.random(), drawing) if left > 1 else drawn

    def token_scores(self, text: str) -> list[tuple[str, float]]:
        """Return each token of a text with its log probability in nats, given all before it; each line ends in <eos>.

        The first one follows the end of a line, as a text's beginning does in training. A token that the model does not
        know is `<unk>`. Of a model that reads backward the tokens stand in the text's order too, each given all behind
        it; each line then begins with the <eos> that was predicted there.
        """
        direction = self.plan.direction
        ids = np.concatenate([np.array([EOS], np.int32), stream_ids(text.split("\n"), self.encoder)])
        read = in_direction(ids, direction)
        # What is read first is told by nothing.
        words = self.encoder.vocabulary.tokens(in_direction(read[1:], direction))
        return list(zip(words, in_direction(self.log_probabilities(read), direction).tolist(), strict=True))

    def _require_forward(self) -> None:
        if self.plan.direction == "backward":
            advice = "use evaluate, score and --init-from, or a model that reads forward"
            raise UsageError("this language model reads backward, and does not go on from a prompt", advice=advice)

    def ids_of(self, text: str, *, begins: bool) -> TokenIds:
        """Return the ids of a text's tokens; where it begins, it follows the end of a line, as in training."""
        ids = self.encoder.encode_whole([text])[0].astype(np.int64)
        return np.concatenate([np.array([EOS]), ids]) if begins else ids

    def _read(self, ids: TokenIds, states: Sequence[ArrayState] | None) -> tuple[Floats, Sequence[ArrayState] | None]:
        return run(self.plan, self.tensors, Ragged(ids, np.array([0, len(ids)], np.int64)), states)

    @property
    def finish(self) -> tuple[Finish, float]:
        """Scores become the probabilities of the next token."""
        return "softmax", 1.0

    @property
    def answer_names(self) -> tuple[str, ...]:
        """The tokens."""
        return self.encoder.vocabulary.words

    def told(self) -> dict[str, Any]:
        """Nothing beside the net."""
        return {}

    def selftest(self) -> dict[str, Any]:
        """The first scores after each synthetic text."""
        ids = synthetic_ids(self.plan.embedding.words)
        projected, _ = run(self.plan, self.tensors, ids, ())
        return {"logits": six_digits(next_logits(self.tensors, projected[ids.offsets[1:] - 1])[:, :8])}

    @property
    def fact(self) -> str:
        """The size of the vocabulary."""
        return f"Vocabulary: {len(self.encoder.vocabulary)} tokens."

    @classmethod
    def read(cls, held: Artefact, plan: LanguageNet) -> Self:
        """Check the encoder."""
        return cls(plan, held.tensors, encoder_of(held, plan.embedding.words))


def _side_by_side(count: int, streams: int) -> Iterator[Ragged[Integers]]:
    """Cut the places 0 … count - 1 into consecutive streams; yield about `ROWS` of them at a time, stream by stream.

    Raises UsageError for less than one stream.
    """
    streams = whole("streams", streams, least=1)
    # As even as whole numbers allow: lengths differ by one at most.
    bounds = np.arange(min(streams, count) + 1) * count // max(1, min(streams, count))
    steps = max(1, ROWS // streams)
    for start in range(0, int(np.diff(bounds).max(initial=0)), steps):
        # Near the end shorter streams give nothing more; `join` takes empty ones.
        cut = [np.minimum(np.array([start, start + steps]) + first, last) for first, last in pairwise(bounds)]
        yield join([np.arange(first, last) for first, last in cut])


def next_logits(tensors: Tensors, projected: Floats) -> Floats:
    """Projected states (rows, size) -> scores of all words (rows, words)."""
    return tied({"bias": tensors["output.bias"]}, projected, tensors["embedding.weight"])


MODEL = RunningLanguage
