"""Marks by which a series is known again, without its values: what a net learnt from says nothing of the net's worth.

Not here: where they are asked (tasks/heads/panel/weighing.py).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from zlib import crc32

import numpy as np

from recurra.panels.series import Mask, Values

OLDEST = 8
"""Values at a series' beginning that are marked: they stay where it grows, or loses its end."""


def mark(values: Values) -> int:
    """Return the mark of a series (steps,), of its oldest values; 0: it is too short to be known again."""
    if len(values) < OLDEST:
        return 0
    # As singles: what was written as text and read again has the same mark.
    return crc32(np.asarray(values[:OLDEST], "<f4").tobytes())


def known_again(series: Sequence[Values], marks: Collection[int]) -> Mask:
    """Tell which series bear one of the marks: (series,)."""
    known = set(marks)
    return np.array([bool(known) and mark(values) in known for values in series], np.bool_)
