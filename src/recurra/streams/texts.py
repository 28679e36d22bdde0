"""Texts and observations read on by a net: after each line the answer to all that its stream has read.

Not here: how a net reads on (session.py), and which streams are kept (slots.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recurra.arguments import seed_of, whole
from recurra.errors import DataError, UsageError
from recurra.layers.layer import Floats
from recurra.session_pool import SessionPool
from recurra.streams.lines import Line
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.next_token.drawing import Drawing
from recurra.tasks.heads.next_token.run import MOST_TOKENS, RunningLanguage
from recurra.text.stream import detokenise
from recurra.text.vocabulary import EOS

Told = tuple[dict[str, Any], list[str]]
"""What is answered, and warnings."""


@dataclass(frozen=True)
class Ahead:
    """What a language model tells after a line: its most probable next words, or a text that goes on."""

    words: int = 5
    generate: int = 0
    """Tokens that are drawn instead; the stream does not read them."""
    drawing: Drawing = field(default_factory=Drawing)
    seed: int = 0


class NetStreams:
    """Streams that a net reads on: of texts, or of observations where it is an imported net."""

    def __init__(self, model: Any, most: int, ahead: Ahead | None = None) -> None:
        """Raises UsageError for a net that cannot read on, with what to train instead, and for wrong choices."""
        self.pool = SessionPool(model, most)
        self.model, self.ahead = self.pool.model, ahead or Ahead()
        whole("tokens to generate", self.ahead.generate, least=0, most=MOST_TOKENS)
        whole("next words", self.ahead.words, least=1)
        self._random = np.random.default_rng(seed_of("seed", self.ahead.seed))
        self._language = isinstance(self.model, RunningLanguage)
        self._read = [0] * most

    @property
    def reads_texts(self) -> bool:
        """Whether lines are texts; else they are observations."""
        return bool(self.model.task != "sequence")

    def begin(self, slot: int) -> None:
        """Let what stood in a slot be forgotten."""
        self.pool.reset([slot])
        self._read[slot] = 0

    def read(self, slot: int) -> int:
        """How many tokens or observations a stream has read."""
        return self._read[slot]

    def push(self, slot: int, line: Line) -> Told:
        """Read a line -> what is answered to all that the stream has read. Raises DataError for what cannot be read.

        The stream is then as it was.
        """
        answer = self._text(slot, line) if self.reads_texts else self._observation(slot, line)
        told = self._continued(slot, answer) if self._language else self._named(answer)
        return {"read": self.read(slot), **told}, []

    def _text(self, slot: int, line: Line) -> Floats:
        ids = self.model.ids_of(line.item, begins=False)
        if not len(ids):
            raise DataError("no token in this line", place=line.place, found=f"{line.item!r:.60}")
        # A language model learnt lines, each behind the end of another; the first one's is read with it.
        if self._language and self.read(slot):
            self.pool.push(np.array([EOS]), [slot])
        answer: Floats = self.pool.push([line.item], [slot])[0]
        self._read[slot] += len(ids) + self._language
        return answer

    def _observation(self, slot: int, line: Line) -> Floats:
        try:
            ids = self.model.plan.words is not None
            # Token ids are read one after another, numbers together.
            items = np.array(line.item if ids else [line.item], None if ids else np.float64)
            answer: Floats = self.pool.push(items, [slot] * len(items))[-1]
        except (UsageError, ValueError, TypeError, IndexError) as problem:
            raise DataError("no observation", place=line.place, found=str(problem)[:200]) from None
        self._read[slot] += len(items)
        return answer

    def _named(self, answer: Floats) -> dict[str, Any]:
        names = self.pool.names
        told = dict(zip(names, answer.tolist(), strict=True)) if names else answer.tolist()
        if isinstance(self.model, RunningClassifier):
            return {"label": names[int(answer.argmax())], "probabilities": told}
        return {"answer": told}

    def _continued(self, slot: int, shares: Floats) -> dict[str, Any]:
        words, ahead = self.pool.names, self.ahead
        if not ahead.generate:
            # All words that may be among the best, sorted: to sort ten thousand takes longer than to read the line.
            count = min(ahead.words, len(shares))
            among = np.flatnonzero(shares >= np.partition(shares, -count)[-count])
            # Stable: of equal shares, the word that is more frequent comes first, as in `generate --next`.
            best = among[np.argsort(-shares[among], kind="stable")[:count]]
            return {"next": [{"word": words[place], "probability": float(shares[place])} for place in best]}
        # A fork goes on: what is drawn is not what came.
        fork, drawing = self.pool.session(slot), ahead.drawing
        with np.errstate(divide="ignore"):
            drawn = [drawing.drawn(np.log(shares), self._random.random())]
        how = {"temperature": drawing.temperature, "top_k": drawing.top_k, "top_p": drawing.top_p}
        for _ in range(ahead.generate - 1):
            drawn.append(fork.sample(drawn[-1], self._random, **how))  # type: ignore[arg-type]
        return {"text": detokenise([words[token] for token in drawn], self.model.encoder.config)}
