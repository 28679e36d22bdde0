"""Covariates made ready: units and categories of the training part, and the rows of all series one behind the other.

Nothing here knows a value after the cut: means, spreads and categories come from the rows that were learnt from, and
are kept. Not here: reading them (datasets/series/covariates.py), cutting windows (beside.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from recurra.calendar import WAVES, Wave, calendar_waves
from recurra.panels.beside import FARTHEST, Beside, Places, Singles
from recurra.panels.series import Values
from recurra.records import Frozen

MOST_WORDS = 256
"""Categories of a static column, at most: the most frequent."""

Positive = Annotated[float, Field(gt=0, le=1e160)]
Finite = Annotated[float, Field(ge=-1e160, le=1e160)]


class ColumnUnits(Frozen):
    """A column's mean and spread over all rows learnt from; `finer`: that spread over the one within a series."""

    name: str
    mean: Finite
    spread: Positive
    finer: Annotated[float, Field(ge=1, le=100)] = 1.0


class StaticUnits(Frozen):
    """What a column tells of each series: a number with its mean and spread, or one of the `words`."""

    name: str
    mean: Finite = 0.0
    spread: Positive = 1.0
    words: tuple[str, ...] = Field(default=(), max_length=MOST_WORDS)

    @property
    def figures(self) -> int:
        """Numbers that it is told in: the value and whether it is known, or one for each word."""
        return len(self.words) or 2


class BesideUnits(Frozen):
    """How all columns beside the values are told, and which waves of the calendar."""

    past: tuple[ColumnUnits, ...] = ()
    future: tuple[ColumnUnits, ...] = ()
    static: tuple[StaticUnits, ...] = ()
    calendar: tuple[Wave, ...] = ()

    @property
    def columns(self) -> tuple[ColumnUnits, ...]:
        """Those that change from step to step, in the order of `Beside.columns`."""
        return self.past + self.future

    @property
    def names(self) -> list[str]:
        """The names of all columns."""
        return [*(each.name for each in self.columns), *(each.name for each in self.static)]

    @property
    def waves(self) -> int:
        """Numbers that the calendar is told in."""
        return sum(WAVES[name] for name in self.calendar)

    @property
    def sizes(self) -> dict[str, int]:
        """How many columns there are of each kind, and numbers of the calendar and of a series."""
        static = sum(each.figures for each in self.static)
        return {"past": len(self.past), "future": len(self.future), "calendar": self.waves, "static": static}


def column_units(name: str, series: Sequence[Values]) -> ColumnUnits:
    """Return the units of a column, of the part of each series (steps,) that is learnt from; NaN where not known."""
    known = [values[np.isfinite(values)] for values in series]
    known = [values for values in known if len(values)]
    if not known:
        return ColumnUnits(name=name, mean=0.0, spread=1.0)
    flat = np.concatenate(known)
    # Of what never moves any spread is as good: it is told as 0 until it moves.
    spread = float(flat.std()) or max(abs(float(flat.mean())), 1.0)
    within = float(np.sqrt(np.mean(np.concatenate([values - values.mean() for values in known]) ** 2)))
    finer = min(max(spread / within, 1.0), 100.0) if within > 0 else 1.0
    return ColumnUnits(name=name, mean=float(flat.mean()), spread=spread, finer=finer)


def static_units(name: str, cells: Sequence[str]) -> StaticUnits:
    """Return how a column of one cell a series is told: as a number where each known cell is one, else by its words."""
    known = [cell for cell in cells if cell]
    numbers = [_number(cell) for cell in known]
    if known and all(np.isfinite(numbers)):
        spread = float(np.std(numbers)) or max(abs(numbers[0]), 1.0)
        return StaticUnits(name=name, mean=float(np.mean(numbers)), spread=spread)
    # In the order of the alphabet, so that the order of rows changes nothing.
    words = sorted(word for word, _ in Counter(sorted(known)).most_common(MOST_WORDS))
    return StaticUnits(name=name, words=tuple(words))


def _number(cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        return np.nan
    return value if abs(value) <= 1e150 else np.nan


def static_figures(units: StaticUnits, cells: Sequence[str]) -> Singles:
    """Return the figures of each series: (series, figures); all 0 for an unknown cell or word."""
    told = np.zeros((len(cells), units.figures), np.float32)
    for row, cell in enumerate(cells):
        if units.words:
            told[row, [place for place, word in enumerate(units.words) if word == cell]] = 1
        elif np.isfinite(value := _number(cell)):
            told[row] = np.clip((value - units.mean) / units.spread, -FARTHEST, FARTHEST), 1
    return told


def drawn(units: BesideUnits, sizes: Places) -> Beside:
    """Return random covariates of series of so many places (series,), the same each time: for self-tests."""
    random = np.random.default_rng(1)
    shape = int(sizes.sum())
    rows = random.standard_normal((shape, len(units.columns))).astype(np.float32)
    calendar = random.standard_normal((shape, units.waves)).astype(np.float32)
    statics = random.standard_normal((len(sizes), units.sizes["static"])).astype(np.float32)
    finer = np.array([each.finer for each in units.columns], np.float32)
    return Beside(rows, calendar, statics, finer, np.cumsum(sizes) - sizes, sizes, len(units.past))


def beside_of(
    units: BesideUnits, rows: Sequence[Values], statics: Sequence[Sequence[str]], times: Sequence[np.ndarray]
) -> Beside:
    """Return the covariates of a panel, each series from its first known value on.

    `rows` are (places, past + future), `statics` the cells of each series in the order of the columns, `times`
    (places,) what its clocks show; without waves they are not read.
    """
    sizes = np.array([len(each) for each in rows], np.int64)
    flat = np.concatenate(rows) if len(rows) else np.zeros((0, len(units.columns)))
    scaled = (flat - [each.mean for each in units.columns]) / [each.spread for each in units.columns]
    waves = np.zeros((len(flat), 0), np.float32)
    if units.calendar:
        waves = np.concatenate([calendar_waves(each, units.calendar) for each in times])
    figures = [static_figures(each, [cells[at] for cells in statics]) for at, each in enumerate(units.static)]
    return Beside(
        scaled.astype(np.float32),
        waves,
        np.concatenate([np.zeros((len(rows), 0), np.float32), *figures], axis=1),
        np.array([each.finer for each in units.columns], np.float32),
        np.cumsum(sizes) - sizes,
        sizes,
        len(units.past),
    )
