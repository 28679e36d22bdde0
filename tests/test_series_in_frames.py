"""Frames of people's own: indices, zones, periods and names keep their meaning and come back in their types."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from reading import read_series, series_from_frame
from recurra.datasets.series.frames import FrameSeries
from recurra.datasets.series.table import SeriesReading, SeriesTable
from recurra.errors import DataError

pytest.importorskip("narwhals")

DAYS = pd.date_range("2024-01-01", periods=40)
WAVE = 100 + np.sin(np.arange(40.0))
BEGIN, HOUR = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC), datetime.timedelta(hours=1)


def read(frame: Any, **choices: Any) -> SeriesTable:
    return series_from_frame(frame, **choices)


def refused(frame: Any, **choices: Any) -> str:
    with pytest.raises(DataError) as caught:
        series_from_frame(frame, **choices)
    return str(caught.value)


def answered(frame: Any, steps: int = 2, **choices: Any) -> Any:
    """What predict would give for a frame, with zeros for figures."""
    given = FrameSeries.of(frame, SeriesReading(**choices))
    times = [given.table.coming(name, steps) for name in given.table.ids]
    return given.answered(given.table.ids, times, {"Recurra": np.zeros(steps * len(times))})


def long(*names: Any) -> pd.DataFrame:
    parts = [pd.DataFrame({"unique_id": name, "ds": DAYS, "y": WAVE + at}) for at, name in enumerate(names)]
    return pd.concat(parts, ignore_index=True)


def test_names_and_times_in_the_index_are_read_as_such() -> None:
    frame = long("a", "b", "c")
    for indexed in (
        frame.set_index(["unique_id", "ds"]),
        frame.set_index(["ds", "unique_id"]),
        frame.set_index("ds"),
        frame.set_index("unique_id"),
        frame.rename(columns={"unique_id": "store", "ds": "when"}).set_index(["store", "when"]),
        frame.set_index(["unique_id", "ds"]).rename_axis([None, None]),
    ):
        table = read(indexed)
        assert table.ids == ["a", "b", "c"] and np.array_equal(table.times["b"], DAYS.to_numpy())
        assert table.values["c"].tolist() == (WAVE + 2).tolist()
    told = answered(frame.rename(columns={"unique_id": "store", "ds": "when"}).set_index(["store", "when"]))
    assert (
        list(told.columns) == ["store", "when", "Recurra"]
        and told["store"].tolist() == ["a"] * 2 + ["b"] * 2 + ["c"] * 2
    )


def test_two_levels_beside_the_time_name_series_together() -> None:
    frame = long("a", "b").assign(item=1)
    both = pd.concat([frame, frame.assign(item=2)])
    table = read(both.set_index(["unique_id", "item", "ds"]))
    assert table.ids == ["a/1", "b/1", "a/2", "b/2"] and table.columns.unique_id == "unique_id/item"


@pytest.mark.parametrize("kind", ["arrow", "polars"])
def test_periods_that_are_ordinals_in_a_frame_are_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"ds": pd.period_range("2020-01", periods=40, freq="M"), "y": WAVE}).to_parquet(path)
    frame = pytest.importorskip("pyarrow.parquet").read_table(path)
    frame = frame if kind == "arrow" else pl.read_parquet(path)
    with pytest.raises(DataError, match=r"'ds' holds the ordinals of pandas' periods; .*read_parquet"):
        FrameSeries.of(frame, SeriesReading())


@pytest.mark.parametrize("frequency", ["D", "M", "Q", "Y", "W-SUN", "h"])
def test_periods_are_read_and_come_back_as_periods(frequency: str) -> None:
    periods = pd.period_range("2020-01", periods=40, freq=frequency)
    for frame in (pd.DataFrame({"ds": periods, "y": WAVE}), pd.DataFrame({"y": WAVE}, index=periods)):
        told = answered(frame)
        assert told["ds"].dtype == periods.dtype and told["ds"].tolist() == [periods[-1] + 1, periods[-1] + 2]


def test_a_series_with_times_in_its_index_is_read_by_them() -> None:
    series = pd.Series(WAVE, index=DAYS, name="sales")
    told = answered(series)
    assert told["ds"].tolist() == [DAYS[-1] + DAYS.freq, DAYS[-1] + 2 * DAYS.freq]
    assert read(series).columns.y == "sales"
    assert "1 times of series 'series' are missing" in refused(series.drop(DAYS[7]))
    assert "times of series 'series' go back" in refused(series.iloc[::-1])


def test_whole_numbers_in_the_index_of_a_series_are_its_steps() -> None:
    series = pd.Series(WAVE, index=np.arange(1980, 2020))
    assert answered(series)["ds"].tolist() == [2020, 2021]
    assert "missing at its rhythm of 1 year" in refused(series.drop(1987))
    told = refused(pd.concat([pd.Series(WAVE), pd.Series(WAVE)]))
    assert "times of series 'series' go back" in told


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (pd.DataFrame({"ds": DAYS, "y": WAVE}, index=list("ab" * 20)), "an index of object without a name"),
        (pd.DataFrame({"y": WAVE}, index=pd.to_timedelta(np.arange(40), unit="h")), "an index of durations"),
        (pd.DataFrame({"date": DAYS, "y": WAVE}, index=DAYS), "times in the index and in column 'date'"),
        (pd.DataFrame({"ds": DAYS[::-1], "y": WAVE}, index=DAYS.rename("ds")), "both called 'ds' and differ"),
        (pd.concat({name: pd.DataFrame({"ds": DAYS, "y": WAVE}) for name in "ab"}), "levels cannot be told"),
        (pd.DataFrame({"ds": pd.to_timedelta(np.arange(40), unit="h"), "y": WAVE}), "column 'ds' holds Duration"),
        (pl.DataFrame({"ds": [k * HOUR for k in range(40)], "y": WAVE}), "column 'ds' holds Duration"),
        (pl.DataFrame({"ds": [datetime.time(k % 24) for k in range(40)], "y": WAVE}), "column 'ds' holds Time"),
    ],
)  # fmt: skip
def test_what_an_index_or_a_column_may_mean_is_refused_where_it_is_not_clear(frame: Any, told: str) -> None:
    message = refused(frame)
    assert told in message
    assert "index" not in told or "reset_index" in message or "ds=" in message


def test_an_index_that_counts_rows_or_is_left_from_sorting_means_nothing_beside_a_time() -> None:
    frame = pd.DataFrame({"ds": DAYS, "y": WAVE})
    for same in (frame, frame.set_index(pd.Index(np.arange(40)[::-1] * 7)), frame.iloc[::-1].iloc[::-1]):
        assert np.array_equal(read(same).times["series"], DAYS.to_numpy())


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "UTC", datetime.timezone(datetime.timedelta(hours=-2.5))]
)
@pytest.mark.parametrize("unit", ["ns", "us", "s"])
def test_zones_of_pandas_come_back(zone: Any, unit: str) -> None:
    hours = pd.date_range("2024-10-25", periods=60, freq="h", tz=zone).as_unit(unit)
    told = answered(pd.DataFrame({"ds": hours, "y": np.arange(60.0)}))
    assert told["ds"].dtype == hours.dtype and told["ds"][0] == hours[-1] + pd.Timedelta("1h")
    days = pd.date_range("2024-10-01", periods=26, freq="D", tz=zone).as_unit(unit)
    told = answered(pd.DataFrame({"ds": days, "y": np.arange(26.0)}), steps=3)
    assert told["ds"].tolist() == (days[-1:].append(pd.date_range(days[-1], periods=4, freq="D")[1:])[1:]).tolist()


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_zones_and_dates_of_polars_come_back(unit: Any) -> None:
    hours = pl.datetime_range(
        datetime.datetime(2024, 3, 30),
        datetime.datetime(2024, 4, 1),
        "1h",
        time_zone="America/New_York",
        time_unit=unit,
        eager=True,
    )
    told = answered(pl.DataFrame({"ds": hours, "y": np.arange(len(hours), dtype=float)}))
    assert told["ds"].dtype == hours.dtype and told["ds"][0] == hours[-1] + datetime.timedelta(hours=1)
    dates = pl.date_range(datetime.date(2024, 1, 31), datetime.date(2025, 6, 30), "1mo", eager=True)
    ends = dates.dt.month_end()
    told = answered(pl.DataFrame({"ds": ends, "y": np.arange(len(ends), dtype=float)}))
    assert told["ds"].to_list() == [datetime.date(2025, 7, 31), datetime.date(2025, 8, 31)]


TIMES = {
    "texts": ([f"{day:%Y-%m}" for day in pd.date_range("2020", periods=40, freq="MS")], "2023-05"),
    "numbers that are dates": ([int(f"{day:%Y%m%d}") for day in DAYS], 20240210),
    "floats that are dates": ([float(f"{day:%Y%m%d}") for day in DAYS], 20240210.0),
    "steps": (list(range(40)), 40),
    "python dates": ([day.date() for day in DAYS], datetime.date(2024, 2, 10)),
    "python datetimes": ([BEGIN + k * HOUR for k in range(40)], BEGIN + 40 * HOUR),
}  # fmt: skip


@pytest.mark.parametrize("kind", TIMES)
def test_times_come_back_in_the_type_in_which_they_were_given(kind: str) -> None:
    cells, following = TIMES[kind]
    series = pd.Series(cells, dtype=object if kind.startswith("python") else None)
    told = answered(pd.DataFrame({"ds": series, "y": np.arange(40.0)}))
    assert told["ds"][0] == following and isinstance(told["ds"].tolist()[0], type(cells[0]))


@pytest.mark.parametrize(
    "names",
    [
        np.array([7, 8]), np.array([7, 8], np.int8), pd.array([7, 8], "Int64"), pd.Categorical(["a", "b"]),
        pd.array(["a", "b"], "string"), np.array(["a", "b"], object),
    ],
)  # fmt: skip
def test_names_come_back_in_their_type(names: Any) -> None:
    column = pd.Series(names).repeat(40).reset_index(drop=True)
    frame = pd.DataFrame({"unique_id": column, "ds": np.tile(DAYS, 2), "y": np.tile(WAVE, 2)})
    told = answered(frame)["unique_id"]
    assert told.dtype == column.dtype and told.tolist() == [names[0]] * 2 + [names[1]] * 2


def test_categories_of_polars_come_back() -> None:
    names = pl.Series(["a"] * 40 + ["b"] * 40, dtype=pl.Categorical)
    frame = pl.DataFrame({"unique_id": names, "ds": np.tile(DAYS.to_numpy(), 2), "y": np.tile(WAVE, 2)})
    assert answered(frame)["unique_id"].dtype == pl.Categorical


def test_names_that_would_be_one_text_are_refused() -> None:
    frame = long(1, "1")
    assert "two series would have one name; found '1' as a text and as a number" in refused(frame)
    assert read(long(1.0, 2.0)).ids == ["1", "2"]
    frame = long("a", "b").assign(part="c")
    frame.loc[40:, ["unique_id", "part"]] = ["a/c", ""]
    assert "series id is missing in column 'part'" in refused(frame, unique_id=("unique_id", "part"))
    frame.loc[:39, ["unique_id", "part"]] = ["a", "c/d"]
    frame.loc[40:, ["unique_id", "part"]] = ["a/c", "d"]
    assert "two series would have one name" in refused(frame, unique_id=("unique_id", "part"))


def test_missing_names_and_nullable_numbers_are_row_errors() -> None:
    frame = long("a", "b")
    frame["y"] = frame["y"].round().astype("Int64")
    frame.loc[3, "y"] = pd.NA
    assert refused(frame).startswith("frame:4: 1 missing values")
    assert read(frame, missing=True).missing["a"].tolist().index(True) == 3
    frame.loc[5, "unique_id"] = None
    assert refused(frame, missing=True).startswith("frame:6: series id is missing")
    assert (
        read(long("a").assign(y=np.where(WAVE > 100, WAVE, -999.0)), missing=True, missing_words=("-999",))
        .missing["a"]
        .any()
    )


def test_wide_frames_are_asked_about_and_each_column_is_a_series() -> None:
    frame = pd.DataFrame({"north": WAVE, "south": -WAVE}, index=DAYS.rename("date"))
    assert "wide=True" in refused(frame)
    table = read(frame, wide=True)
    assert table.ids == ["north", "south"] and table.values["south"][3] == -WAVE[3]
    assert answered(frame, wide=True)["unique_id"].tolist() == ["north"] * 2 + ["south"] * 2


def test_a_column_that_tells_mixed_series_apart_is_named_for_python() -> None:
    frame = long("a", "b").rename(columns={"unique_id": "store"})
    assert "column 'store' may name the series: unique_id='store'" in refused(frame, y="y")
    assert "column 'store' may name the series" in read(frame, y="y", sort=True, duplicates="mean").warnings[0]
    # A name in the index is no less a column.
    assert "unique_id='store'" in refused(frame.set_index("store"))


def test_columns_named_by_numbers_are_read_and_names_twice_or_on_levels_refused() -> None:
    assert read(pd.DataFrame({0: DAYS, 1: WAVE}), ds="0", y="1").values["series"].tolist() == WAVE.tolist()
    assert "stands more than once" in refused(pd.DataFrame([[1, 2]], columns=["y", "y"]))
    assert "several levels" in refused(pd.concat({"a": pd.DataFrame({"ds": DAYS, "y": WAVE})}, axis=1))


def test_arrow_tables_and_times_in_two_columns_are_read() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({"ds": DAYS.tz_localize("Europe/Berlin"), "y": WAVE})
    assert answered(table)["ds"].type == table["ds"].type
    frame = pd.DataFrame({"Date": [f"{day:%d/%m/%Y}" for day in DAYS], "Time": "06:00", "y": WAVE})
    told = answered(frame, ds=("Date", "Time"), date_format="%d/%m/%Y %H:%M")
    assert told["Date Time"].tolist() == ["10/02/2024 06:00", "11/02/2024 06:00"]


def test_coming_times_beyond_what_a_type_holds_are_refused() -> None:
    years = pd.date_range("2222-01-01", periods=40, freq="YS")
    with pytest.raises(DataError, match="out of the range of nanoseconds"):
        answered(pd.DataFrame({"ds": years, "y": WAVE}))
    with pytest.raises(DataError, match="pass the year 9999"):
        answered(pd.DataFrame({"ds": [f"{year}-01-01" for year in range(9960, 10000)], "y": WAVE}))


def test_a_frame_and_a_file_of_the_same_cells_give_the_same_series(tmp_path: Path) -> None:
    frame = long("b", "a", "c d").assign(note="x")
    frame.loc[3, "y"] = None
    frame.to_csv(tmp_path / "t.csv", index=False)
    for choices in ({"missing": True}, {"impute": "ffill"}, {"missing": True, "gaps": "ignore"}):
        in_file, in_frame = read_series(tmp_path / "t.csv", **choices), read(frame, **choices)
        assert in_file.ids == in_frame.ids and in_file.rhythms.keys() == in_frame.rhythms.keys()
        for name in in_file.ids:
            np.testing.assert_array_equal(in_file.values[name], in_frame.values[name])
            np.testing.assert_array_equal(in_file.times[name], in_frame.times[name])
        assert in_file.warnings == in_frame.warnings


def test_names_and_times_of_a_frame_are_advised_on_as_those_of_a_file() -> None:
    frame = long("a").assign(clock="noon")
    frame.loc[4, "unique_id"] = None
    assert refused(frame) == "frame:5: series id is missing in column 'unique_id'; fill it in"
    told = refused(long("a").assign(clock="noon"), ds=("ds", "clock"))
    assert told.startswith("frame:1: no usable time") and "the time is 'ds' and 'clock' with a space between" in told
