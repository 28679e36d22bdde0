"""What is told of an explanation: each word with what it did to a class, and whether all of it adds up.

Not here: how effects are worked out (explain.py), and how a page shows them (tell.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Method = Literal["prefixes", "integrated gradients"]
TOLERANCE = 0.02
"""What effects may lack of the change of the log-odds: so much of it, or so much in all, whichever is more."""


@dataclass(frozen=True)
class WordEffect:
    """One word: characters `start` to `stop` of the text, and what it added to the log-odds of the class."""

    text: str
    start: int
    stop: int
    effect: float
    known: bool
    """Whether the model knows it, in whole or in pieces."""
    read: bool
    """Whether it was read: a model reads so many tokens of a text at most."""
    probability: float | None = None
    """The class's probability after this word; only of a net that reads forward and answers from its last state."""


@dataclass(frozen=True)
class Explanation:
    """What each word did to `label`: `before` + effects = `after`, log-odds, but for `missing`."""

    text: str
    label: str
    predicted: str
    """The most probable class."""
    probability: float
    """Of the label."""
    before: float
    """Log-odds of the label where no word is known."""
    after: float
    """Log-odds of the label for the whole text."""
    missing: float
    """after - before - all effects: how far they fail to add up."""
    method: Method
    points: int
    """Points on the way of integrated gradients; 0 for prefixes."""
    words: tuple[WordEffect, ...]

    @property
    def tolerance(self) -> float:
        """What may be missing."""
        return TOLERANCE * max(1.0, abs(self.after - self.before))

    @property
    def notes(self) -> list[str]:
        """What a reader must know besides."""
        unread = [word for word in self.words if not word.read]
        unknown = sum(not word.known for word in self.words if word.read)
        notes = []
        if not self.words:
            notes.append("the text holds no word: the answer is the one for an empty text")
        if unread:
            where = f"characters {unread[0].start} to {unread[-1].stop}"
            notes.append(f"{len(unread):,} of {len(self.words):,} words are not read (within {where}): see max_length")
        if unknown:
            notes.append(f"{unknown:,} of {len(self.words):,} words are unknown to the model")
        if abs(self.missing) > self.tolerance:
            notes.append(f"the effects do not add up: {self.missing:+.3f} of the log-odds is missing")
        return notes

    def record(self) -> dict[str, Any]:
        """Return all of it as plain JSON."""
        return {**asdict(self), "words": [asdict(word) for word in self.words], "notes": self.notes}

    def strongest(self, count: int) -> list[WordEffect]:
        """Return the words of largest effect, for or against, in the order of the text."""
        kept = sorted(self.words, key=lambda word: -abs(word.effect))[:count]
        return sorted(kept, key=lambda word: word.start)
