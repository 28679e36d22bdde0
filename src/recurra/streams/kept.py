"""How many of a series' newest rows an answer is made of, for each kind of forecaster.

Not here: keeping them (series.py).
"""

from __future__ import annotations

from typing import Any

from recurra.panels.classics import LONGEST
from recurra.panels.columns import BesideUnits
from recurra.panels.longer import TIMES, reach_of
from recurra.tasks.heads.panel.pretrained import LENGTHS

MENDED = 256
"""Rows before a window from which its blanks may be filled."""
SEASONS = 10
"""The newest eight seasons, of which indices are made, and one more at each end of their moving average."""


def rows_kept(model: Any) -> int:
    """Return the newest rows that are kept of a series; 0 where a model looks for a season in each table.

    A net of windows reads fewer. A panel's nets do so too; its classical forecasts ask of older values only whether
    they are seasonal, were ever negative, or ever moved, and that is asked of the kept rows.
    """
    if model.plan.kind != "panel":
        return int(model.encoder.reach) + MENDED
    season = model.encoder.config.season
    # The net reads three longer seasons back, and the level before each.
    lengths = [max(spec.length, TIMES * spec.longer + reach_of(season)) for spec in model.plan.member]
    return max(LONGEST, LENGTHS[-1], SEASONS * season + 1, *lengths) + MENDED if season else 0


def least_known(model: Any) -> int:
    """Return how many values of a series must be known before it is answered."""
    return 1 if model.plan.kind == "panel" else int(model.encoder.reach)


def columns_ahead(model: Any) -> list[str]:
    """Return the columns of which coming rows are read."""
    units = getattr(model.encoder, "beside", None) or BesideUnits()
    return [each.name for each in units.future]
