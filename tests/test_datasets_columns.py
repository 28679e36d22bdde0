"""Which columns are taken is told, and so is what else would fit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from command_line import recurra
from reading import read_series
from recurra.datasets.series.frames import FrameSeries
from recurra.datasets.series.table import SeriesReading
from recurra.datasets.texts import read_texts

SMALL = ("--set", "hidden=4", "--set", "embedding_size=4", "--set", "min_count=1", "--epochs", 1, "--quiet")


@pytest.fixture
def stay(tmp_path: Path) -> Path:
    """A table in which two columns could be the texts, and two the labels."""
    rows = [f"nice room {row},see note,{'ab'[row % 2]},{'cd'[row // 10]}\n" for row in range(20)]
    (tmp_path / "stay.csv").write_text("text,comment,class,category\n" + "".join(rows))
    return tmp_path / "stay.csv"


def test_a_guess_tells_what_else_would_fit(stay: Path) -> None:
    table = read_texts(stay)
    assert str(table.columns) == "texts from column 'text', labels from column 'class'"
    assert table.warnings == [
        "texts were taken from column 'text'; 'comment' would fit too: name the column with text=",
        "labels were taken from column 'class'; 'category' would fit too: name the column with label=",
    ]


def test_names_that_differ_by_case_alone_would_both_fit(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Text,text,label\na,c,x\nb,d,y\n")
    (told,) = read_texts(tmp_path / "t.csv").warnings
    assert told.startswith("texts were taken from column 'Text'; 'text' would fit too")
    (tmp_path / "s.csv").write_text("DS,ds,y\n2024-01-01,2025-01-01,1\n2024-01-02,2025-01-02,2\n")
    (told,) = read_series(tmp_path / "s.csv").warnings
    assert told.startswith("times were taken from column 'DS'; 'ds' would fit too")


def test_what_is_named_is_no_guess(stay: Path) -> None:
    assert read_texts(stay, text="comment", label="category").warnings == []
    (one,) = read_texts(stay, text="comment").warnings
    assert one.startswith("labels were taken from column 'class'")
    assert read_texts(stay, text="text", labelled=False).warnings == []


def test_check_and_fit_tell_the_columns(stay: Path, tmp_path: Path) -> None:
    also = "'category' would fit too: name the column with --label"
    checked = recurra("data", "check", stay)
    assert "note: texts from column 'text', labels from column 'class'\n" in checked.out
    assert (
        "warning: texts were taken from column 'text'; 'comment' would fit too" in checked.out and also in checked.out
    )
    done = recurra("fit", "text", stay, *SMALL, "--out", tmp_path / "run")
    assert done.code == 0 and also in done.err
    assert "note: texts from column 'text', labels from column 'class'" in done.err.splitlines()
    named = recurra("fit", "text", stay, "--text", "text", "--label", "class", *SMALL, "--out", tmp_path / "named")
    assert named.code == 0 and "would fit" not in named.err and "note: texts from" not in named.err


FIT = ("--epochs", 1, "--set", "hidden=4", "--season", 1, "--window", 3, "--validation", 2, "--quiet")


def sales(path: Path, header: str) -> Path:
    """A table of two series, each column filled as its name asks."""
    cells = {"day": "{day}", "id": "shop{shop}", "y": "{value}"}
    values = ("y", "value", "target", "price")
    kinds = ["id" if "id" in name else "y" if name in values else "day" for name in header.split(",")]
    rows = [
        ",".join(cells[kind] for kind in kinds).format(day=f"2024-01-{day:02d}", shop=shop, value=day * 3 % 7)
        for shop in "ab"
        for day in range(1, 29)
    ]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


FITTED = ("unique_id,ds,y", "unique_id,ds,y,target,value", "unique_id,day,week,y")


@pytest.mark.parametrize(
    ("header", "doubts"),
    [
        ("unique_id,ds,y", []),
        ("unique_id,ds,y,price", []),
        ("unique_id,ds,y,target,value", ["values were taken from column 'y'; 'value', 'target' would fit too"]),
        ("unique_id,date,timestamp,y", ["times were taken from column 'date'; 'timestamp' would fit too"]),
        ("series_id,unique_id,ds,y", ["names were taken from column 'unique_id'; 'series_id' would fit too"]),
        ("unique_id,date,month,year,y", []),
        ("unique_id,day,week,y", ["times were taken from column 'week'; 'day' would fit too"]),
    ],
)
def test_a_guess_of_series_tells_what_else_would_fit(header: str, doubts: list[str], tmp_path: Path) -> None:
    path = sales(tmp_path / "sales.csv", header)
    checked = recurra("data", "check", path, "--task", "series", "--validation", 2, "--window", 3)
    options = {"values": "--value y", "times": "--time {}", "names": "--id unique_id"}
    named = [options[line.split()[0]].format(line.split("'")[1]) for line in doubts]
    told = [f"warning: {line}: name the column with {name}" for line, name in zip(doubts, named, strict=True)]
    assert [line for line in checked.out.splitlines() if "would fit" in line] == told, checked
    # A fit reads as `data check` does: with a doubt, and without one, is enough.
    if header not in FITTED:
        return
    done = recurra("fit", "series", path, *FIT, "--out", tmp_path / "run")
    assert [line for line in done.err.splitlines() if "would fit" in line] == told, done
    note = next(line for line in checked.out.splitlines() if line.startswith("note: names from column "))
    assert note in done.err.splitlines()
    # What the model learnt from is no guess any more.
    assert "would fit" not in recurra("forecast", tmp_path / "run", path).err


def test_columns_of_series_that_are_named_are_no_guess(tmp_path: Path) -> None:
    path = sales(tmp_path / "sales.csv", "series_id,unique_id,date,timestamp,y,target")
    named = ("--id", "series_id", "--time", "timestamp", "--value", "target")
    done = recurra("fit", "series", path, *named, *FIT, "--out", tmp_path / "run")
    assert done.code == 0 and "would fit" not in done.err and "note: " not in done.err
    frame = pd.read_csv(path, parse_dates=["date", "timestamp"])
    doubts = FrameSeries.of(frame, SeriesReading()).table.warnings
    assert [line.split(" ")[0] for line in doubts] == ["names", "times", "values"]
    assert all("unique_id='unique_id'" in line or "ds='date'" in line or "y='y'" in line for line in doubts)
    chosen = SeriesReading(unique_id="unique_id", ds="date", y="y")
    assert not FrameSeries.of(frame, chosen).table.warnings


def test_a_second_column_of_times_in_a_wide_table_is_warned_of(tmp_path: Path) -> None:
    path = sales(tmp_path / "wide.csv", "date,timestamp,y,target")
    header, *rows = path.read_text().splitlines()[:29]
    path.write_text("\n".join([header, *(f"{row.split(',')[0]},{at},{at},{at}" for at, row in enumerate(rows))]) + "\n")
    (doubt,) = FrameSeries.of(pd.read_csv(path, parse_dates=["date"]), SeriesReading(wide=True)).table.warnings
    assert doubt.startswith("times were taken from column 'date'; 'timestamp' would fit too")
