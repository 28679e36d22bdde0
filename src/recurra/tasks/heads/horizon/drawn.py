"""What a report draws of forecasts: some series with forecast and interval, the best and worst ones, residuals.

Not here: how they look (tell.py, pictures.py), and their figures (skill.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra.datasets.series.answers import ANSWER
from recurra.datasets.series.table import SeriesTable
from recurra.tasks.heads.horizon.skill import Skill, residuals

MOST = 6
"""Series that are drawn; of more, two of the best, of the middle, and of the worst."""
STANDINGS = ("best", "middle", "worst")
MOST_RESIDUALS = 2000
ENDS = {"low": "-lo-80", "high": "-hi-80"}


def drawn_series(skill: Skill, table: SeriesTable) -> dict[str, Any]:
    """Return series as they are drawn (name, times, actual, predicted, low, high, test_from, mase), and residuals."""
    apart = residuals(skill)
    known = apart[np.isfinite(apart)]
    # At even distances instead of at random: the same rows give the same picture.
    kept = known[:: max(1, -(-len(known) // MOST_RESIDUALS))]
    return {
        "series": [_drawn(skill, table, row, standing) for row, standing in _chosen(skill)],
        "residuals": [round(float(value), 4) for value in kept],
    }


def _chosen(skill: Skill) -> list[tuple[int, str]]:
    """Return the rows that are drawn and their standing among all, by MASE: each series' newest one."""
    newest = {name: row for row, name in enumerate(skill.told.names)}
    rows = [newest[name] for name in skill.series]
    if len(rows) <= MOST:
        return [(row, "") for row in rows]
    order = np.argsort(skill.scores[ANSWER].rows[rows, 1], kind="stable")
    middle = len(order) // 2
    places = [*order[:2], *order[middle - 1 : middle + 1], *order[: -MOST // 2 : -1][:2]]
    return [(rows[place], STANDINGS[number // 2]) for number, place in enumerate(places)]


def _drawn(skill: Skill, table: SeriesTable, row: int, standing: str) -> dict[str, Any]:
    """The last stretch of a series beside its forecast."""
    told = skill.told
    name, first, forecast = told.names[row], int(told.firsts[row]), told.answers[ANSWER][row]
    end = min(first + len(forecast), len(table.values[name]))
    shown = slice(max(0, end - 6 * len(forecast) - 24), end)
    before = first - shown.start
    columns = {"predicted": forecast} | {key: told.ends[end][row] for key, end in ENDS.items() if end in told.ends}
    return {
        "name": name,
        "times": table.notation.write(table.times[name][shown], table.zone(name)),
        # A blank is no number: a page, and JSON, have none for it.
        "actual": [float(value) if np.isfinite(value) else None for value in table.values[name][shown]],
        **{key: [None] * before + values[: end - first].tolist() for key, values in columns.items()},
        "test_from": before,
        "mase": float(skill.scores[ANSWER].rows[row, 1]),
        **({"standing": standing} if standing else {}),
    }
