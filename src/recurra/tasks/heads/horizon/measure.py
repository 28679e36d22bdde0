"""A forecaster measured on the last horizon of every series, beside the naive rivals on the same steps.

Not here: the forecasts (origins.py), their figures (skill.py), and measuring inside training (training/).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recurra.datasets.series.table import SeriesTable, longer_than, subset, to_last_given, without_last
from recurra.errors import DataError, either
from recurra.report.numbers import number
from recurra.tasks.heads.horizon.drawn import drawn_series
from recurra.tasks.heads.horizon.origins import Origins, forecasts_behind, usual_levels
from recurra.tasks.heads.horizon.skill import Skill, figures_of, skill_of
from recurra.tasks.heads.lost import Scored, lost

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
    """Forecast the last horizon of each series from what is before it: errors, means over series, and its skill.

    Where the net lost to a rival, one sentence says so: `tries` may help besides what its settings lack, and more data.
    Raises DataError for series of another rhythm, and for series that the model does not know.
    """
    model.names_of(table)
    every = len(table.ids)
    # A model made by hand may know no season.
    table, season = _measurable(model, table), max(season, 1)
    past, origins = head(table, model.horizon), Origins(model.horizon)
    told = forecasts_behind(model, past, table, origins=origins, season=season, levels=usual_levels(model))
    skill = skill_of(told)
    figures = figures_of(skill)
    last = next(rival for rival in figures["rivals"] if rival["name"] == "seasonal naive")
    return {
        "task": "series",
        "series_count": len(table.ids),
        **({"too_short": every - len(table.ids)} if every > len(table.ids) else {}),
        "values": skill.values,
        **figures,
        "rival": {"name": last["name"], "mase": last["mase"]},
        "bootstrap_over": skill.drawn,
        **drawn_series(skill, table),
        **lost_of(skill, model, season, [*tries, "a longer history"]),
    }


def lost_of(skill: Skill, model: Any, season: int, tries: Sequence[str]) -> dict[str, str]:
    """Return the sentence that says to which rival the net lost, if to any."""
    own, *others = (
        # By MASE, which has no unit: an MAE is decided by the series of the largest numbers.
        Scored(who, skill.means(who)["mase"], skill.parts(who), _against(who, model, season))
        for who in skill.told.answers
    )
    on = f"{number(skill.values)} values of {number(len(skill.series))} series"
    return lost("MASE", own, others, on=on, tries=tries)


def _measurable(model: Any, table: SeriesTable) -> SeriesTable:
    """Cut blanks at the end of a panel's series off, and leave out those that nothing is before the horizon of.

    Where that is so of all, `head` says it.
    """
    if model.plan.kind != "panel":
        return table
    table = to_last_given(table)
    longer = longer_than(table, model.horizon)
    return subset(table, longer) if longer else table


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
