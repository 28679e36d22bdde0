"""Series as people's own exports write them: times, numbers and columns are read as meant, or asked about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exported_series import DAYS, coming, refused, write
from reading import read_series
from recurra.datasets.series.moments import parse_moments
from recurra.errors import DataError, Place, UsageError

WRITTEN = {
    "yyyymmdd": ([f"{day}".replace("-", "") for day in DAYS], ["20240305", "20240306"], "1 day"),
    "yyyymmdd with .0": ([f"{day}".replace("-", "") + ".0" for day in DAYS], ["20240305", "20240306"], "1 day"),
    "yyyymm": ([f"{2020 + k // 12}{k % 12 + 1:02d}" for k in range(30)], ["202207", "202208"], "1 month"),
    "yyyymmddHHMM": (
        [f"202401{1 + k // 24:02d}{k % 24:02d}00" for k in range(60)], ["202401031200", "202401031300"], "1 hour"
    ),
    "year": ([str(1990 + k) for k in range(20)], ["2010", "2011"], "1 year"),
    "month": ([f"{2020 + k // 12}-{k % 12 + 1:02d}" for k in range(30)], ["2022-07", "2022-08"], "1 month"),
    "day": (DAYS, ["2024-03-05", "2024-03-06"], "1 day"),
    "minute": ([f"{day} 00:00" for day in DAYS], ["2024-03-05 00:00", "2024-03-06 00:00"], "1 day"),
    "second with T": ([f"{day}T06:30:00" for day in DAYS], ["2024-03-05T06:30:00", "2024-03-06T06:30:00"], "1 day"),
    "fraction": (
        [f"{day} 00:00:00.250" for day in DAYS], ["2024-03-05 00:00:00.250", "2024-03-06 00:00:00.250"], "1 day"
    ),
    "Z": ([f"{day}T00:00:00Z" for day in DAYS], ["2024-03-05T00:00:00Z", "2024-03-06T00:00:00Z"], "1 day"),
    "+00:00": ([f"{day} 00:00+00:00" for day in DAYS], ["2024-03-05 00:00+00:00", "2024-03-06 00:00+00:00"], "1 day"),
    "-05:30": ([f"{day} 12:00-05:30" for day in DAYS], ["2024-03-05 12:00-05:30", "2024-03-06 12:00-05:30"], "1 day"),
    "quarter": ([f"{2000 + k // 4}Q{k % 4 + 1}" for k in range(20)], ["2005Q1", "2005Q2"], "3 months"),
    "quarter with a dash": ([f"{2000 + k // 4}-Q{k % 4 + 1}" for k in range(20)], ["2005-Q1", "2005-Q2"], "3 months"),
    "quarter first": ([f"Q{k % 4 + 1} {2000 + k // 4}" for k in range(20)], ["Q1 2005", "Q2 2005"], "3 months"),
    "week": ([f"2020-W{k + 1:02d}" for k in range(52)], ["2020-W53", "2021-W01"], "7 days"),
    "week without a dash": ([f"2021W{k + 1:02d}" for k in range(51)], ["2021W52", "2022W01"], "7 days"),
    "steps": (list(range(0, 400, 10)), ["400", "410"], "10 steps"),
    "large steps": ([50_000_000 + k for k in range(30)], ["50000030", "50000031"], "1 step"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRITTEN)
def test_times_are_read_and_go_on_in_the_notation_of_the_file(kind: str, tmp_path: Path) -> None:
    cells, expected, rhythm = WRITTEN[kind]
    table = read_series(write(tmp_path, cells))
    assert coming(table) == expected and str(table.rhythms["t"].step) == rhythm


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
@pytest.mark.parametrize("number", [int, float])
def test_numbers_that_are_dates_are_dates_in_every_form_of_file(form: str, number: type, tmp_path: Path) -> None:
    cells = [number(f"{day}".replace("-", "")) for day in DAYS]
    path = tmp_path / f"t.{form}"
    if form == "jsonl":
        path.write_text("".join(f'{{"ds": {cell}, "y": 1.5}}\n' for cell in cells))
    else:
        pyarrow = pytest.importorskip("pyarrow")
        import pyarrow.parquet as parquet

        parquet.write_table(pyarrow.table({"ds": cells, "y": np.arange(len(cells))}), path)
    assert coming(read_series(path)) == ["20240305", "20240306"]


GIVEN = {
    "%d/%m/%Y": ({"date_format": "%d/%m/%Y"}, [f"{day.astype(object):%d/%m/%Y}" for day in DAYS], ["05/03/2024"]),
    "%Y/%m/%d %H:%M": (
        {"date_format": "%Y/%m/%d %H:%M"},
        [f"{day.astype(object):%Y/%m/%d} 07:00" for day in DAYS],
        ["2024/03/05 07:00"],
    ),
    "%z": ({"date_format": "%Y-%m-%d %H:%M %z"}, [f"{day} 01:00 +0200" for day in DAYS], ["2024-03-05 01:00 +0200"]),
    "s": ({"epoch": "s"}, DAYS.astype("datetime64[s]").astype(int), ["1709596800"]),
    "ms": ({"epoch": "ms"}, DAYS.astype("datetime64[ms]").astype(int), ["1709596800000"]),
    "us": ({"epoch": "us"}, DAYS.astype("datetime64[us]").astype(int), ["1709596800000000"]),
    "ns": ({"epoch": "ns"}, DAYS.astype("datetime64[ns]").astype(int), ["1709596800000000000"]),
    "excel": ({"epoch": "excel"}, [45316 + k for k in range(40)], ["45356"]),
    "excel with hours": ({"epoch": "excel"}, [45316 + k / 4 for k in range(40)], ["45326"]),
    "steps": ({"epoch": "step"}, [20240101 + k for k in range(40)], ["20240141"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", GIVEN)
def test_notations_that_are_named_are_read_and_written_again(kind: str, tmp_path: Path) -> None:
    options, cells, expected = GIVEN[kind]
    assert coming(read_series(write(tmp_path, cells), **options), 1) == expected


ASKED = {
    "no such day": ([20240228, 20240229, 20240230], ("4:1", "20240230", "--date-format", "--time-unit step")),
    "steps like dates": ([20240101 + k for k in range(40)], ("33:1", "20240132", "YYYYMMDD")),
    "a stray number": ([20240101, 20240102, 0, 20240104], ("4:1", "found 0", "YYYYMMDD")),
    "thirteenth month": ([202411, 202412, 202413], ("4:1", "202413", "YYYYMM")),
    "day of the year": ([2024001 + k for k in range(40)], ("2:1", "YYYYDDD", "%Y%j")),
    "two digits of the year": ([240101 + k for k in range(31)], ("2:1", "YYMMDD", "YYYY-MM-DD", "--time-unit step")),
    "days first": (["01012024", "02012024", "13012024"], ("2:1", "DDMMYYYY", "YYYY-MM-DD", "--time-unit step")),
    "months first": ([1132024, 1142024, 12152024], ("2:1", "MMDDYYYY", "YYYY-MM-DD")),
    "weeks of a year": ([202120 + k for k in range(30)], ("2:1", "YYYYWW", "YYYY-Www", "--time-unit step")),
    "a spreadsheet's days": ([45292 + k for k in range(40)], ("2:1", "spreadsheet", "2024-01-01", "--time-unit excel")),
    "parts of its days": ([45292.5 + k for k in range(40)], ("2:1", "spreadsheet", "--time-unit excel")),
    "seconds": ([1_704_067_200 + 60 * k for k in range(40)], ("2:1", "--time-unit s;")),
    "milliseconds": ([1_704_067_200_000 + 60 * k for k in range(40)], ("2:1", "--time-unit ms;")),
    "microseconds": ([1_704_067_200_000_000 + 60 * k for k in range(40)], ("2:1", "--time-unit us;")),
    "nanoseconds": ([1_704_067_200_000_000_000 + 60 * k for k in range(40)], ("2:1", "--time-unit ns;")),
    "date and hour": ([2024010100 + k for k in range(20)], ("2:1", "%Y%m%d%H")),
    "years and steps": (["1-01", "1-02", "1-03"], ("2:1", "--rows-as-steps", 'such as --date-format "%b %Y"')),
    "slashes": (["2024/01/02"], ("2:1", '--date-format "%Y/%m/%d"')),
    "dots and hours": (["31.01.2024 10:30"], ("2:1", '--date-format "%d.%m.%Y %H:%M"')),
    "day or month": (["01/02/2024"], ("2:1", '--date-format "%d/%m/%Y" or %m/%d/%Y')),
    "week 53 of 52": (["2021-W53"], ("2:1", "no usable time")),
    "missing": (["2024-01-01", "NaT"], ("3:1", "fill it in")),
}  # fmt: skip


@pytest.mark.parametrize("kind", ASKED)
def test_times_that_may_mean_something_else_are_asked_about_in_one_line(kind: str, tmp_path: Path) -> None:
    cells, told = ASKED[kind]
    message = refused(write(tmp_path, cells))
    assert message.startswith(told[0]) and "\n" not in message
    for part in told[1:]:
        assert part in message, message


@pytest.mark.parametrize(("unit", "likely"), [("s", "ns"), ("ms", "ns")])
def test_a_unit_that_cannot_be_meant_is_refused_with_the_likely_one(unit: Any, likely: str) -> None:
    with pytest.raises(DataError, match=f'no time of the years 1 to 9999 in the unit {unit}; .*epoch="{likely}"'):
        parse_moments(["1704067200000000000"], place=lambda row: Place("t"), epoch=unit)


def test_offsets_that_change_are_warned_of_and_a_named_zone_knows_the_coming_ones(tmp_path: Path) -> None:
    import pandas as pd

    dates = pd.date_range("2024-02-01", periods=240, freq="D", tz="Europe/Berlin")
    cells = [f"{date:%Y-%m-%dT%H:%M}{date:%z}" for date in dates]
    path = write(tmp_path, [f"{cell[:-2]}:{cell[-2:]}" for cell in cells])
    table = read_series(path)
    assert "coming times carry the last offset" in table.warnings[0]
    assert coming(table, 30)[-1] == "2024-10-27T00:00+02:00" and str(table.rhythms["t"].step) == "1 day"
    named = read_series(path, zone="Europe/Berlin")
    assert not named.warnings and coming(named, 31)[-1] == "2024-10-28T00:00+01:00"
    with pytest.raises(UsageError, match="unknown zone; found 'Berlin'"):
        read_series(path, zone="Berlin")


@pytest.mark.parametrize("kind", ["dates", "hours"])
def test_parquet_keeps_its_zone_in_what_is_answered(kind: str, tmp_path: Path) -> None:
    import pandas as pd

    pytest.importorskip("pyarrow")
    dates = pd.date_range(
        "2024-10-01", periods=26 if kind == "dates" else 615, freq="D" if kind == "dates" else "h", tz="Europe/Berlin"
    )
    pd.DataFrame({"ds": dates, "y": np.arange(len(dates))}).to_parquet(tmp_path / "t.parquet")
    written = coming(read_series(tmp_path / "t.parquet"), 26)
    following = pd.date_range(dates[-1], periods=27, freq="D" if kind == "dates" else "h")[1:]
    assert written == [date.isoformat(sep=" ") for date in following]


@pytest.mark.parametrize("loaded", [True, False])
@pytest.mark.parametrize("frequency", ["Y", "Q", "M", "W", "D", "h", "min", "s", "ms"])
def test_periods_in_parquet_are_the_times_at_which_they_begin(frequency: str, loaded: bool, tmp_path: Path) -> None:
    """`loaded` or not: pyarrow knows the type of periods only where pandas has been asked for one."""
    import pandas as pd
    import pyarrow

    periods = pd.period_range("1968-03-04", periods=40, freq=frequency)
    pd.DataFrame({"ds": periods, "y": np.arange(40.0)}).to_parquet(tmp_path / "t.parquet")
    kind = type(pyarrow.array(periods).type)
    if not loaded:
        pyarrow.unregister_extension_type("pandas.period")
    try:
        table = read_series(tmp_path / "t.parquet")
    finally:
        if not loaded:
            pyarrow.register_extension_type(kind("D"))
    assert (table.times["t"] == periods.to_timestamp().to_numpy()).all()
    following = (periods[-1:] + 1).to_timestamp().astype(str).tolist()
    assert [text[: len(following[0])] for text in coming(table, 1)] == following


@pytest.mark.parametrize("frequency", ["Q-JAN", "W-WED", "Y-MAR", "2D"])
def test_periods_of_other_calendars_in_parquet_are_refused_with_advice(frequency: str, tmp_path: Path) -> None:
    import pandas as pd

    pd.DataFrame({"ds": pd.period_range("2024", periods=40, freq=frequency), "y": 1.0}).to_parquet(tmp_path / "t.pq")
    with pytest.raises(DataError, match=rf"'ds' holds pandas' periods of frequency {frequency}; .*to_timestamp\(\)"):
        read_series(tmp_path / "t.pq")


def test_a_period_that_is_missing_in_parquet_is_no_time(tmp_path: Path) -> None:
    import pandas as pd

    periods = pd.PeriodIndex(["2024-01", None, "2024-03"], freq="M")
    pd.DataFrame({"ds": periods, "y": [1.0, 2.0, 3.0]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="2:1: no usable time"):
        read_series(tmp_path / "t.parquet")


NUMBERS = {
    "decimal comma": ({"decimal": ","}, ["101,49", "-3,5", "7", ",5"], [101.49, -3.5, 7, 0.5]),
    "points and commas": ({"decimal": ",", "thousands": "."}, ["1.234,5", "1.234.567", "12"], [1234.5, 1234567, 12]),
    "points alone": ({"thousands": "."}, ["998", "1.005", "1.012"], [998, 1005, 1012]),
    "commas": ({"thousands": ","}, ['"1,234.5"', '"12,345,678"', "3.5"], [1234.5, 12345678, 3.5]),
    "spaces": ({"thousands": " ", "decimal": ","}, ["1 234,5", "1\u00a0234,5", "1\u202f234"], [1234.5, 1234.5, 1234]),
    "apostrophes": ({"thousands": "'"}, ["1'234.5", "1’234", "5"], [1234.5, 1234, 5]),
    "decimal points it is": ({"decimal": "."}, ["998", "1.005"], [998, 1.005]),
}  # fmt: skip


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_are_read_by_the_marks_that_are_named(kind: str, tmp_path: Path) -> None:
    options, cells, expected = NUMBERS[kind]
    (tmp_path / "t.csv").write_text("ds;y\n" + "".join(f"{row};{cell}\n" for row, cell in enumerate(cells)))
    assert read_series(tmp_path / "t.csv", **options).values["t"].tolist() == expected


MARKS = {
    "1,5": "--decimal ,", "1.234,5": '--decimal , --thousands "."', "1,234.5": '--thousands ","',
    "1,234": '--thousands "," (or --decimal , if', "1.234.567": '--thousands "."',
    "1 234,5": '--decimal , --thousands " "',
    "1 234": '--thousands " "', "1'234.5": """--thousands "'\"""", "€ 5": "bare number", "5 €": "bare number",
    "1,5 %": "bare number", "EUR 5": "bare number", "5 kWh": "bare number", "gone": "--missing 'gone'",
}  # fmt: skip


@pytest.mark.parametrize("cell", MARKS)
def test_numbers_with_other_marks_are_refused_with_the_option_that_reads_them(cell: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"ds;y\n1;2\n2;{cell}\n")
    assert MARKS[cell] in refused(tmp_path / "t.csv")


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_points_before_three_digits_beside_whole_numbers_are_asked_about(delimiter: str, tmp_path: Path) -> None:
    def doubtful(*cells: str, **options: Any) -> bool:
        (tmp_path / "t.csv").write_text(
            "".join(
                f"{delimiter.join(row)}\n" for row in [("ds", "y"), *((str(k), cell) for k, cell in enumerate(cells))]
            )
        )
        try:
            read_series(tmp_path / "t.csv", **options)
        except DataError as problem:
            assert "points that may set thousands apart" in str(problem) and 'thousands="."' in str(problem)
            return True
        return False

    assert doubtful("998", "1.005", "1.012") and doubtful("-998", "-1.005")
    assert not doubtful("998", "1.005", decimal=".") and not doubtful("998", "1.005", thousands=".")
    # Whole numbers of four digits, other counts of digits and a zero before the point show decimals.
    for shown in ("1998", "1.5", "0.125", "12.0"):
        assert not doubtful("998", "1.005", shown)


def test_numbers_of_which_all_may_be_thousands_are_warned_of_beside_semicolons(tmp_path: Path) -> None:
    for delimiter, doubts in ((";", 1), (",", 0)):
        rows = "".join(f"{step}{delimiter}1.{step + 100}\n" for step in range(40))
        (tmp_path / "t.csv").write_text(f"ds{delimiter}y\n{rows}")
        assert len(read_series(tmp_path / "t.csv").warnings) == doubts
        assert not read_series(tmp_path / "t.csv", decimal=".").warnings
    assert read_series(tmp_path / "t.csv", thousands=".").values["t"][0] == 1100


def test_a_value_far_from_all_others_is_warned_of(tmp_path: Path) -> None:
    rows = [str(100 + step % 7) for step in range(60)]
    rows[13] = "1e12"
    (tmp_path / "t.csv").write_text("ds,y\n" + "".join(f"{step},{row}\n" for step, row in enumerate(rows)))
    told = read_series(tmp_path / "t.csv").warnings
    assert told == ["1 series have values far from all others, such as 1e+12 in 't': they set its scale"]
    growing = "".join(f"{step},{1.3**step}\n" for step in range(60))
    (tmp_path / "t.csv").write_text("ds,y\n" + growing)
    assert not read_series(tmp_path / "t.csv").warnings


@pytest.mark.parametrize("header", [",date,sales", "Unnamed: 0,date,sales", "index,date,sales"])
def test_a_column_that_numbers_the_rows_is_no_value(header: str, tmp_path: Path) -> None:
    rows = "".join(f"{step},{day},{step}\n" for step, day in enumerate(DAYS))
    (tmp_path / "t.csv").write_text(f"{header}\n{rows}")
    assert read_series(tmp_path / "t.csv").columns.y == "sales"


@pytest.mark.parametrize(
    ("mark", "allowed"),
    [({"decimal": ";"}, "'.' or ','"), ({"decimal": ",", "thousands": ","}, "'.'"), ({"thousands": "x"}, "','")],
)
def test_marks_that_are_none_are_usage_errors(mark: dict[str, Any], allowed: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"allowed: .*{allowed}"):
        read_series(write(tmp_path, DAYS), **mark)


def test_words_for_missing_are_named_beside_the_usual_ones(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("ds,y\n1,5\n2,gone\n3,-999\n4,n/a\n5,6\n6,7\n")
    assert "--missing 'gone'" in refused(tmp_path / "t.csv", missing=True)
    table = read_series(tmp_path / "t.csv", missing=True, missing_words=("gone", "-999"))
    assert table.missing["t"].tolist() == [False, True, True, True, False, False]
    (tmp_path / "t.jsonl").write_text("".join(f'{{"ds": {k}, "y": {(k, -999)[k == 2]}}}\n' for k in range(5)))
    assert read_series(tmp_path / "t.jsonl", missing=True, missing_words=("-999",)).missing["t"].tolist()[2]
