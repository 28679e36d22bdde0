"""Times as features of a calendar: waves of the day, the week and the year; NumPy only.

Not here: reading time stamps (datasets/series/moments.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def calendar_features(times: NDArray[np.datetime64]) -> NDArray[np.float32]:
    """Return (steps, 6): sine and cosine of the hour in the day, the day in the week and the day in the year.

    The angles go once round in 24 hours, 7 days and 365.25 days. `times` are (steps,) and without a time zone.
    """
    days = times.astype("datetime64[D]")
    day = days.astype(np.int64)
    seconds = (times.astype("datetime64[s]") - days).astype(np.int64)
    of_year = (days - days.astype("datetime64[Y]")).astype(np.int64)
    monday_first = (day + 3) % 7  # 1970-01-01 was a Thursday
    turns = np.stack([seconds / 86_400, monday_first / 7, of_year / 365.25], axis=1)
    # Sine and cosine together: 23:00 and midnight lie side by side, and each hour has a place of its own.
    waves = np.stack([np.sin(2 * np.pi * turns), np.cos(2 * np.pi * turns)], axis=2)
    return waves.reshape(len(times), 6).astype(np.float32)
