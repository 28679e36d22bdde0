"""What is asked about a text, and what is told of it: each word with what it did, and whether all of it adds up.

Not here: what may be asked (heads/KIND/explain.py), how effects are worked out (effects.py), pages (explained.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recurra.errors import UsageError
from recurra.layers.layer import Floats

Method = Literal["prefixes", "integrated gradients"]
Asked = Literal["class", "label", "level", "number"]
"""A class against all others, one label by itself, a class in an order or more, a number in its unit."""
TOLERANCE = 0.02
"""What effects may lack of the change: so much of it, or so much of a unit in all, whichever is more."""


@dataclass(frozen=True)
class Question:
    """One thing that a model answers about a text, as a function of its net's columns."""

    asked: Asked
    label: str
    predicted: str
    probability: float | None
    # In the net's own scale, where a spread is 1: errors go back through the net in float32.
    measured: Callable[[Floats], tuple[NDArray[np.float64], NDArray[np.float64]]]
    """Columns (rows, columns) -> values (rows,), and their slopes (rows, columns)."""
    origin: float = 0.0
    unit: float = 1.0
    """What is told is origin + unit x value."""


def one_column(chosen: int | NDArray[Any], columns: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values (rows,) that are one column each, `chosen` for all rows or for each (rows,), and their slopes."""
    rows = np.arange(len(columns))
    slopes = np.zeros(columns.shape)
    slopes[rows, chosen] = 1.0
    return columns[rows, chosen].astype(np.float64), slopes


def chosen_label(label: str, labels: Sequence[str]) -> int:
    """Return the place of a label; raises UsageError for one that is not there."""
    if label not in labels:
        raise UsageError("label to explain", found=repr(label)[:60], allowed=", ".join(labels)[:200])
    return labels.index(label)


@dataclass(frozen=True)
class WordEffect:
    """One word: characters `start` to `stop` of the text, and what it added to what is asked."""

    text: str
    start: int
    stop: int
    effect: float
    known: bool
    """Whether the model knows it, in whole or in pieces."""
    read: bool
    """Whether it was read: a model reads so many tokens of a text at most."""
    probability: float | None = None
    """The probability after this word; only of a net that reads forward and answers from its last state."""
    number: float | None = None
    """The same of a number."""


@dataclass(frozen=True)
class Explanation:
    """What each word did to `label`: `before` + effects = `after`, but for `missing`.

    They are log-odds, or of a regressor in the number's unit.
    """

    text: str
    label: str
    """The class, the label or the number's name; of a level, that class or a higher one is meant."""
    predicted: str
    """The model's answer: the most probable class, all labels that are said, the class in an order, the number."""
    probability: float | None
    """Of the label; of a level that it is reached; a number has none."""
    before: float
    """Where no word is known."""
    after: float
    """For the whole text."""
    missing: float
    """after - before - all effects: how far they fail to add up."""
    method: Method
    points: int
    """Points on the way of integrated gradients; 0 for prefixes."""
    words: tuple[WordEffect, ...]
    asked: Asked = "class"
    unit: float = 1.0
    """1 for log-odds; of a number its spread in training."""

    @property
    def question(self) -> str:
        """What the effects argue for, in words."""
        return f"{self.label} or more" if self.asked == "level" else self.label

    @property
    def scale(self) -> str:
        """What the effects are told in."""
        return "number" if self.asked == "number" else "log-odds"

    def signed(self, value: float) -> str:
        """Write an effect; a number may be of any size."""
        return f"{value:+.6g}" if self.asked == "number" else f"{value:+.4f}"

    @property
    def tolerance(self) -> float:
        """What may be missing."""
        return TOLERANCE * max(self.unit, abs(self.after - self.before))

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
            notes.append(f"the effects do not add up: {self.signed(self.missing)} of the {self.scale} is missing")
        return notes

    def record(self) -> dict[str, Any]:
        """Return all of it as plain JSON."""
        return {**asdict(self), "words": [asdict(word) for word in self.words], "notes": self.notes}

    def strongest(self, count: int) -> list[WordEffect]:
        """Return the words of largest effect, for or against, in the order of the text."""
        kept = sorted(self.words, key=lambda word: -abs(word.effect))[:count]
        return sorted(kept, key=lambda word: word.start)
