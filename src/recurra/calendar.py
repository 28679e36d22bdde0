"""Times as features of a calendar: waves of the day, the week, the month and the year; NumPy only.

Not here: reading time stamps (datasets/series/moments.py), and when a forecaster reads them (panels/tables.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Wave = Literal["hour", "weekday", "day of month", "day of year"]
WAVES: dict[Wave, int] = {"hour": 6, "weekday": 7, "day of month": 2, "day of year": 4}
"""How many numbers each is told in: sines and cosines of its first harmonics; a weekday is one of seven."""
LENGTHS: dict[Wave, float] = {"hour": 1, "weekday": 7, "day of month": 30.4375, "day of year": 365.25}
"""Days in which each goes round."""


def calendar_waves(times: NDArray[np.datetime64], kinds: Sequence[Wave]) -> NDArray[np.float32]:
    """Return the numbers of several kinds side by side: (steps, numbers); `times` (steps,) are what clocks show."""
    days = times.astype("datetime64[D]")
    turns: dict[Wave, NDArray[np.float64]] = {
        "hour": (times.astype("datetime64[s]") - days).astype(np.int64) / 86_400,
        "day of month": (days - days.astype("datetime64[M]")).astype(np.int64) / LENGTHS["day of month"],
        "day of year": (days - days.astype("datetime64[Y]")).astype(np.int64) / LENGTHS["day of year"],
    }
    told = [np.zeros((len(times), 0))]
    for kind in kinds:
        if kind == "weekday":
            # No wave: a Sunday is not halfway between its neighbours. 1970-01-01 was a Thursday.
            told.append(np.eye(7)[(days.astype(np.int64) + 3) % 7])
            continue
        # Sine and cosine together: 23:00 and midnight lie side by side, and each hour has a place of its own.
        angles = 2 * np.pi * turns[kind][:, None] * np.arange(1, WAVES[kind] // 2 + 1)
        told += [np.sin(angles), np.cos(angles)]
    return np.concatenate(told, axis=1).astype(np.float32)


def waves_for(step: float, history: float) -> tuple[Wave, ...]:
    """Return the kinds that a history (in days) of steps of so many days shows: those that went round twice in it.

    What a single step passes over, such as the hour of a day, is no rhythm of it.
    """
    return tuple(kind for kind, length in LENGTHS.items() if 2 * step <= length and 2 * length <= history)
