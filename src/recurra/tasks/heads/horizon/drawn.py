"""What a report draws of forecasts: some series with forecast and interval, the best and worst ones, residuals.

Not here: how they look (tell.py), and their figures (skill.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra.datasets.series.table import SeriesTable
from recurra.tasks.heads.horizon.skill import Skill
from recurra.tasks.inputs.series import ANSWER

FIRST = 6
"""Series that are drawn for themselves: the first ones."""


def drawn_series(skill: Skill, table: SeriesTable) -> dict[str, Any]:
    """Return the first series as they are drawn, rows of name, times, actual, predicted, low, high, test_from."""
    return {"series": [_drawn(skill, table, row) for row in range(min(FIRST, len(skill.told.names)))]}


def _drawn(skill: Skill, table: SeriesTable, row: int) -> dict[str, Any]:
    """The last stretch of a series beside its forecast."""
    told = skill.told
    name, first, forecast = told.names[row], int(told.firsts[row]), told.answers[ANSWER][row]
    end = min(first + len(forecast), len(table.values[name]))
    shown = slice(max(0, end - 6 * len(forecast) - 24), end)
    actual = table.values[name][shown]
    before = first - shown.start
    ends = {"low": "-lo-80", "high": "-hi-80"}
    columns = {"predicted": forecast} | {key: told.ends[end][row] for key, end in ends.items() if end in told.ends}
    return {
        "name": name,
        "times": table.notation.write(table.times[name][shown], table.zone(name)),
        "actual": [float(value) if np.isfinite(value) else None for value in actual],
        **{key: [None] * before + values[: end - first].tolist() for key, values in columns.items()},
        "test_from": before,
    }
