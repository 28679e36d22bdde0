"""Up to which time each part of a forecaster was fitted, and where the test part begins: the leak report of a run.

Not here: the fits (panels.py, series.py, heads/); tests/test_leaks.py changes what stands behind the cut.
"""

from __future__ import annotations

from typing import Any

from recurra.datasets.series.table import SeriesTable
from recurra.tasks.task import Figures, Prepared, Ready


def fitted_of(ready: Ready) -> Figures:
    """Return `fitted`: what was fitted up to when (of the series that ends last), the test part, how many leaks.

    A leak is a series of which something was fitted that stands in its test part.
    """
    learnt, test = ready.parts.learnt, ready.parts.test
    horizon, last = ready.prepared.kept["test"], max(test.ids, key=lambda name: test.times[name][-1])
    begins = {name: test.times[name][-horizon] for name in test.ids}
    parts = [
        {"what": what, "until": _written(learnt, last, back)} for what, back in _parts(ready.prepared, last).items()
    ]
    told = {
        "parts": parts,
        "series": last,
        "test_from": _written(test, last, horizon - 1),
        "measured": len(test.ids),
        "leaks": sum(bool(learnt.times[name][-1] >= begins[name]) for name in test.ids),
    }
    return {"fitted": told}


def lines_of(figures: Figures) -> list[str]:
    """Return the same for people, a line each; nothing where nothing is told."""
    if not figures:
        return []
    told = figures["fitted"]
    of = f"of series {told['series']!r}" + (", which ends last" if told["measured"] > 1 else "")
    sound = f"{told['measured'] - told['leaks']:,} of {told['measured']:,} series"
    return [
        *(f"{part['what']}: fitted up to {part['until']} {of}" for part in told["parts"]),
        f"test part from {told['test_from']} on; in {sound} all that is fitted ends before it",
    ]


def _parts(prepared: Prepared, name: str) -> dict[str, int]:
    """Return how many steps before the end of the learnt part each part's newest value stands."""
    data: Any = prepared.data
    if prepared.head == "horizon":
        behind = len(data.table.values[name]) - data.cuts[name]
        chosen = {"epoch, widths of the intervals": 0} if data.held else {}
        return {"season": 0, "scales, weights": behind, **chosen}
    members = len(prepared.plan.member)
    nets = {f"{members} nets": 0} if members else {}
    first = {"first net, which weighs": max(data.backs)} if members and data.before is not None else {}
    # Without a first net the shares are the usual ones; the classics alone are weighed all the same.
    weighed = {"shares, factors of the intervals": 0} if data.backs and (first or not members) else {}
    return {"season, logarithm, scales": 0, **first, **weighed, **nets}


def _written(table: SeriesTable, name: str, back: int) -> str:
    times = table.times[name]
    return table.notation.write(times[max(len(times) - 1 - back, 0) :][:1], table.zone(name))[0]
