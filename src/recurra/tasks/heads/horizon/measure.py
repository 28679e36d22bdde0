"""A forecaster measured on the last horizon of every series, beside the naive rivals on the same steps.

Not here: the formulas (metrics.py), and measuring inside training (training/).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.baselines.naive import naive, seasonal_naive
from recurra.datasets.series.table import SeriesTable, longer_than, subset, to_last_given, without_last
from recurra.errors import DataError, either
from recurra.metrics import mae, naive_scale, smape
from recurra.panels.classics import classics
from recurra.panels.series import Mask, Panel, Values, panel_of
from recurra.report.numbers import number
from recurra.tasks.heads.lost import Scored, lost

CLASSICAL = {"Theta": "theta", "damped Holt": "holt"}
"""Further rivals of a panel's forecaster, by the names of classics.py."""
MEASURES = ("mae", "mase", "smape")
CHANGES = "`--set difference=true` (changes instead of values)", "`difference=True` (changes instead of values)"


def head(table: SeriesTable, held: int) -> SeriesTable:
    """Return the table without the last `held` steps of each series; raises DataError where nothing is left."""
    short = [name for name in table.ids if len(table.values[name]) <= held]
    if short:
        have = len(table.values[short[0]])
        raise DataError(f"series {short[0]!r} is too short", found=f"{have} values", allowed=f"more than {held}")
    # `held` is never 0, of which the slice [:-0] would leave nothing: a horizon has at least one step.
    return without_last(table, held, table.ids)


def evaluate_series(model: Any, table: SeriesTable, *, season: int, tries: Sequence[str] = ()) -> dict[str, Any]:
    """Forecast the last horizon of each series from what is before it: MAE, MASE and sMAPE, means over series.

    Where the net lost to a rival, one sentence says so: `tries` may help besides what its settings lack, and more data.
    Raises DataError for series of another rhythm, and for series that the model does not know.
    """
    model.names_of(table)
    every = len(table.ids)
    # A model made by hand may know no season.
    table, season = _measurable(model, table), max(season, 1)
    past = head(table, model.horizon)
    # What the rivals read: blanks take values of the past, as they do for a panel's forecaster.
    read = panel_of(past.each(), season)
    answers = _answers(model, past, read, season)
    scores = {who: _scores(table, past.ids, read, told, season) for who, told in answers.items()}
    means = {who: each.means for who, each in scores.items()}
    own, *others = (
        # By MASE, which has no unit: an MAE is decided by the series of the largest numbers.
        Scored(who, means[who]["mase"], each.parts, _against(who, model, season))
        for who, each in scores.items()
    )
    steps = scores["Recurra"].steps
    on = f"{number(sum(map(len, steps)))} values of {number(len(steps))} series"
    return {
        "task": "series",
        "series_count": len(table.ids),
        **({"too_short": every - len(table.ids)} if every > len(table.ids) else {}),
        **means["Recurra"],
        "rival": {"name": "seasonal naive", "mase": means["seasonal naive"]["mase"]},
        "rivals": [{"name": who, **means[who]} for who in answers if who != "Recurra"],
        # As many as a report draws.
        "series": [_drawn(table, name, answers["Recurra"][name]) for name in table.ids[:6]],
        **lost("MASE", own, others, on=on, tries=[*tries, "a longer history"]),
    }


def _measurable(model: Any, table: SeriesTable) -> SeriesTable:
    """Cut blanks at the end of a panel's series off, and leave out those that nothing is before the horizon of.

    Where that is so of all, `head` says it.
    """
    if model.plan.kind != "panel":
        return table
    table = to_last_given(table)
    longer = longer_than(table, model.horizon)
    return subset(table, longer) if longer else table


def _answers(model: Any, past: SeriesTable, read: Panel, season: int) -> dict[str, dict[str, Any]]:
    """Forecast the horizon behind `past` by the model and by each rival: by its name and the series'."""
    horizon, names = model.horizon, past.ids
    answers = {"Recurra": dict(zip(names, model.coming(past, steps=horizon, levels=())[""], strict=True))}
    before = dict(zip(names, read.series(), strict=True))
    answers["naive"] = {name: naive(values, horizon=horizon) for name, values in before.items()}
    # A series shorter than a season repeats all that it has.
    answers["seasonal naive"] = {
        name: seasonal_naive(values, horizon=horizon, season=min(season, len(values)))
        for name, values in before.items()
    }
    if model.plan.kind == "panel":
        # What stands in the blend is a rival, too: a net that is worth nothing beside it must be seen to be.
        told = classics(read, season=season, horizon=horizon)
        answers |= {who: dict(zip(names, told[name], strict=True)) for who, name in CLASSICAL.items()}
    return answers


def horizon_figures(model: Any, table: SeriesTable) -> dict[str, Any]:
    """The same, without advice: naive forecasts cost nothing, and are always beside."""
    return evaluate_series(model, table, season=model.encoder.config.season)


def _against(rival: str, model: Any, season: int) -> tuple[str, ...]:
    """Advise what the net lacks of what makes a naive rival good: a whole season to read, and the last level."""
    # The forecaster of panels reads whole seasons, and around the last level, already.
    if model.plan.kind == "panel":
        return ()
    config, tries = model.encoder.config, []
    # The naive forecast knows the last value only, and no season that a longer window could show.
    if rival != "naive" and config.window < season:
        tries.append(either(f"`--window {season}` (a whole season)", f"`window={season}` (a whole season)"))
    if not (config.difference or config.relative):
        tries.append(either(*CHANGES))
    return tuple(tries)


@dataclass(frozen=True, eq=False)
class _Scores:
    """The `MEASURES` of each series (series, 3), and the scaled errors of its known steps."""

    rows: NDArray[np.float64]
    steps: list[NDArray[np.float64]]

    @property
    def means(self) -> dict[str, float]:
        return dict(zip(MEASURES, self.rows.mean(axis=0).tolist(), strict=True))

    @property
    def parts(self) -> NDArray[np.float64]:
        """What MASE is the mean of: that of each series, or the steps of a single one."""
        return self.steps[0] if len(self.steps) == 1 else self.rows[:, 1]


def _scores(table: SeriesTable, names: Sequence[str], read: Panel, told: dict[str, Any], season: int) -> _Scores:
    rows, steps = [], []
    for name, before in zip(names, read.series(), strict=True):
        forecast = told[name]
        # An imputed value is nobody's truth.
        known = ~table.missing[name][-len(forecast) :]
        if not known.any():
            continue
        actual, answered = table.values[name][-len(forecast) :][known], forecast[known]
        given = ~table.missing[name][: -len(forecast)][-len(before) :]
        steps.append(np.abs(actual - answered) / _unit(before, given, season))
        rows.append((mae(actual, answered), float(steps[-1].mean()), smape(actual, answered)))
    if not rows:
        raise DataError("every value to measure on is missing", advice="bring a series whose end is known")
    return _Scores(np.array(rows), steps)


def _unit(before: Values, given: Mask, season: int) -> float:
    """Return the unit of MASE: a single value is measured by its size, as one that never moves is."""
    if len(before) < 2:
        return float(np.abs(before).max()) or 1.0
    # The scale needs at least one pair of values that lie a period apart.
    return naive_scale(before, season=min(season, len(before) - 1), known=given)


def _drawn(table: SeriesTable, name: str, forecast: Any) -> dict[str, Any]:
    """The last stretch of a series beside its forecast."""
    shown = slice(-min(len(table.values[name]), 6 * len(forecast) + 24), None)
    actual = table.values[name][shown]
    return {
        "name": name,
        "times": table.notation.write(table.times[name][shown], table.zone(name)),
        # A blank is no number: a page, and JSON, have none for it.
        "actual": [None if np.isnan(value) else float(value) for value in actual],
        "predicted": [None] * (len(actual) - len(forecast)) + [float(value) for value in forecast],
        "test_from": len(actual) - len(forecast),
    }
