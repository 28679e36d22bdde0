"""How many batches nets of segments may learn from within a given time: a few batches are timed before.

Not here: learning (learn.py), how many they would take without a bound (tasks/panels.py).
"""

from __future__ import annotations

import time

import numpy as np

from recurra.layers.segments.run import SegmentsSpec, cut_windows, read_windows, segments
from recurra.tasks.heads.panel.finish import SHORTER
from recurra.tasks.heads.panel.parts import Taught

LEARNING = 3.0
"""How many times as long a step of learning takes as the net's answers."""
SPARE = 0.85
"""Share of the time that nets get; the rest is for reading, weighing and judging."""
LEAST = 40
"""Batches below which a net is not worth its time."""


def within(
    minutes: float, taught: Taught, spec: SegmentsSpec, *, rows: int, epochs: int, members: int, weighs: bool
) -> tuple[int, int]:
    """Return how many members learn, and how many batches an epoch they have at most; one that weighs is beside them.

    Where the time is too short for all, one member learns; then none.
    """
    seconds = _seconds_of_batch(taught, spec, rows)
    for number in (members, 1):
        # A first net learns in full, and the members go on from it.
        nets = 1 + SHORTER * number if weighs else number
        affordable = int(SPARE * 60 * minutes / (seconds * nets))
        if affordable >= LEAST:
            return number, max(1, affordable // epochs)
    return 0, 1


def _seconds_of_batch(taught: Taught, spec: SegmentsSpec, rows: int) -> float:
    """Time reading a batch of windows and answering it; learning takes longer by a known factor."""
    random = np.random.default_rng(0)
    weights = {name: np.zeros(shape, np.float32) for name, shape in spec.weights().items()}
    spent = []
    for _ in range(3):
        began = time.perf_counter()
        series = random.integers(0, len(taught.panel), rows)
        origins = taught.firsts[series] + random.integers(0, taught.counts[series])
        read = read_windows(spec, cut_windows(spec, taught.panel, series, origins))
        half = time.perf_counter()
        segments(spec, weights, read)
        spent.append(half - began + LEARNING * (time.perf_counter() - half))
    # The first is slow for other reasons: pages and caches.
    return min(spent)
