"""Columns of series: times in two of them, names that tell mixed series apart, wide tables, rows as plain steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exported_series import DAYS, coming, refused, write
from reading import read_series
from recurra.datasets.series.table import SeriesTable

TWO = "Date;Time;Power\n" + "".join(f"{1 + hour // 24}/1/2024;{hour % 24:02d}:00:00;{hour}\n" for hour in range(40))


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("year,quarter,y", "two columns; found 'year' and 'quarter'; write them in one column as YYYY-Qn"),
        ("Year,Week,y", "two columns; found 'Year' and 'Week'; write them in one column as YYYY-Www"),
        ("year,month,day,y", '--time year --time month --time day --date-format "%Y %m %d"'),
    ],
)
def test_parts_of_a_date_are_no_times_that_stand_twice(tmp_path: Path, header: str, told: str) -> None:
    cells = ",".join(["2024"] + ["{}"] * (header.count(",") - 1) + ["{}"])
    rows = [cells.format(*([row + 1] * header.count(","))) for row in range(4)]
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]) + "\n")
    message = refused(tmp_path / "t.csv")
    assert told in message and "duplicates" not in message


def test_times_in_two_columns_are_asked_about_and_read_together(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TWO)
    told = refused(tmp_path / "t.csv", y="Power")
    assert "times seem to stand in two columns; found 'Date' and 'Time'" in told and "--time Date --time Time" in told
    told = refused(tmp_path / "t.csv", y="Power", ds=("Date", "Time"), date_format="%d/%m/%Y")
    assert "with a space between" in told and '"%d/%m/%Y %H:%M:%S"' in told
    table = read_series(tmp_path / "t.csv", ds=("Date", "Time"), date_format="%d/%m/%Y %H:%M:%S")
    assert coming(table, 1) == ["02/01/2024 16:00:00"] and table.columns.ds == "Date Time"
    (tmp_path / "t.csv").write_text(
        "year,month,sales\n" + "".join(f"{2020 + k // 12},{k % 12 + 1},{k}\n" for k in range(30))
    )
    told = refused(tmp_path / "t.csv")
    assert '--time year --time month --date-format "%Y %m"' in told
    assert coming(read_series(tmp_path / "t.csv", ds=("year", "month"), date_format="%Y %m"), 1) == ["2022 07"]


def stores(folder: Path, *names: str, header: str, shuffled: bool = False) -> Path:
    rows = [
        f"{name},{day},{1000 * number + step}" for number, name in enumerate(names) for step, day in enumerate(DAYS)
    ]
    rows = sorted(rows, key=lambda row: row.split(",")[-2]) if shuffled else rows
    (folder / "t.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder / "t.csv"


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("header", ["store,date,sales", "Region,ds,y", "sensorId,timestamp,value"])
def test_a_column_that_tells_mixed_series_apart_is_advised_as_their_name(
    header: str, shuffled: bool, tmp_path: Path
) -> None:
    path, name = stores(tmp_path, "1", "2", "3", header=header, shuffled=shuffled), header.split(",")[0]
    options = {"y": header.split(",")[2]}
    assert f"column {name!r} may name the series: --id {name}" in refused(path, **options)
    assert f"--id {name}" in refused(path, sort=True, **options)
    for how in ("mean", "first"):
        told = read_series(path, sort=True, duplicates=how, **options).warnings  # type: ignore[arg-type]
        assert "80 times" in told[0] and f"column {name!r} may name the series" in told[0]
    assert len(read_series(path, unique_id=name, sort=True, **options).ids) == 3  # type: ignore[arg-type]


def test_where_no_value_is_clear_a_column_that_names_things_is_asked_about(tmp_path: Path) -> None:
    path = stores(tmp_path, "1", "2", header="store,date,sales")
    told = refused(path)
    assert "no value column" in told and "does 'store' name the series? --id store" in told and "--wide" not in told
    assert len(read_series(path, unique_id="store").ids) == 2


def test_two_columns_together_may_name_series(tmp_path: Path) -> None:
    names = [f"{store},{item}" for store in "ab" for item in "xyz"]
    path = stores(tmp_path, *names, header="store,item,date,sales")
    told = refused(path, y="sales")
    assert "columns 'store' and 'item' may name the series: --id store --id item" in told
    assert "columns 'item'" not in told
    assert "--id store --id item" in refused(path, y="sales", unique_id="store")
    table = read_series(path, unique_id=("store", "item"), y="sales")
    assert table.ids[0] == "a/x" and len(table.ids) == 6 and table.columns.unique_id == "store/item"


def test_without_such_a_column_doubles_are_still_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("ds,y\n" + "".join(f"{day},{k}\n{day},{k + 50}\n" for k, day in enumerate(DAYS)))
    assert "--duplicates first or mean" in refused(tmp_path / "t.csv")
    told = read_series(tmp_path / "t.csv", duplicates="mean").warnings
    assert told == [
        "40 times of series 't' stand more than once: their mean is taken; "
        "80 rows for 40 times: are these several series?"
    ]


def test_measurements_and_parts_of_times_never_name_series(tmp_path: Path) -> None:
    rows = "".join(f"{day},{k % 7},{k / 10},{k}\n{day},{k % 7},{k / 10 + 0.05},{k}\n" for k, day in enumerate(DAYS))
    (tmp_path / "t.csv").write_text("ds,day,temperature,y\n" + rows)
    assert "--duplicates first or mean" in refused(tmp_path / "t.csv", ds="ds")


def test_wide_tables_are_asked_about_and_each_column_is_a_series(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("date,north,south\n" + "".join(f"{day},{k},{-k}\n" for k, day in enumerate(DAYS)))
    told = refused(tmp_path / "t.csv")
    assert "no value column" in told and "--wide" in told and "--value" in told
    table = read_series(tmp_path / "t.csv", wide=True)
    assert table.ids == ["north", "south"] and table.values["south"][5] == -5 and not table.unnamed
    (tmp_path / "t.csv").write_text("date,north,south\n2024-01-01,1,2\n2024-01-02,3,x\n")
    assert refused(tmp_path / "t.csv", wide=True).startswith("3:14: no usable number in column 'south'")


def test_a_guess_beside_which_another_column_fits_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("ds,y,target\n" + "".join(f"{day},{k},{-k}\n" for k, day in enumerate(DAYS)))
    told = read_series(tmp_path / "t.csv").warnings
    assert told == ["values were taken from column 'y'; 'target' would fit too: name the column with y='y'"]
    assert read_series(tmp_path / "t.csv", y="y").warnings == []


@pytest.mark.parametrize("labels", ["years and months", "month names", "irregular days"])
def test_rows_are_plain_steps_where_that_is_said_whatever_their_times(labels: str, tmp_path: Path) -> None:
    cells = {
        "years and months": [f"{1 + k // 12}-{k % 12 + 1:02d}" for k in range(36)],
        "month names": [("Jan", "Feb", "Mar", "Apr")[k % 4] for k in range(36)],
        "irregular days": np.datetime64("2024-01-01") + np.cumsum(np.arange(36) % 3 + 1),
    }[labels]
    table = read_series(write(tmp_path, cells, "Month,Sales"), gaps="ignore")
    assert table.counted and coming(table, 3) == ["36", "37", "38"] and table.values["t"].size == 36


def test_rows_as_steps_still_tell_mixed_series_apart(tmp_path: Path) -> None:
    rows = "".join(f"{store},{1 + k // 12}-{k % 12 + 1:02d},{k}\n" for store in "ab" for k in range(24))
    (tmp_path / "t.csv").write_text("store,month,sales\n" + rows)
    assert "column 'store' may name the series" in refused(tmp_path / "t.csv", y="sales", gaps="ignore")
    assert coming_of(read_series(tmp_path / "t.csv", unique_id="store", gaps="ignore")) == {"a": [24], "b": [24]}


def coming_of(table: SeriesTable) -> dict[str, list[int]]:
    return {name: table.coming(name, 1).tolist() for name in table.ids}


@pytest.mark.parametrize("times", ["timestamps", "periods", "dates"])
def test_an_index_of_times_without_a_name_in_parquet_is_told(times: str, tmp_path: Path) -> None:
    import pandas as pd

    index = pd.DatetimeIndex(DAYS)
    index = {"timestamps": index, "periods": index.to_period("D"), "dates": pd.Index(index.date)}[times]
    pd.DataFrame({"sales": np.arange(len(DAYS))}, index=index).to_parquet(tmp_path / "t.parquet")
    told = "or take '__index_level_0__', which holds times: --time __index_level_0__"
    message = refused(tmp_path / "t.parquet")
    assert "no time column" in message and told in message
    assert coming(read_series(tmp_path / "t.parquet", ds="__index_level_0__"), 1)[0].startswith("2024-03-05")
    pd.DataFrame({"ds": index, "a": 1, "b": 2}).to_parquet(tmp_path / "t.parquet")
    assert "which holds times" not in refused(tmp_path / "t.parquet")
