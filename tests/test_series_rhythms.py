"""Rhythms of times: days in zones, months of every kind, business days; what is no rhythm is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reading import read_series, series_from_frame
from recurra.datasets.series.checks import settle, shared_step
from recurra.datasets.series.rhythms import OFF, TimeStep, at_step, infer
from recurra.datasets.series.zones import WrittenZone, instants_of, shown_twice, skipped, wall, zone_named
from recurra.errors import DataError, UsageError, advising_options

ZONES = ("Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")


def table(times: Any, **options: Any) -> Any:
    frame = pd.DataFrame({"ds": times, "y": np.sin(np.arange(len(times)))})
    return series_from_frame(frame, **options)


def refused(times: Any, **options: Any) -> str:
    with pytest.raises(DataError) as caught, advising_options():
        table(times, **options)
    return str(caught.value)


@pytest.mark.parametrize("name", ZONES)
def test_a_zone_shows_what_pandas_shows_and_finds_the_instants_again(name: str) -> None:
    stamps = pd.date_range("2015-01-01", "2019-12-31", freq="30min", tz="UTC")
    instants, zone = stamps.tz_localize(None).to_numpy().astype("datetime64[s]"), zone_named(name)
    shown = wall(instants, zone)
    assert np.array_equal(shown, stamps.tz_convert(name).tz_localize(None).to_numpy())
    twice = shown_twice(shown, zone)
    assert np.array_equal(instants_of(shown, zone)[~twice], instants[~twice])
    assert (instants_of(shown, zone, later=twice)[twice] > instants_of(shown, zone)[twice]).all()
    assert not skipped(shown, zone).any()


def test_an_unknown_zone_is_refused_with_its_neighbours() -> None:
    with pytest.raises(UsageError, match=r"unknown zone; found 'Europe/Berln'; allowed: .*Europe/Berlin"):
        zone_named("Europe/Berln")


FREQUENCIES = {
    "D": "1 day", "3D": "3 days", "7D": "7 days", "W-WED": "7 days", "2W-SUN": "14 days", "B": "1 business day",
    "MS": "1 month", "ME": "1 month", "BME": "1 month", "BMS": "1 month", "QS": "3 months", "QE": "3 months",
    "BQE": "3 months", "YS": "1 year", "YE": "1 year", "2YS": "2 years", "h": "1 hour", "6h": "6 hours",
    "30min": "30 minutes", "15s": "15 seconds", "100ms": "100 ms",
}  # fmt: skip


@pytest.mark.parametrize("zone", [None, "Europe/Berlin", "America/New_York", "America/Sao_Paulo"])
@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_pandas_frequencies_are_rhythms_that_go_on_as_pandas_does(frequency: str, zone: str | None) -> None:
    dates = pd.date_range("2016-01-04", periods=50, freq=frequency)
    if zone and frequency[-1] in "hns":
        dates = dates.tz_localize("UTC").tz_convert(zone)
    elif zone:
        dates = dates.tz_localize(zone, nonexistent="shift_forward")
    read = table(dates[:40])
    assert str(read.rhythms["series"].step) == FREQUENCIES[frequency]
    coming = read.coming("series", 10)
    expected = dates[40:].tz_convert("UTC").tz_localize(None) if zone else dates[40:]
    assert np.array_equal(coming.astype("datetime64[ms]"), expected.to_numpy().astype("datetime64[ms]"))


@pytest.mark.parametrize("clock", ["00:00", "09:30", "23:59"])
@pytest.mark.parametrize("day", [1, 5, 28, 29, 30, 31])
def test_a_day_of_each_month_is_a_month_and_short_months_give_their_last_day(day: int, clock: str) -> None:
    months = pd.date_range("2015-01-01", periods=60, freq="MS")
    dates = [f"{month:%Y-%m}-{min(day, month.days_in_month):02d} {clock}" for month in months]
    read = table(dates[:48])
    assert str(read.rhythms["series"].step) == "1 month"
    assert [str(time).replace("T", " ")[:16] for time in read.coming("series", 12).astype("datetime64[m]")] == dates[
        48:
    ]


def test_years_from_the_29th_of_february_fall_on_the_28th_between_leap_years() -> None:
    dates = ["2012-02-29", "2013-02-28", "2014-02-28", "2015-02-28", "2016-02-29", "2017-02-28"]
    read = table(dates)
    assert str(read.rhythms["series"].step) == "1 year"
    assert read.coming("series", 3).astype(str).tolist() == ["2018-02-28", "2019-02-28", "2020-02-29"]


@pytest.mark.parametrize(
    ("mask", "name"),
    [
        ("Sun Mon Tue Wed Thu", "Mon Tue Wed Thu Sun"),
        ("Mon Tue Wed Thu Fri Sat", "Mon Tue Wed Thu Fri Sat"),
        ("Mon Wed Fri", "Mon Wed Fri"),
    ],
)
def test_days_of_the_week_that_are_left_out_make_a_rhythm_of_the_others(mask: str, name: str) -> None:
    dates = pd.date_range("2024-01-01", periods=60, freq=pd.offsets.CustomBusinessDay(weekmask=mask))
    read = table(dates[:50])
    assert str(read.rhythms["series"].step) == f"1 business day ({name})"
    assert np.array_equal(read.coming("series", 10), dates[50:].to_numpy())


def test_an_hour_across_the_changes_of_clocks_is_an_hour() -> None:
    for begin in ("2024-03-30 12:00", "2024-10-26 12:00"):
        dates = pd.date_range(begin, periods=48, freq="h", tz="Europe/Berlin")
        read = table(dates)
        assert str(read.rhythms["series"].step) == "1 hour"
        assert read.coming("series", 1)[0] == (dates[-1] + pd.Timedelta("1h")).tz_convert("UTC").to_datetime64()


def test_days_of_24_hours_in_a_zone_are_not_its_days() -> None:
    dates = pd.date_range("2024-03-01", periods=60, freq="24h", tz="UTC").tz_convert("Europe/Berlin")
    assert str(table(dates).rhythms["series"].step) == "24 hours"
    assert TimeStep("h", 24).length == TimeStep("D", 1) and TimeStep("h", 36).length == TimeStep("h", 36)


@pytest.mark.parametrize("days", [(1, 15), (5, 20), (15, 31)])
def test_twice_a_month_is_refused_by_name(days: tuple[int, int]) -> None:
    months = pd.date_range("2020-01-01", periods=24, freq="MS")
    dates = [month.replace(day=min(day, month.days_in_month)) for month in months for day in days]
    told = refused(pd.DatetimeIndex(dates))
    assert "come twice a month" in told and "--rows-as-steps" in told
    assert table(pd.DatetimeIndex(dates), gaps="ignore").coming("series", 2).tolist() == [48, 49]


def test_two_rhythms_that_are_equally_likely_are_told_and_nothing_is_to_be_filled() -> None:
    days = np.cumsum([0] + [1, 3] * 20)
    told = refused(np.datetime64("2024-01-01") + days)
    assert "which is not sure (distances of 1 (20 times) and 3 (20 times) D)" in told
    assert "--fill-gaps" not in told and "--rows-as-steps" in told


def test_many_gaps_are_not_advised_to_be_filled() -> None:
    hours = [np.datetime64("2024-01-01T09") + 24 * day + hour for day in range(20) for hour in range(8)]
    told = refused(np.array(hours))
    assert "missing at its rhythm of 1 hour" in told and "--fill-gaps" not in told and "--rows-as-steps" in told


@pytest.mark.parametrize("night", ["2024-10-27", "2024-03-31"])
def test_local_hours_around_a_change_of_clocks_need_their_zone(night: str, tmp_path: Path) -> None:
    dates = pd.date_range(night, periods=72, freq="h", tz="Europe/Berlin") - pd.Timedelta("1D")
    rows = "".join(f"{date:%Y-%m-%d %H:%M},{number}\n" for number, date in enumerate(dates))
    (tmp_path / "t.csv").write_text("ds,y\n" + rows)
    with pytest.raises(DataError, match=r'were clocks changed .* zone="Europe/Berlin"'):
        read_series(tmp_path / "t.csv")
    read = read_series(tmp_path / "t.csv", zone="Europe/Berlin")
    assert np.array_equal(read.times["t"], dates.tz_convert("UTC").tz_localize(None).to_numpy())
    following = (dates[-1] + pd.Timedelta("1h")).strftime("%Y-%m-%d %H:%M")
    assert read.notation.write(read.coming("t", 1), read.zone("t")) == [following]


def test_a_time_that_clocks_skip_is_refused_with_its_line(tmp_path: Path) -> None:
    rows = "".join(f"2024-03-31 {hour:02d}:00,1\n" for hour in range(5))
    (tmp_path / "t.csv").write_text("ds,y\n" + rows)
    with pytest.raises(
        DataError, match=r"t\.csv:4:\d+: the clocks of Europe/Berlin skip this time; found 2024-03-31T02"
    ):
        read_series(tmp_path / "t.csv", zone="Europe/Berlin")


def test_a_single_time_off_the_rhythm_is_named_by_its_row() -> None:
    dates = pd.date_range("2015-01-30", periods=1).append(pd.date_range("2015-03-30", periods=1))
    months = [f"2015-{month:02d}-{28 if month == 2 else 30}" for month in range(1, 13)]
    months[6] = "2015-07-29"
    assert len(dates) == 2
    told = refused(months)
    assert told.startswith("frame:7: 1 times of series 'series' are off its rhythm of 1 month; found 2015-07-29")


def test_series_of_one_table_share_one_rhythm_or_are_refused_by_name() -> None:
    days = np.arange("2024-01-01", "2024-02-10", dtype="datetime64[D]")
    business = days[np.is_busday(days)]
    short = {"long": business, "three": business[:3], "two": business[[0, 1]], "one": business[:1]}
    settled = settle(short, dict.fromkeys(short))
    assert {str(rhythm.step) for rhythm in settled.values()} == {"1 business day"}
    assert shared_step(settled) == TimeStep("business day", 1)
    mixed = settle({"a": days, "b": np.arange("2020-01", "2021-01", dtype="datetime64[M]").astype("datetime64[D]")}, {})
    with pytest.raises(
        DataError, match=r"different rhythms; found 1 day \(1, such as 'a'\), 1 month \(1, such as 'b'\)"
    ):
        shared_step(mixed)


def test_a_single_time_has_no_rhythm_and_a_guessed_one_is_told() -> None:
    days = pd.to_datetime(["2024-01-01", "2024-01-01", "2024-01-02"])
    frame = pd.DataFrame({"unique_id": ["a", "b", "b"], "ds": days, "y": [5.0, 6.0, 7.0]})
    told = "a single time tells no rhythm: coming times are taken to be 1 month apart; bring two rows or more"
    assert series_from_frame(frame[:2]).warnings == [told]
    assert not series_from_frame(frame).warnings and not table([3]).warnings


def test_what_is_expected_decides_between_readings_that_both_fit() -> None:
    week = np.arange("2024-01-01", "2024-01-06", dtype="datetime64[D]")
    assert str(infer(week).step) == "1 day"
    expected = settle({"a": week}, {}, expected=TimeStep("business day", 1))["a"]
    assert str(expected.step) == "1 business day" and expected.times(np.array([5]))[0] == np.datetime64("2024-01-08")
    assert at_step(week, TimeStep("M", 1)) is None and at_step(np.arange(5), TimeStep("D", 1)) is None
    ends = np.array(["2023-02-28"], "datetime64[D]")
    assert at_step(ends, TimeStep("M", 1, day=31)).times(np.array([1]))[0] == np.datetime64("2023-03-31")  # type: ignore[union-attr]
    assert infer(week).places(np.array(["2024-01-02T12"], "datetime64[h]")).tolist() == [OFF]


def test_written_offsets_hold_until_the_next_and_the_last_for_ever() -> None:
    moments = np.array(["2024-03-30", "2024-04-01", "2024-03-31"], "datetime64[s]")
    zone = WrittenZone.of(moments, np.array([3600, 7200, 3600]))
    asked = np.array(["2020-01-01", "2024-03-31", "2024-04-01", "2030-01-01"], "datetime64[s]")
    assert zone.seconds(asked).tolist() == [3600, 3600, 7200, 7200] and zone.changes
    # Somewhere between two rows clocks were changed.
    noon = np.array(["2024-03-31T11:59", "2024-03-31T12:01"], "datetime64[s]")
    assert zone.seconds(noon).tolist() == [3600, 7200]
