"""A part of a season is no season: half a day of the sun, half a year of sales; and a long past says what counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from recurra.datasets.series.table import SeriesReading
from recurra.panels.seasons import season_of
from recurra.panels.series import Values
from recurra.tasks.heads.panel import settling
from recurra.tasks.inputs.series import given_series
from recurra.tasks.panels import untaught

RANDOM = np.random.default_rng(0)


def sun(steps: int, hours: int) -> Values:
    """Power of the sun, in so many hours of a day; clouds stay for days."""
    hour = np.arange(steps) % 24
    clear = np.repeat(RANDOM.uniform(0.3, 1, steps // 24 + 1), 24)[:steps]
    height = np.clip(np.sin(np.pi * (hour - 6) / hours), 0, None) ** 0.4
    return np.asarray(90 * height * ((hour > 6) & (hour < 6 + hours)) * clear)


@pytest.mark.parametrize("hours", [9, 10, 11, 12])
@pytest.mark.parametrize("usual", [(), (24, 168)])
def test_the_sun_has_days_and_not_halves_of_them(hours: int, usual: tuple[int, ...]) -> None:
    assert season_of([sun(2000, hours) for _ in range(3)], usual) == 24


def test_a_peak_in_summer_and_one_at_christmas_are_a_year() -> None:
    place = np.arange(144) % 12
    sales = 10 + 3 * (place == 5) + 9 * (place == 11) + RANDOM.normal(0, 0.3, 144)
    assert season_of([sales]) == 12


def test_a_season_stays_where_twice_of_it_says_no_more() -> None:
    days = np.tile(np.sin(np.arange(24) / 24 * 2 * np.pi), 80) + RANDOM.normal(0, 0.2, 1920)
    short = np.tile([1.0, 4, 2], 12) + RANDOM.normal(0, 0.5, 36)
    assert season_of([days]) == 24 and season_of([short]) == 3


@pytest.mark.parametrize(("steps", "fewest", "most"), [(2400, 200, 350), (400, 16, 20)])
def test_many_windows_of_a_few_long_series_say_what_counts(
    steps: int, fewest: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = list[int]()
    monkeypatch.setattr(settling, "judged", lambda encoder, windows: found.append(len(windows.truths)) or encoder)
    hours = np.arange(steps)
    frame = pd.concat(pd.DataFrame({"unique_id": name, "ds": hours, "y": sun(steps, 11)}) for name in "abcd")
    untaught(given_series(frame, SeriesReading()).table, horizon=24)
    assert fewest <= found[0] <= most
