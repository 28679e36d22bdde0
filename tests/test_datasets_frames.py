"""Frames of pandas and polars become the same series as files, and files are checked through for findings."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reading import series_from_frame
from recurra.errors import DataError
from recurra.tasks.checking import check_file

pytest.importorskip("narwhals")


def pandas_frame(columns: dict[str, Any]) -> Any:
    return pytest.importorskip("pandas").DataFrame(columns)


def polars_frame(columns: dict[str, Any]) -> Any:
    return pytest.importorskip("polars").DataFrame(columns, strict=False)


Frame = Callable[[dict[str, Any]], Any]
DAYS = [datetime.datetime(2024, 1, day) for day in (1, 2, 3)]
both = pytest.mark.parametrize("frame", [pandas_frame, polars_frame])


@both
@pytest.mark.parametrize(
    "times", [DAYS, [day.date() for day in DAYS], [str(day.date()) for day in DAYS]], ids=["datetime", "date", "text"]
)
def test_frames_give_series_with_days(frame: Frame, times: list[Any]) -> None:
    table = series_from_frame(frame({"unique_id": ["b", "a", "a"], "ds": times, "y": [1, 2, 3]}))
    assert table.ids == ["b", "a"] and table.values["a"].tolist() == [2.0, 3.0]
    assert table.times["a"].astype("datetime64[D]").tolist() == [datetime.date(2024, 1, 2), datetime.date(2024, 1, 3)]


@both
def test_a_zone_becomes_utc(frame: Frame) -> None:
    zone = datetime.timezone(datetime.timedelta(hours=2))
    times = [day.replace(tzinfo=zone) for day in DAYS[:2]]
    table = series_from_frame(frame({"ds": times, "y": [1.0, 2.0]}))
    assert str(table.times["series"][0].astype("datetime64[s]")) == "2023-12-31T22:00:00"


@both
def test_whole_numbers_are_steps_and_columns_can_be_named(frame: Frame) -> None:
    table = series_from_frame(
        frame({"k": ["x"] * 3, "t": [5, 6, 7], "v": [1.5, 2.5, 3.5]}), unique_id="k", ds="t", y="v"
    )
    assert table.times["x"].tolist() == [5, 6, 7] and table.times["x"].dtype == np.int64


@both
@pytest.mark.parametrize(
    ("columns", "wrong"),
    [
        ({"ds": [1, 2], "y": [1.0, float("inf")]}, r"frame:2: no usable number in column 'y'"),
        ({"ds": [1, 2], "y": [1.0, None]}, r"frame:2: 1 missing values"),
        ({"ds": [1, 2], "y": ["1", "2"]}, r"column 'y' holds String"),
        ({"ds": [1, 2], "y": [True, False]}, r"column 'y' holds Boolean"),
        ({"ds": [DAYS[0], None], "y": [1, 2]}, r"frame:2: no usable time"),
        ({"unique_id": ["a", None], "ds": [1, 2], "y": [1, 2]}, r"frame:2: series id is missing"),
        ({"unique_id": ["a", ""], "ds": [1, 2], "y": [1, 2]}, r"frame:2: series id is missing"),
        ({"ds": [2, 1], "y": [1, 2]}, r"frame:2: times of series 'series' go back"),
        ({"ds": ["01/02/2024", "02/02/2024"], "y": [1, 2]}, r"frame:1: no usable time"),
        ({"a": [1], "b": [2]}, r"no time column"),
    ],
)
def test_bad_frames_are_refused_with_the_row(frame: Frame, columns: dict[str, Any], wrong: str) -> None:
    with pytest.raises(DataError, match=wrong):
        series_from_frame(frame(columns))


@both
def test_missing_values_can_be_kept(frame: Frame) -> None:
    table = series_from_frame(frame({"ds": [1, 2, 3], "y": [1.0, None, 3.0]}), missing=True)
    assert table.missing["series"].tolist() == [False, True, False]


def test_what_is_no_frame_or_empty_is_refused() -> None:
    with pytest.raises(DataError, match="not a frame; found list"):
        series_from_frame([1, 2])
    with pytest.raises(DataError, match="no rows"):
        series_from_frame(pandas_frame({"ds": [], "y": []}))


def found(path: Path, **options: Any) -> dict[str, str]:
    told: dict[str, str] = {}
    for finding in check_file(path, **options):
        told[finding.level] = told.get(finding.level, "") + finding.text + "\n"
    return told


def test_a_text_table_is_checked_through_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('text,label\nfine,1\nbad\nfine,2\n"",1\nx,\n', encoding="utf-8")
    told = found(path)
    assert "t.csv:3:1: short row" in told["error"] and "t.csv:6:3: label is missing" in told["error"]
    assert "1 text has more than one label" in told["warning"] and "1 text is empty" in told["warning"]
    assert "task text" in told["note"] and "classes: '1' 2, '2' 1" in told["note"]


def test_one_class_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("text,label\na,1\nb,1\n", encoding="utf-8")
    assert "1 class, need 2 or more" in found(path)["error"]
    path.write_text("text,other\na,1\nb,1\n", encoding="utf-8")
    assert "no label column" in found(path)["error"]


def test_series_are_told_by_their_columns_and_all_faults_shown(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("ds,y\n2024-01-01,1\n2024-01-02,1\n2024-01-04,\n2024-01-05,1\n", encoding="utf-8")
    told = found(path)
    assert "1 values are missing" in told["warning"] and "constant" in told["warning"]
    assert "1 series of 5 to 5 steps" in told["note"] and "rhythm: 1 day (1)" in told["note"]


def test_series_of_different_rhythms_are_told_as_a_table(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [f"a,2024-01-0{day},{day}" for day in range(1, 6)] + [f"b,2024-0{month}-01,{month}" for month in range(1, 6)]
    path.write_text("unique_id,ds,y\n" + "\n".join(rows), encoding="utf-8")
    assert "rhythm: 1 day (1), 1 month (1)" in found(path)["warning"]


def test_plain_text_is_checked_for_language(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("one two\nthree\ufffd\n", encoding="utf-8")
    told = found(path)
    assert "3 words" in told["note"] and "1 U+FFFD" in told["warning"]


def test_what_cannot_be_read_at_all_is_one_finding(tmp_path: Path) -> None:
    assert "no such file" in found(tmp_path / "gone.csv")["error"]
    (tmp_path / "t.bin").write_bytes(b"x")
    assert "unknown kind of file" in found(tmp_path / "t.bin")["error"]
