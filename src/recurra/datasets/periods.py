"""Quarters (2000Q1, 2000-Q1, Q1 2000) and ISO weeks (2021-W05): read from texts and written again.

Not here: other notations (moments.py, notations.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS = (
    re.compile(r"(?P<year>[0-9]{4})([- ]?)[Qq](?P<quarter>[1-4])"),
    re.compile(r"[Qq](?P<quarter>[1-4])([- /]?)(?P<year>[0-9]{4})"),
    re.compile(r"(?P<year>[0-9]{4})(-?)[Ww](?P<week>[0-9]{2})"),
)


def read_periods(cells: Sequence[str]) -> tuple[NDArray[np.datetime64], str] | None:
    """Return the first months of quarters or the Mondays of weeks, and their template; None for anything else."""
    for kind in KINDS:
        if not kind.fullmatch(cells[0]):
            continue
        matches = [match for cell in cells if (match := kind.fullmatch(cell))]
        if len(matches) < len(cells):
            continue
        years = np.array([int(match["year"]) for match in matches]) - 1970
        name = "quarter" if "quarter" in kind.groupindex else "week"
        numbers = np.array([int(match[name]) for match in matches])
        times = _quarters(years, numbers) if name == "quarter" else _weeks(years, numbers)
        # A week 53 of a year that has 52 is the next year's first.
        return None if name == "week" and not _has_weeks(times, numbers) else (times, _template(matches[0], name))
    return None


def write_periods(times: NDArray[Any], template: str) -> list[str]:
    """Return the quarters or weeks that the times (rows,) lie in, as the template writes them."""
    written = []
    for day in times.astype("datetime64[D]").tolist():
        iso = day.isocalendar()
        year = iso.year if "{week" in template else day.year
        written.append(template.format(year=year, quarter=(day.month + 2) // 3, week=iso.week))
    return written


def _template(match: re.Match[str], name: str) -> str:
    """Put names in the place of the numbers of an example."""
    text, start = match.string, 0
    parts = []
    for group in sorted((name, "year"), key=match.start):
        parts += [
            text[start : match.start(group)],
            {"week": "{week:02d}", "year": "{year:04d}"}.get(group, "{quarter}"),
        ]
        start = match.end(group)
    return "".join(parts)


def _has_weeks(mondays: NDArray[np.datetime64], weeks: NDArray[np.int64]) -> bool:
    return bool([day.isocalendar().week for day in mondays.tolist()] == weeks.tolist())


def _quarters(years: NDArray[np.int64], quarters: NDArray[np.int64]) -> NDArray[np.datetime64]:
    return (years * 12 + 3 * (quarters - 1)).astype("datetime64[M]")


def _weeks(years: NDArray[np.int64], weeks: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """The Monday of each week; the first week of a year is the one with the 4th of January."""
    fourth = years.astype("datetime64[Y]").astype("datetime64[D]") + 3
    weekday = (fourth.astype(np.int64) + 3) % 7
    return np.asarray(fourth - weekday + 7 * (weeks - 1))
