"""Checks of single arguments that are no settings: whole numbers, numbers in a range, seeds; NumPy's count as Python's.

Not here: settings (config.py).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from recurra.errors import DataError, UsageError

LARGEST_SEED = 2**63 - 1


def whole(name: str, value: Any, *, least: int, most: int | None = None) -> int:
    """Return a whole number from `least` to `most`; raises UsageError that tells this range."""
    allowed = f"a whole number, {least:,} to {most:,}" if most is not None else f"a whole number of at least {least:,}"
    # True is an int in Python, and would pass for 1.
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise UsageError(name, found=_shown(value), allowed=allowed)
    if value < least or (most is not None and value > most):
        raise UsageError(name, found=_shown(value), allowed=allowed)
    return int(value)


def positive(name: str, value: Any) -> float:
    """Return a finite number above 0; raises UsageError for anything else."""
    if not _is_finite(value) or value <= 0:
        raise UsageError(name, found=_shown(value), allowed="a positive number")
    return float(value)


def share(name: str, value: Any) -> float:
    """Return a number from 0 on and below 1; raises UsageError for anything else."""
    if not _is_finite(value) or not 0 <= value < 1:
        raise UsageError(name, found=_shown(value), allowed="a share, from 0 (nothing) to below 1")
    return float(value)


def held_out(name: str, value: Any) -> float:
    """Return what is held out to choose by: a share below 1, or a whole number of units; raises UsageError else."""
    counted = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not _is_finite(value) or value < 0 or (value >= 1 and not counted):
        allowed = "a share below 1, or a whole number of texts, lines or windows; 0 holds nothing out"
        raise UsageError(name, found=_shown(value), allowed=allowed)
    return float(value)


def part_of(held: float, units: int, *, unit: str) -> float:
    """Return what is held out as a share of so many units; raises DataError where nothing would be left."""
    if held < 1:
        return held
    if held >= units:
        advice = "hold fewer out, or bring more"
        raise DataError(f"nothing is left to learn from: validation={held:.0f}", found=f"{units} {unit}", advice=advice)
    return held / units


def truth(name: str, value: Any) -> bool:
    """Return a truth value; raises UsageError for anything else."""
    if not isinstance(value, bool | np.bool_):
        raise UsageError(name, found=_shown(value), allowed="True or False")
    return bool(value)


def seed_of(name: str, value: Any) -> int:
    """Return the seed that scikit-learn's `random_state` stands for.

    A whole number is the seed. A RandomState or a Generator is asked for the next one, so a second fit with the same
    object learns otherwise. None asks the operating system; NumPy's global state is never touched.
    """
    if value is None:
        # From the operating system; NumPy's global generator belongs to the user.
        return int(np.random.default_rng().integers(2**32))
    if isinstance(value, np.random.RandomState):
        return int(value.randint(2**32, dtype=np.int64))
    if isinstance(value, np.random.Generator):
        return int(value.integers(2**32))
    try:
        return whole(name, value, least=0, most=LARGEST_SEED)
    except UsageError:
        allowed = f"None, a whole number from 0 to {LARGEST_SEED:,}, or a RandomState or Generator of NumPy"
        raise UsageError(name, found=_shown(value), allowed=allowed) from None


def _is_finite(value: Any) -> bool:
    # NumPy 2's float32 is no Python float, so both families are named.
    known = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return known and math.isfinite(value)


def _shown(value: Any) -> str:
    # NumPy 2 shows np.float64(1.5); the plain number is what somebody typed.
    shown = repr(value.item() if isinstance(value, np.generic) else value)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"
