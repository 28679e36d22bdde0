"""The values of a panel made ready: numbers without blanks, filled from the past alone, and which of them are known.

Not here: seasons (seasons.py), classical forecasts (classics.py), windows (windows.py), reading tables (datasets).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from recurra.panels.beside import Beside

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]
LONGEST_BRIDGE = 8
"""Steps from one known value to the next over which a line is drawn."""


@dataclass(frozen=True, eq=False)
class Panel:
    """Series one behind the other: `flat` (values,) without blanks, `known` (values,), where each one ends.

    Series i is `flat[starts[i] : ends[i]]`; one without any known value has the length 0.
    """

    flat: Values
    known: Mask
    lengths: NDArray[np.int64]
    beside: Beside | None = None
    """Covariates and calendar; none where nothing stands beside the values."""

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Where each series ends in `flat`: (series,)."""
        # Kept: every batch of windows asks for them.
        return np.cumsum(self.lengths)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where each series begins in `flat`: (series,)."""
        return self.ends - self.lengths

    def __len__(self) -> int:
        """How many series there are."""
        return len(self.lengths)

    def series(self) -> list[Values]:
        """Return each series, oldest value first."""
        return np.split(self.flat, self.ends[:-1]) if len(self) else []

    def masks(self) -> list[Mask]:
        """Return which values of each series are known."""
        return np.split(self.known, self.ends[:-1]) if len(self) else []

    def without_last(self, steps: int) -> Panel:
        """Return the panel before its last `steps` values; a shorter series keeps none."""
        kept = np.maximum(self.lengths - steps, 0).tolist()
        series = [values[:end] for values, end in zip(self.series(), kept, strict=True)]
        masks = [known[:end] for known, end in zip(self.masks(), kept, strict=True)]
        # What stands beside is read around an origin alone, and need not be cut.
        return replace(joined(series, masks), beside=self.beside)

    def newest(self, steps: int) -> Panel:
        """Return the newest `steps` values of each series; 0: all."""
        if not steps or not (self.lengths > steps).any():
            return self
        series = [values[-steps:] for values in self.series()]
        beside = self.beside and self.beside.later(np.maximum(self.lengths - steps, 0))
        return replace(joined(series, [known[-steps:] for known in self.masks()]), beside=beside)

    def taken(self, rows: NDArray[np.int64]) -> Panel:
        """Return some of the series, in the order of `rows`."""
        # Of many large series a copy would be felt.
        if np.array_equal(rows, np.arange(len(self))):
            return self
        series, masks = self.series(), self.masks()
        beside = self.beside and self.beside.taken(rows)
        return replace(joined([series[row] for row in rows], [masks[row] for row in rows]), beside=beside)


def joined(series: Sequence[Values], known: Sequence[Mask]) -> Panel:
    """Put series that are filled already one behind the other."""
    flat = np.concatenate(series) if series else np.zeros(0)
    mask = np.concatenate(known) if known else np.zeros(0, np.bool_)
    return Panel(flat, mask, np.array([len(values) for values in series], np.int64))


def panel_of(series: Sequence[Values], season: int = 1) -> Panel:
    """Return a panel of series (steps,) that may hold NaN: blanks before the first known value are left out.

    A blank further on takes the value a season before it, or the newest one where that is a blank, too: nothing is
    filled from what comes later, so that a cut anywhere leaves no trace of what is behind it.
    """
    filled, masks = [], []
    for values in series:
        known = np.isfinite(values)
        first = int(np.argmax(known)) if known.any() else len(values)
        known = known[first:]
        filled.append(_filled(values[first:], known, season))
        masks.append(known)
    return joined(filled, masks)


def bridged(values: Values) -> Values:
    """Return what a season is looked for in, of a series (steps,) with NaN: lines over its blanks, so that phases stay.

    Over a long gap a line tells of slow waves that are none: the longest part without one is taken, where most values
    stand in it.
    """
    known = np.flatnonzero(np.isfinite(values))
    if len(known) in (0, len(values)):
        return values[: len(known)]
    parts = np.split(known, np.flatnonzero(np.diff(known) > LONGEST_BRIDGE) + 1)
    longest = max(parts, key=len)
    known = longest if 2 * len(longest) >= len(known) else known
    return np.interp(np.arange(known[0], known[-1] + 1), known, values[known])


def _filled(values: Values, known: Mask, season: int) -> Values:
    if known.all():
        return values.astype(np.float64, copy=False)
    filled = values.astype(np.float64)
    # In order, so that a long gap repeats its last season again and again.
    for place in np.flatnonzero(~known):
        filled[place] = filled[place - season] if place >= season else filled[place - 1]
    return filled
