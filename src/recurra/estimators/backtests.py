"""A forecaster judged at several origins of the past: fitted on what is before each, or before the oldest alone.

Every series is cut at its own end. What a model learns, finds and weighs (season, nets, shares, factors of intervals)
comes from values before the origin; a series that begins behind it is not there yet. Not here: figures (skill.py of
heads/horizon), reading tables, printing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.series.answers import ANSWER, CUTOFF, check_apart
from recurra.datasets.series.table import SeriesTable, imputed, subset, to_last_given, without_last
from recurra.errors import DataError
from recurra.tasks.heads.horizon.measure import lost_of
from recurra.tasks.heads.horizon.origins import Forecasts, Origins, forecasts_behind, joined, usual_levels
from recurra.tasks.heads.horizon.skill import Skill, figures_of, series_rows, skill_of
from recurra.tasks.inputs.series import GivenSeries, PlainSeries, TableSeries

COLUMNS = {"naive": "Naive", "seasonal naive": "SeasonalNaive", "Theta": "Theta", "damped Holt": "DampedHolt"}
"""Columns of the rivals, as Nixtla names such models."""

Fitting = Callable[[SeriesTable, int], Any]
"""(series before an origin, its number from 1): the model that answers there."""


@dataclass(frozen=True, eq=False)
class Backtest:
    """What was forecast at all origins, and how good it was."""

    table: SeriesTable
    skill: Skill
    origins: Origins
    season: int
    """In steps: that of the rivals, of MASE and of Naive 2, as it was found before the oldest origin."""
    model: Any
    """The one that answered last."""
    warnings: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Return the figures over all series and, as `by_series`, of each; ready for JSON."""
        counted = {"series_count": len(self.skill.series), "windows": self.origins.windows, "step": self.origins.stride}
        asked = {"horizon": self.origins.horizon, "gap": self.origins.gap, "season": self.season}
        return {
            "task": self.model.task,
            **asked,
            **counted,
            "values": self.skill.values,
            **figures_of(self.skill),
            "bootstrap_over": self.skill.drawn,
            **lost_of(self.skill, self.model, self.season, ["a longer history"]),
            "by_series": series_rows(self.skill),
        }

    def answered(self, given: GivenSeries) -> Any:
        """Return all forecasts as the kind of data that was given.

        Columns as Nixtla's: unique_id, ds, cutoff (the newest time that was known), y, Recurra, Recurra-lo-80, …, and
        one for each rival. Steps whose value nobody knows are left out.
        """
        told, table = self.skill.told, self.table
        known = np.isfinite(told.truths)
        times = [self._times(row, known[row]) for row in range(len(told.names))]
        cutoffs = [
            table.times[name][cut - 1].repeat(mask.sum())
            for name, cut, mask in zip(told.names, told.cuts, known, strict=True)
        ]
        figures = {table.columns.y or "y": told.truths, ANSWER: told.answers[ANSWER]}
        figures |= {f"{ANSWER}{end}": rows for end, rows in told.ends.items()}
        figures |= {COLUMNS[who]: rows for who, rows in told.answers.items() if who in COLUMNS}
        plain = {name: rows[known] for name, rows in figures.items()}
        # An array would have no place for cutoffs and rivals.
        given = TableSeries(given.table) if isinstance(given, PlainSeries) else given
        return given.answered(told.names, times, plain, cutoffs=cutoffs)

    def _times(self, row: int, known: NDArray[np.bool_]) -> NDArray[Any]:
        first = int(self.skill.told.firsts[row])
        return self.table.times[self.skill.told.names[row]][first : first + len(known)][known[: self._came(row)]]

    def _came(self, row: int) -> int:
        return len(self.table.times[self.skill.told.names[row]]) - int(self.skill.told.firsts[row])


def backtested(
    fitting: Fitting, table: SeriesTable, origins: Origins, *, refit: bool, levels: Sequence[int] | None = None
) -> Backtest:
    """Forecast at each origin by the model that `fitting` makes of what is before it, or before the oldest alone.

    `table` may have missing values: those before an origin are filled as its reading says, by what is before it alone.
    `levels` are those of the intervals; None: the usual ones. Raises DataError where no series is long enough.
    """
    # Blanks at the end are no truth: a series is judged on what is before them.
    table = to_last_given(table)
    check_apart(table.columns, CUTOFF, table.columns.y or "y", *COLUMNS.values())
    parts: list[Forecasts] = []
    model: Any = None
    warnings: list[str] = []
    season, told_levels = 1, list(levels or ())
    for number, back in enumerate(origins.backs, start=1):
        past = before(table, back)
        if not past.ids:
            warnings.append(f"origin {number}: no series has a value more than {back:,} steps before its end")
            continue
        if model is None:
            model = fitting(past, number)
            season = max(model.encoder.config.season, 1)
            told_levels = usual_levels(model) if levels is None else told_levels
        elif refit:
            model = fitting(past, number)
        past = imputed(past, unknown=model.plan.kind == "panel")
        # Names that it did not learn from are warned of once.
        warnings = list(dict.fromkeys([*warnings, *model.names_of(past)[1]]))
        whole = subset(table, past.ids)
        parts.append(forecasts_behind(model, past, whole, origins=origins, season=season, levels=told_levels))
    if not parts:
        longest = max((len(values) for values in table.values.values()), default=0)
        allowed = f"more than {origins.ahead:,}: the gap and the horizon"
        raise DataError("too short to look back: no series is long enough", found=f"{longest} values", allowed=allowed)
    told = joined(parts)
    short = len(table.ids) - len(set(told.names))
    if short:
        warnings.append(f"{short:,} series begin behind every origin: not measured on")
    return Backtest(table, skill_of(told), origins, season, model, warnings)


def before(table: SeriesTable, back: int) -> SeriesTable:
    """Return what stands more than `back` steps before the end of each series; one that has no value there is left out.

    What was warned of the whole table is not said again.
    """
    names = [name for name in table.ids if not table.missing[name][: max(len(table.values[name]) - back, 0)].all()]
    return replace(without_last(subset(table, names), back, names), warnings=[])
