"""Forecasts from origins beside what came and beside what rivals say: of one cut, or of one that rolls on.

Not here: figures of them (measure.py, skill.py), and fitting models at origins (estimators/backtests.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.arguments import whole
from recurra.baselines.naive import naive, naive2, seasonal_naive
from recurra.datasets.series.answers import ANSWER
from recurra.datasets.series.table import SeriesTable
from recurra.metrics import naive_scale
from recurra.panels.classics import classics
from recurra.panels.series import Mask, Panel, Values, panel_of

CLASSICAL = {"Theta": "theta", "damped Holt": "holt"}
"""Further rivals of a panel's forecaster, by the names of classics.py."""
REFERENCE = "Naive 2"
"""What OWA is measured by (M4 2018)."""
USUAL_LEVELS = (80, 95)
MOST_WINDOWS = 1000


@dataclass(frozen=True)
class Origins:
    """How an origin rolls on: `windows` forecasts of `horizon` steps, the origins `step` steps apart.

    `gap` steps between what is known and the first step that is scored are left out. The last window ends with the
    series. Raises UsageError for what is out of its range.
    """

    horizon: int
    windows: int = 1
    step: int | None = None
    """None: the horizon, so that every step is forecast once."""
    gap: int = 0

    def __post_init__(self) -> None:
        """Check each number."""
        for name, least in (("horizon", 1), ("windows", 1), ("gap", 0)):
            whole(name, getattr(self, name), least=least, most=MOST_WINDOWS if name == "windows" else None)
        whole("step", self.stride, least=1)

    @property
    def stride(self) -> int:
        """Steps from an origin to the next."""
        return self.horizon if self.step is None else self.step

    @property
    def ahead(self) -> int:
        """Steps that are forecast from an origin; those of the gap are thrown away."""
        return self.gap + self.horizon

    @property
    def backs(self) -> list[int]:
        """How many steps before its end each origin of a series lies, the oldest first."""
        return [self.ahead + number * self.stride for number in reversed(range(self.windows))]


@dataclass(frozen=True, eq=False)
class Forecasts:
    """Forecasts behind origins, a row each, beside what came: a series has as many rows as it has origins."""

    names: list[str]
    """The series of each row."""
    firsts: NDArray[np.int64]
    """(rows,): the place in its series of the first step that is scored."""
    cuts: NDArray[np.int64]
    """(rows,): how many values of its series were known."""
    truths: Values
    """(rows, horizon), NaN where no value is known."""
    answers: dict[str, Values]
    """By the model (`ANSWER`) and by each rival: (rows, horizon)."""
    reference: Values
    """By Naive 2: (rows, horizon)."""
    ends: dict[str, Values]
    """Of the model's intervals: by `-lo-80`, `-hi-80`, …: (rows, horizon)."""
    scales: Values
    """(rows,): the seasonal naive's mean error before the cut, the unit of MASE."""

    def taken(self, rows: NDArray[Any]) -> Forecasts:
        """Return some of the rows."""
        return Forecasts(
            [self.names[row] for row in np.arange(len(self.names))[rows]],
            self.firsts[rows],
            self.cuts[rows],
            self.truths[rows],
            {who: told[rows] for who, told in self.answers.items()},
            self.reference[rows],
            {end: told[rows] for end, told in self.ends.items()},
            self.scales[rows],
        )


def joined(parts: Sequence[Forecasts]) -> Forecasts:
    """Put the forecasts of several origins together: each series' rows side by side, the oldest origin first."""
    names = [name for part in parts for name in part.names]
    first = parts[0]
    whole_of = Forecasts(
        names,
        np.concatenate([part.firsts for part in parts]),
        np.concatenate([part.cuts for part in parts]),
        np.concatenate([part.truths for part in parts]),
        {who: np.concatenate([part.answers[who] for part in parts]) for who in first.answers},
        np.concatenate([part.reference for part in parts]),
        {end: np.concatenate([part.ends[end] for part in parts]) for end in first.ends},
        np.concatenate([part.scales for part in parts]),
    )
    # The newest origin has all series, also those that were too short for older ones: its order is the table's.
    places = {name: place for place, name in enumerate(dict.fromkeys([*parts[-1].names, *names]))}
    return whole_of.taken(np.argsort([places[name] for name in names], kind="stable"))


def usual_levels(model: Any) -> list[int]:
    """Return the levels, in percent, of the intervals that a model is measured by: those that it can tell."""
    return [level for level in USUAL_LEVELS if model.plan.kind == "panel" or str(level) in model.widths]


def forecasts_behind(
    model: Any, past: SeriesTable, table: SeriesTable, *, origins: Origins, season: int, levels: Sequence[int] = ()
) -> Forecasts:
    """Forecast what follows `past` by the model and by each rival; `table` has the same series with what came.

    Raises DataError for series of another rhythm, and for series that the model does not know.
    """
    gap, names = origins.gap, past.ids
    told = model.coming(past, steps=origins.ahead, levels=levels)
    answers = {ANSWER: told.pop("")[:, gap:]}
    # What the rivals read: blanks take values of the past, as they do for a panel's forecaster.
    read = panel_of(past.each(), season)
    answers |= {who: rows[:, gap:] for who, rows in _rivals(model, read, origins.ahead, season).items()}
    cuts = np.array([len(past.values[name]) for name in names], np.int64)
    truths = np.full((len(names), origins.horizon), np.nan)
    for row, name in enumerate(names):
        came = slice(cuts[row] + gap, cuts[row] + origins.ahead)
        # An imputed value is nobody's truth.
        values = np.where(table.missing[name][came], np.nan, table.values[name][came])
        truths[row, : len(values)] = values
    reference = np.array([naive2(values, horizon=origins.ahead, season=season)[gap:] for values in read.series()])
    ends = {end: rows[:, gap:] for end, rows in told.items()}
    given = [~past.missing[name][-length:] for name, length in zip(names, read.lengths.tolist(), strict=True)]
    scales = np.array([_unit(*pair, season) for pair in zip(read.series(), given, strict=True)])
    return Forecasts(list(names), cuts + gap, cuts, truths, answers, reference, ends, scales)


def _rivals(model: Any, read: Panel, steps: int, season: int) -> dict[str, Values]:
    """Forecast by each rival: (series, steps)."""
    series = read.series()
    answers = {
        "naive": np.array([naive(values, horizon=steps) for values in series]),
        # A series shorter than a season repeats all that it has.
        "seasonal naive": np.array(
            [seasonal_naive(values, horizon=steps, season=min(season, len(values))) for values in series]
        ),
    }
    if model.plan.kind == "panel":
        # What stands in the blend is a rival, too: a net that is worth nothing beside it must be seen to be.
        told = classics(read, season=season, horizon=steps)
        answers |= {who: told[name] for who, name in CLASSICAL.items()}
    return answers


def _unit(before: Values, given: Mask, season: int) -> float:
    """Return the unit of MASE: a single value is measured by its size, as one that never moves is."""
    if len(before) < 2:
        return float(np.abs(before).max()) or 1.0
    # The scale needs at least one pair of values that lie a period apart.
    return naive_scale(before, season=min(season, len(before) - 1), known=given)
