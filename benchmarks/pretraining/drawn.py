"""Batches that the forecaster in the box learns from: windows of invented and of measured series, of one rhythm each.

Not here: the series (bank.py, src/recurra/panels/generator.py), learning (pretrain_series.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pretraining.bank import Bank, Rhythm
from recurra.panels.generator import invent
from recurra.panels.patches import PATCH, patches

RHYTHMS: dict[Rhythm, float] = {
    (1, 0): 20, (1, 52): 8, (4, 0): 9, (12, 0): 19, (7, 0): 6, (7, 365): 3, (24, 0): 6, (24, 168): 14, (48, 0): 2,
    (48, 336): 5, (52, 0): 3, (5, 0): 2, (96, 0): 1.5, (0, 0): 6,
}  # fmt: skip
"""How often each is drawn; (0, 0) stands for a season of any length."""
AHEAD = {1: (4, 24), 4: (4, 16), 12: (6, 36), 5: (5, 40), 7: (7, 64)}
"""Steps that are asked for, by season; else (season, 64)."""
LENGTHS = (32, 64, 128, 256, 512)
TOKENS = 32
"""Tokens of the longest usual window: a batch of shorter ones has more windows."""
FARTHEST = 50.0
"""Spreads beyond which a truth is cut off."""
LARGEST = 30.0
"""Of a logarithm."""


@dataclass(frozen=True)
class Feed:
    """Batches without end: `share` of the windows are measured ones where there are any of the rhythm."""

    bank: Bank
    windows: int
    share: float = 0.5

    def batches(self, seed: list[int]) -> Iterator[dict[str, NDArray[Any]]]:
        """Draw; a process of its own draws with a seed of its own."""
        random = np.random.default_rng(seed)
        rhythms, chances = list(RHYTHMS), np.array(list(RHYTHMS.values())) / sum(RHYTHMS.values())
        while True:
            season, second = rhythms[random.choice(len(rhythms), p=chances)]
            if not season:
                season = int(random.integers(2, 65))
            yield self.batch(random, season, second)

    def batch(self, random: np.random.Generator, season: int, second: int) -> dict[str, NDArray[Any]]:
        """Return what is read of windows, and what came after them."""
        least = max(2 * season, second + season)
        fitting = [length for length in LENGTHS if length >= least]
        length = int(random.choice(fitting[:-1] if season == 1 and not second else fitting[-3:]))
        count = min(self.windows * TOKENS * PATCH // length, 4 * self.windows)
        low, high = AHEAD.get(season, (min(season, 48), 64))
        horizon = int(random.integers(low, high + 1))
        log = bool(random.random() < 0.6)
        drawn, begins, ends = self._drawn(random, count, (length, horizon), (season, second), log)
        # Half of the windows are of series that began within them.
        shorter = random.integers(0, length - min(max(season // 2, 3), length // 2), count)
        begins = np.where(random.random(count) < 0.5, np.maximum(begins, shorter), begins)
        there = np.arange(length)[None] >= begins[:, None]
        there &= (random.random(there.shape) > 0.04) | (random.random((count, 1)) > 0.1)
        contexts = _begun(drawn[:, :length], begins, season)
        read = patches(contexts, there, season=season, second=second, horizon=horizon, log=log)
        truths = np.clip(read.asked(drawn[:, length:], log), -FARTHEST, FARTHEST)
        # A series of fewer than three values says nothing of its own size.
        asked = (np.arange(horizon)[None] < ends[:, None]) & (length - begins >= 3)[:, None]
        return {
            "tokens": read.tokens.astype(np.float16), "told": read.told, "simple": read.simple,
            "seen": read.seen.astype(np.float16), "phases": read.phases, "truths": truths,
            "asked": asked.astype(np.float32),
        }  # fmt: skip

    def _drawn(
        self, random: np.random.Generator, count: int, sizes: tuple[int, int], rhythm: Rhythm, log: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """Return series (count, length + horizon), where each begins, and how many steps of the horizon are known."""
        length, horizon = sizes
        measured = int(count * self.share) if rhythm in self.bank.series else 0
        invented = invent(random, count - measured, length + horizon, *rhythm).astype(np.float64)
        invented *= np.where(random.random((len(invented), 1)) < 0.3, -1, 1)
        if log:
            spread = np.exp(random.uniform(np.log(0.02), np.log(0.8), (len(invented), 1)))
            invented = np.exp(np.clip(invented * spread, -LARGEST, LARGEST))
        else:
            invented += random.normal(size=(len(invented), 1)) * np.exp(random.uniform(-2, 4, (len(invented), 1)))
        series = self.bank.draw(random, rhythm, measured) if measured else []
        rows = [_piece(random, values, length, horizon, log) for values in series]
        drawn = np.concatenate([invented, *(row[None] for row, _, _ in rows)])
        begins = np.array([0] * len(invented) + [begin for _, begin, _ in rows])
        return drawn, begins, np.array([horizon] * len(invented) + [end for _, _, end in rows])


def _piece(
    random: np.random.Generator, values: Any, length: int, horizon: int, log: bool
) -> tuple[NDArray[np.float64], int, int]:
    """Return what stands around a place of a measured series, where that begins, and how far it goes on."""
    origin = int(random.integers(4, max(len(values) - horizon, 5) + 1))
    piece = values[max(origin - length, 0) : origin + horizon]
    if log and piece.min() <= 0:
        piece = piece - piece.min() + 0.5 * (piece.std() + 1e-9)
    elif not log and random.random() < 0.3:
        piece = -piece
    begin = max(length - origin, 0)
    rest = length + horizon - begin - len(piece)
    return np.concatenate([np.full(begin, piece[0]), piece, np.full(rest, piece[-1])]), begin, horizon - rest


def _begun(contexts: NDArray[np.float64], begins: NDArray[np.int64], season: int) -> NDArray[np.float64]:
    """Repeat the first season of a series before its beginning, as windows of panels do."""
    places = np.arange(contexts.shape[1])[None]
    round_ = np.minimum(season, contexts.shape[1] - begins)[:, None]
    filled = begins[:, None] + np.remainder(places - begins[:, None], round_)
    return np.take_along_axis(contexts, np.where(places < begins[:, None], filled, places), axis=1)
