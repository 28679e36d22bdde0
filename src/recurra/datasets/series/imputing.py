"""Fill missing values of a series, fitted on its training part only, with a mask of what was filled.

Not here: missing times (checks.py).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from recurra.errors import DataError, UsageError

Impute = Literal["ffill", "linear", "zero"]


def impute(values: np.ndarray, how: Impute, *, train: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (filled values, mask of the filled ones), both (steps,), for one series with NaN where a value is missing.

    `train` is the number of steps that training may see. ffill carries the last value on; linear draws a line between
    the known training values, and behind the training part carries on, since its neighbours ahead are the future;
    zero writes 0. What stands before the first value gets the first training value (zero: 0).
    Raises DataError when the training part has no value at all.
    """
    if how not in ("ffill", "linear", "zero"):
        raise UsageError("impute", found=repr(how), allowed="ffill, linear, zero")
    mask = np.isnan(values)
    if how == "zero":
        return np.where(mask, 0.0, values), mask
    known = np.flatnonzero(~mask[:train])
    if not known.size:
        raise DataError("no known value in the training part to fill from", found=f"{train:,} steps, all missing")
    last = np.maximum.accumulate(np.where(mask, -1, np.arange(values.size)))
    filled = np.where(last >= 0, values[last], values[known[0]])
    if how == "linear":
        filled[:train] = np.interp(np.arange(train), known, values[known])
    return filled, mask
