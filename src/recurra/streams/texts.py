"""Texts and observations read on by a net: after each line the answer to all that its stream has read.

Not here: how a net reads on (session.py), and which streams are kept (slots.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.arguments import seed_of, whole
from recurra.errors import DataError, UsageError
from recurra.layers.layer import Floats
from recurra.session_items import require_readable, tokens_of
from recurra.session_pool import SessionPool, read_runs
from recurra.streams.lines import TOGETHER, Line, Told, Waiting
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.next_token.drawing import Drawing, highest
from recurra.tasks.heads.next_token.run import MOST_TOKENS, RunningLanguage
from recurra.text.stream import detokenise


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

    together = TOGETHER

    def __init__(self, model: Any, most: int, ahead: Ahead | None = None) -> None:
        """Raises UsageError for a net that cannot read on, with what to train instead, and for wrong choices."""
        self.pool = SessionPool(model, most)
        self.model, self.ahead = self.pool.model, ahead or Ahead()
        whole("tokens to generate", self.ahead.generate, least=0, most=MOST_TOKENS)
        whole("next words", self.ahead.words, least=1)
        self._random = np.random.default_rng(seed_of("seed", self.ahead.seed))
        self._language = isinstance(self.model, RunningLanguage)
        self._read = np.zeros(most, np.int64)

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
        return int(self._read[slot])

    def item(self, line: Line) -> NDArray[Any]:
        """Return what is read of a line: (tokens, ids of a token) or (1, features); raises DataError."""
        return self._ids(line) if self.reads_texts else self._observation(line)

    @property
    def repeats(self) -> bool:
        """Whether lines of one stream may be read together: each is answered from where its stream then stands."""
        return not self.ahead.generate

    def push(self, waiting: Sequence[Waiting]) -> list[Told]:
        """Read lines in one call -> what is answered to each, and to all that its stream had read by then."""
        ends = np.cumsum([0, *(len(each.item) for each in waiting)])
        tokens = np.concatenate([each.item for each in waiting])
        answers = read_runs(self.pool, tokens, ends, np.array([each.slot for each in waiting], np.int64))
        told = []
        for (_, slot, item), answer in zip(waiting, answers, strict=True):
            begins = not self.read(slot)
            self._read[slot] += len(item)
            named = self._continued(slot, answer) if self._language else self._named(answer)
            told.append(Told(begins, {"read": self.read(slot), **named}))
        return told

    def _ids(self, line: Line) -> NDArray[Any]:
        # A language model learnt lines, each behind the end of another: that stands before each of them.
        ids = self.model.ids_of(line.item, begins=True)
        if len(ids) == self._language:
            raise DataError("no token in this line", place=line.place, found=f"{line.item!r:.60}")
        return tokens_of(ids, self.pool.steps)

    def _observation(self, line: Line) -> NDArray[Any]:
        given = line.item
        try:
            if self.model.plan.words is None:
                given = np.array([given], np.float64)
            elif any(isinstance(cell, str) for cell in given):
                # Plain files hold texts.
                given = [int(cell) for cell in given]
            items = tokens_of(given, self.pool.steps)
            require_readable(items, self.pool.steps)
        except (UsageError, ValueError, TypeError) as problem:
            raise DataError("no observation", place=line.place, found=str(problem)[:200]) from None
        if not len(items):
            raise DataError("no token in this line", place=line.place)
        return items

    def _named(self, answer: Floats) -> dict[str, Any]:
        names = self.pool.names
        told = dict(zip(names, answer.tolist(), strict=True)) if names else answer.tolist()
        if isinstance(self.model, RunningClassifier):
            return {"label": names[int(answer.argmax())], "probabilities": told}
        return {"answer": told}

    def _continued(self, slot: int, shares: Floats) -> dict[str, Any]:
        words, ahead = self.pool.names, self.ahead
        if not ahead.generate:
            # Of equal shares, the word that is more frequent comes first, as in `generate --next`.
            best = highest(shares, ahead.words)
            return {"next": [{"word": words[place], "probability": float(shares[place])} for place in best]}
        # A fork goes on: what is drawn is not what came.
        fork, drawing = self.pool.session(slot), ahead.drawing
        how = {"temperature": drawing.temperature, "top_k": drawing.top_k, "top_p": drawing.top_p}
        drawn = [fork.draw(shares, self._random, **how)]  # type: ignore[arg-type]
        for _ in range(ahead.generate - 1):
            drawn.append(fork.sample(drawn[-1], self._random, **how))  # type: ignore[arg-type]
        return {"text": detokenise([words[token] for token in drawn], self.model.encoder.config)}
