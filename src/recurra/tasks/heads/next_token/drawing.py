"""How the next token is drawn from the scores of all: temperature, the k best, the nucleus; where a text stops.

Not here: the scores, and going on from a token that was drawn (run.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.arguments import positive, whole
from recurra.errors import UsageError
from recurra.layers.layer import Floats
from recurra.nets.run import softmax
from recurra.text.vocabulary import EMPTY, PAD, UNK

NEVER = [PAD, UNK, EMPTY]
"""Tokens that stand for no word."""


@dataclass(frozen=True)
class Drawing:
    """What may be drawn, and how boldly; a checked record.

    Raises UsageError for a temperature that is not positive, `top_k` below 0, and `top_p` that is not above 0 and at
    most 1.
    """

    temperature: float = 1.0
    top_k: int = 0
    """How many of the most probable tokens may be drawn (Fan et al. 2018); 0: all."""
    top_p: float = 1.0
    """The nucleus: only the fewest most probable tokens whose shares reach this are drawn (Holtzman et al. 2020)."""

    def __post_init__(self) -> None:
        """Check the choices, and keep them as plain numbers."""
        for name, value in (
            ("temperature", positive("temperature", self.temperature)),
            ("top_k", whole("top_k", self.top_k, least=0)),
            ("top_p", positive("top_p", self.top_p)),
        ):
            object.__setattr__(self, name, value)
        if self.top_p > 1:
            raise UsageError("top_p", found=f"{self.top_p:g}", allowed="a share above 0, at most 1 (all tokens)")

    @property
    def how(self) -> tuple[float, int, float]:
        """The choices as the native engine takes them."""
        # In float32 a smaller temperature is 0; nothing beyond these draws another token.
        return min(max(self.temperature, 1e-30), 1e30), self.top_k, self.top_p

    @property
    def never(self) -> list[int]:
        """Tokens that are never drawn: none of them is a word that could be written."""
        return NEVER

    def drawn(self, scores: Floats, uniform: float) -> int:
        """Draw a token from the scores of all (words,), by a number in [0, 1)."""
        reached = np.cumsum(self.shares(scores))
        return int(np.searchsorted(reached / reached[-1], uniform, side="right"))

    def shares(self, logits: Floats) -> NDArray[np.float64]:
        """Return the probability of each token to be drawn, of its scores: (words,) -> (words,)."""
        scores = logits.astype(np.float64)
        scores[NEVER] = -np.inf
        # The highest is 0 before it is divided: what the smallest temperature sends to -inf has no share.
        with np.errstate(over="ignore"):
            shares: Any = softmax((scores - scores.max()) / self.temperature)
        if self.top_k or self.top_p < 1:
            shares = self._best(shares)
        return np.asarray(shares)

    def _best(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        # Stable: of equal shares the more frequent word, whose id is lower, is kept.
        order = np.argsort(-shares, kind="stable")[: self.top_k or None]
        # The nucleus is taken of what the k best leave. The token that reaches the share belongs to it, so that
        # there always is one.
        reached = np.cumsum(shares[order]) / shares[order].sum()
        order = order[: int(np.searchsorted(reached, self.top_p - 1e-12)) + 1]
        kept = np.zeros_like(shares)
        kept[order] = shares[order] / shares[order].sum()
        return kept


def checked_stops(stop: Any) -> tuple[str, ...]:
    """Return the texts at which a text is to stop; raises UsageError for what is no text, or an empty one."""
    stops = (stop,) if isinstance(stop, str) else tuple(stop) if isinstance(stop, Sequence) else (stop,)
    for one in stops:
        if not isinstance(one, str) or not one:
            raise UsageError("stop", found=repr(one)[:60], allowed="a text, or a list of them, none empty")
    return stops


def first_stop(text: str, stops: Sequence[str]) -> int:
    """Return where the first of `stops` begins in a text; -1 where none does."""
    return min((place for place in map(text.find, stops) if place >= 0), default=-1)
