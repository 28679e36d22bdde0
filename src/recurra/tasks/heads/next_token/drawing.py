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
FEW = 32
"""Highest shares that are found one by one."""


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
        """Draw a token from the scores of all (words,), by a number in [0, 1).

        A race: token i arrives after a time drawn from the exponential distribution of mean 1 / its share, and the
        first one is drawn, with a probability of its share (Maddison, Tarlow & Minka 2014). So the same number draws
        the same token, however many others were looked at.
        """
        places = np.flatnonzero(self.shares(scores))
        taken = scores[places].astype(np.float64)
        # The logarithm of a time: T times it, and nothing overflows.
        late = self.how[0] * np.log(exponentials(uniform, places)) - (taken - taken.max())
        return int(places[late.argmin()])

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


def exponentials(uniform: float, places: NDArray[Any]) -> NDArray[np.float64]:
    """Numbers from the exponential distribution of mean 1, told by a number in [0, 1) and each place: (places,).

    Hashes of 64 bits, as in native/src/session/draw.cpp: splitmix64 (Steele, Lea & Flood 2014) of the number,
    lowbias32 (Wellons 2018) of the places.
    """
    first, second = divmod(_mixed64(int(np.float64(uniform).view(np.uint64))), 1 << 32)[::-1]
    keyed = _mixed32(places.astype(np.uint32) ^ np.uint32(first))
    high = _mixed32(keyed + np.uint32(second)).astype(np.float64)
    low = _mixed32((keyed ^ np.uint32(second)) + np.uint32(0x9E3779B9)).astype(np.float64)
    evenly = (high + (low + 0.5) * 2.0**-32) * 2.0**-32
    told: NDArray[np.float64] = -np.log1p(-np.minimum(evenly, 1.0 - 2.0**-53))
    return told


def _mixed64(bits: int) -> int:
    bits = (bits + 0x9E3779B97F4A7C15) % (1 << 64)
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9 % (1 << 64)
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB % (1 << 64)
    return bits ^ (bits >> 31)


def _mixed32(bits: Any) -> Any:
    # Arrays of 32 bits go round at their end.
    bits = (bits ^ (bits >> np.uint32(16))) * np.uint32(0x7FEB352D)
    bits = (bits ^ (bits >> np.uint32(15))) * np.uint32(0x846CA68B)
    return bits ^ (bits >> np.uint32(16))


def highest(shares: Floats, count: int) -> list[int]:
    """The places of the highest shares; of equal ones the first, whose word is more frequent, comes first."""
    if count > FEW:
        return np.argsort(-shares, kind="stable")[:count].tolist()  # type: ignore[no-any-return]
    # To look ten thousand words through takes 2 us, to sort them 500.
    left, found = shares.copy(), []
    for _ in range(min(count, len(shares))):
        found.append(int(left.argmax()))
        left[found[-1]] = -1
    return found


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
