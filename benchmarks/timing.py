"""Steps taken in turn and their medians, real lengths, the processor's peak: what every timing here is made with.

Not here: what is timed. Ratios are taken in one run: seconds of different runs on a shared machine do not compare.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from smoke import SMOKE, sized

from recurra.batches import Integers
from recurra.config import TextConfig
from recurra.datasets.known.imdb import load_imdb
from recurra.engine.native import compiled
from recurra.errors import DataError
from recurra.text.tokenise import tokenise

INPUTS, HIDDEN, SEQUENCES, STEPS, LONGEST = sized((100, 128, 64, 256, 500), (10, 8, 4, 12, 20))
ROUNDS = 9
THREADS = sized(2, 1)
PAUSE = sized(0.02, 0.0)
BURST = sized(0.01, 0.0)
WORK = sized(5_000_000, 1_000)
"""Seconds that a burst of short steps takes at least."""
NAMES = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
Step = Callable[[], float | None]
"""One step; one that another process takes returns its own seconds."""


def in_turn(ours: Step, theirs: Step, *, rounds: int = ROUNDS, warm: int = 2) -> dict[str, float]:
    """Medians of steps taken in turn, and how much longer the rival takes."""
    warm, rounds = sized((warm, rounds), (1, 1))
    for _ in range(warm):
        ours()
        theirs()
    pairs = [(timed(ours), timed(theirs)) for _ in range(rounds)]
    mine, other = (statistics.median(one) for one in zip(*pairs, strict=True))
    return {"seconds": mine, "rival_seconds": other, "ratio": other / mine}


def burst(step: Step) -> Step:
    """Return a step that takes a short one again and again, as a loop does, and tells the seconds of one.

    A single call of a tenth of a millisecond, after a pause, would tell how long caches and threads take to wake.
    """
    step()
    started = time.perf_counter()
    step()
    times = max(1, round(BURST / max(time.perf_counter() - started, 1e-6)))

    def bursts() -> float:
        step()
        started = time.perf_counter()
        for _ in range(times):
            step()
        return (time.perf_counter() - started) / times

    return bursts


def seconds(step: Step, rounds: int = ROUNDS) -> float:
    """Median seconds of a step."""
    step()
    step()
    return statistics.median(timed(step) for _ in range(sized(rounds, 1)))


def timed(step: Step) -> float:
    """Seconds of one call, after a pause: the other's threads still look for work for a while when it is done."""
    time.sleep(PAUSE)
    started = time.perf_counter()
    told = step()
    return told if isinstance(told, float) else time.perf_counter() - started


def peak() -> float:
    """GFLOP/s of multiply-adds on registers, the best of five."""
    rates = []
    for _ in range(5):
        started = time.perf_counter()
        done = float(compiled.peak_work(WORK, THREADS))
        rates.append(done / (time.perf_counter() - started) / 1e9)
    return max(rates)


def work(cell: str, *, inputs: int = INPUTS, hidden: int = HIDDEN) -> float:
    """Floating-point operations of the products of a training step, forward and backward."""
    return 3 * 2 * GATES[cell] * hidden * (inputs + hidden) * SEQUENCES * STEPS


def review_lengths(count: int) -> Integers:
    """Words of real reviews, at most 500; without IMDB, and in a smoke run, lengths spread like theirs."""
    texts = reviews(count)
    if texts is None:
        drawn = np.random.default_rng(0).lognormal(5.3, 0.65, count)
        return np.clip(drawn, 10, LONGEST).astype(np.int64)
    return np.array([min(len(text.split()), LONGEST) for text in texts])


def review_words(count: int) -> tuple[Integers, Integers]:
    """Real reviews, at most 500 tokens each: which of their distinct words each token is, and the offsets."""
    texts = ["a small film"] * count if SMOKE else reviews(count)
    if texts is None:
        raise SystemExit("real reviews are not at hand: recurra data get imdb, or RECURRA_DATA")
    tokens = [tokenise(text, TextConfig())[:LONGEST] for text in texts]
    _, rows = np.unique(np.concatenate(tokens), return_inverse=True)
    return rows, np.cumsum([0, *map(len, tokens)])


def reviews(count: int) -> list[str] | None:
    """So many of IMDB's training reviews, drawn at random; None where it is not at hand."""
    if SMOKE:
        return None
    try:
        texts = load_imdb().train.texts
    except DataError:
        return None
    return [texts[row] for row in np.random.default_rng(0).permutation(len(texts))[:count]]
