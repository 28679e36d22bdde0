"""A forecaster without a season of its own made ready for a table: the season found there, its parts weighed there.

Nothing is learnt: the newest windows say how much each part counts and how wide its intervals must be. Not here: the
forecasts (run.py), what they are worth (weighing.py), finding seasons (panels/seasons.py, panels/longer.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from recurra.config import SeriesConfig
from recurra.datasets.series.learnt import learnt_of
from recurra.datasets.series.table import SeriesTable
from recurra.errors import UsageError, either
from recurra.panels.blend import PRETRAINED, usual_shares
from recurra.panels.few import few_long, few_values, usual_of_few, usual_width
from recurra.panels.longer import longer_season_of, reach_of
from recurra.panels.seasons import ASKED, season_of, usual_seasons
from recurra.panels.series import Panel, Values, bridged, panel_of
from recurra.tasks.heads.panel.encoder import PanelEncoder
from recurra.tasks.heads.panel.weighing import OFTEN_WINDOWS, judged, weighed, weighing_origins


def settled(model: Any, table: SeriesTable, *, horizon: int, season: int = 0) -> tuple[Any, list[str]]:
    """Return the forecaster with season, horizon, shares and widths for a table, and what is to be said of it.

    `season` is one that was chosen; 0: it is found.
    """
    values = table.each()
    found, notes = season_in(table, values, season)
    config = model.encoder.config.model_copy(update={"season": found, "horizon": horizon})
    model = replace(model, encoder=replace(model.encoder, config=config), learnt=learnt_of(table))
    panel = panel_of(values, found)
    if few_values(panel, horizon):
        told = unweighed(panel, config, [PRETRAINED])
        model = replace(model, encoder=replace(model.encoder, shares=told.shares, factors=told.factors))
    # A long past is cheap to ask, for nothing is learnt of it: many windows say more than what is usual.
    often = few_long(panel, horizon)
    backs = weighing_origins(panel, horizon, often=often, windows=OFTEN_WINDOWS * often)
    windows = weighed(panel, backs, model.encoder, model, model.encoder.marks)
    return replace(model, encoder=judged(model.encoder, windows)), notes


def unweighed(panel: Panel, config: SeriesConfig, nets: Sequence[str]) -> PanelEncoder:
    """Return the shares and widths that stand before anything is measured."""
    if not few_values(panel, config.horizon):
        return PanelEncoder(config, dict(usual_shares(nets)))
    shares = usual_of_few(nets, panel, season=config.season, horizon=config.horizon)
    return PanelEncoder(config, shares, (usual_width(panel) if nets else 1.0,) * 3)


def season_in(table: SeriesTable, values: Sequence[Values], chosen: int = 0) -> tuple[int, list[str]]:
    """Return the season that was chosen, else the one that the series show, with a line that says so."""
    if chosen:
        return chosen, []
    season = season_of([bridged(each) for each in values], _usual(table))
    told = f"a season of {season} steps was found" if season > 1 else "no season was found"
    return season, [f"{told}; {either('--season', 'season')} chooses another"]


def longer_season_in(
    table: SeriesTable, values: Sequence[Values], season: int, *, chosen: int = 0, window: int = 0
) -> tuple[int, list[str]]:
    """Return a longer season, with a line that tells one that was found; 1: none. `chosen` is one that was chosen.

    Raises UsageError for a chosen one that is not longer. A window of fewer values (`window`) does not hold any.
    """
    setting = either("--set longer_season", "longer_season")
    if 1 < chosen <= season:
        raise UsageError(setting, found=f"{chosen} steps", allowed=f"more than the season's {season}, or 1: none")
    if chosen:
        return chosen, []
    longest = [bridged(each) for each in sorted(values, key=len, reverse=True)[:ASKED]]
    found = longer_season_of(longest, season, _usual(table))
    if found == 1 or 0 < window < found + reach_of(season):
        return 1, []
    return found, [f"a longer season of {found} steps was found; {setting} chooses another, 1: none"]


def _usual(table: SeriesTable) -> tuple[int, ...]:
    """Return the seasons of the rhythm of a table; none where it has no times, or several rhythms."""
    rhythms = {rhythm.step for rhythm in table.rhythms.values()}
    return usual_seasons(next(iter(rhythms))) if len(rhythms) == 1 and not table.counted else ()
