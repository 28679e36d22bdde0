"""A model and other series: its rhythm, its names and how its files are written go with the artefact."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from command_line import Done, recurra, refused
from recurra.datasets.series.learnt import LearntSeries
from recurra.datasets.series.rhythms import TimeStep
from recurra.datasets.series.table import SeriesReading
from recurra.errors import ArtefactError, DataError
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.tasks.heads.horizon.run import RunningForecaster, read_learnt, written_learnt

SMALL = SERIES_SETTINGS.changed({"hidden": 4, "epochs": 1, "window": 5})
FIT = ("--epochs", 1, "--set", "hidden=4", "--window", 5, "--horizon", 2, "--quiet")
DAYS = np.arange("2024-01-01", "2024-02-20", dtype="datetime64[D]")


def fitted(frame: Any, **reading: Any) -> Forecaster:
    return Forecaster(config=SMALL, horizon=2, recipe="net").fit(frame, reading=SeriesReading(**reading))


def frame(times: Any = DAYS, name: str = "", **columns: Any) -> pd.DataFrame:
    values = 100 + np.arange(len(times)) % 7
    made = {"ds": times, "y": values.astype(float), **columns}
    return pd.DataFrame({"unique_id": name, **made} if name else made)


def write(path: Path, times: Any = DAYS, *, header: str = "date,sales", row: str = "{time},{value}") -> Path:
    path.parent.mkdir(exist_ok=True)
    rows = "".join(row.format(time=time, value=100 + number % 7) + "\n" for number, time in enumerate(times))
    path.write_text(f"{header}\n{rows}", encoding="utf-8")
    return path


def answered(done: Done) -> list[str]:
    assert done.code == 0, done
    return done.out.splitlines()


def test_a_model_of_one_unnamed_series_forecasts_any_file_of_one(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert recurra("fit", "series", write(tmp_path / "sales.csv"), "--out", run, *FIT).code == 0
    rows = answered(recurra("forecast", run, write(tmp_path / "sales_may.csv")))
    assert rows[0] == "unique_id,date,Recurra" and rows[1].startswith("sales_may,2024-02-20,") and len(rows) == 3
    text = (tmp_path / "sales.csv").read_bytes()
    from_stdin = answered(recurra("forecast", run, "-", stdin=text))
    assert [row.split(",")[1:] for row in from_stdin[1:]] == [row.split(",")[1:] for row in rows[1:]]
    assert recurra("evaluate", run, tmp_path / "sales_may.csv", "--no-rival").code == 0
    # Times that end elsewhere, and weeks that begin on another day, are no other rhythm.
    assert "2024-01-21" in answered(recurra("forecast", run, write(tmp_path / "short.csv", DAYS[:20])))[1]
    loaded = Forecaster.load(run)
    assert np.array_equal(loaded.predict(100.0 + np.arange(50) % 7), [float(row.split(",")[2]) for row in rows[1:]])
    assert len(loaded.predict(frame().rename(columns={"y": "sales"}))) == 2
    with (
        pytest.warns(UserWarning, match="from 'y'"),
        pytest.warns(UserWarning, match="series 'shop' is taken for the model's only one, 'sales'"),
    ):
        assert len(loaded.predict(frame(name="shop"))) == 2
    both = pd.concat([frame(name="a"), frame(name="b")])
    with pytest.raises(DataError, match="2 series not seen in training; found 'a', 'b'; allowed: 'sales'"):
        loaded.predict(both)


def test_a_file_that_is_called_like_a_series_is_taken_for_it_with_a_word(tmp_path: Path) -> None:
    run, both = tmp_path / "run", tmp_path / "both.csv"
    pd.concat([frame(name="a"), frame(name="b")]).to_csv(both, index=False)
    assert recurra("fit", "series", both, "--out", run, *FIT).code == 0
    done = recurra("forecast", run, write(tmp_path / "b.csv"))
    assert done.code == 0 and "has no name of its own and is taken for 'b', as its file is called" in done.err
    assert "no name of its own" not in recurra("forecast", run, both).err


def test_a_model_of_named_series_does_not_take_others_for_them(tmp_path: Path) -> None:
    model = fitted(pd.concat([frame(name="a"), frame(name="b")]))
    with pytest.raises(
        DataError, match=r"1 series not seen in training; found 'series'; allowed: 'a', 'b'; .*unique_id='COLUMN'"
    ):
        model.predict(frame())
    with pytest.raises(DataError, match="found 'c'"):
        model.predict(frame(name="c"))
    only = fitted(frame(name="a"))
    with pytest.raises(DataError, match="found 'c'"):
        only.predict(frame(name="c"))
    with pytest.warns(UserWarning, match="series 'series' is taken for the model's only one, 'a'"):
        only.predict(frame())


def test_a_model_saved_before_names_were_kept_takes_a_file_of_one_series_too(tmp_path: Path) -> None:
    before = replace(fitted(frame()).model_, learnt=LearntSeries())
    before.save(tmp_path / "old")
    assert "series" not in json.loads((tmp_path / "old" / "recurra.json").read_text())["config"]
    rows = answered(recurra("forecast", tmp_path / "old", write(tmp_path / "may.csv")))
    assert rows[1].startswith("may,2024-02-20,")
    months = write(tmp_path / "months.csv", [f"20{k // 12 + 10}-{k % 12 + 1:02d}" for k in range(30)])
    assert answered(recurra("forecast", tmp_path / "old", months))[1].startswith("months,2012-07")


RHYTHMS = {
    "days": DAYS,
    "business days": DAYS[np.is_busday(DAYS)],
    "weeks": np.datetime64("2024-01-01") + 7 * np.arange(40),
    "months": pd.date_range("2020-01-31", periods=40, freq="ME").to_numpy().astype("datetime64[D]"),
    "hours": np.datetime64("2024-01-01T00") + np.arange(60),
    "half hours": np.datetime64("2024-01-01T00:00") + 30 * np.arange(60),
}


@pytest.mark.parametrize("learnt", RHYTHMS)
def test_series_of_another_rhythm_are_refused_in_every_way_to_give_them(learnt: str, tmp_path: Path) -> None:
    model = fitted(frame(RHYTHMS[learnt]))
    model.save(tmp_path / "model")
    for other, times in RHYTHMS.items():
        path = write(
            tmp_path / f"{other}.csv",
            [str(time).replace("T", " ") for time in (times.astype("datetime64[m]") if "hours" in other else times)],
        )
        done = recurra("forecast", tmp_path / "model", path)
        if other == learnt:
            assert done.code == 0, done
        else:
            refused(done, 3, "the model learnt a rhythm of ", "found a rhythm of ")
            with pytest.raises(DataError, match="the model learnt a rhythm of"):
                Forecaster.load(tmp_path / "model").predict(frame(times))


def test_anchors_and_ends_may_differ_and_short_series_are_read_by_the_learnt_rhythm() -> None:
    weeks = fitted(frame(RHYTHMS["weeks"]))
    assert weeks.predict(frame(np.datetime64("2025-02-02") + 7 * np.arange(20)))["ds"][0] == pd.Timestamp("2025-06-22")
    months = fitted(frame(RHYTHMS["months"]))
    assert months.predict(frame(pd.date_range("2023-01-15", periods=9, freq="MS") + pd.Timedelta("14D")))["ds"][
        0
    ] == pd.Timestamp("2023-11-15")
    business = fitted(frame(RHYTHMS["business days"]))
    week = np.arange("2024-03-04", "2024-03-09", dtype="datetime64[D]")
    assert business.predict(frame(week))["ds"][0] == pd.Timestamp("2024-03-11")


def test_steps_and_dates_are_warned_of_where_nobody_can_say_whether_they_are_the_same() -> None:
    model = fitted(frame(np.arange(50)))
    with pytest.warns(
        UserWarning, match="the model learnt a rhythm of 1 step; one step of these series, 1 day, is taken"
    ):
        model.predict(frame())
    with pytest.warns(UserWarning, match="one step of these series, 10 steps"):
        model.predict(frame(10 * np.arange(50)))
    assert len(fitted(100.0 + np.arange(50) % 7).predict(frame())) == 2


def test_a_file_is_read_as_the_training_file_was(tmp_path: Path) -> None:
    header, row = "Date;Time;Shop;Temp;Power", "{time};06:00;1;20;1.{value},5"
    days = [f"{day.astype(object):%d/%m/%Y}" for day in DAYS]
    path = write(tmp_path / "power.csv", [*days[:3], *days[3:]], header=header, row=row)
    lines = path.read_text().splitlines()
    lines[10] = lines[10].rsplit(";", 1)[0] + ";gone"
    path.write_text("\n".join(lines) + "\n")
    options = (
        "--value",
        "Power",
        "--time",
        "Date",
        "--time",
        "Time",
        "--date-format",
        "%d/%m/%Y %H:%M",
        "--missing",
        "gone",
        "--decimal",
        ",",
        "--thousands",
        ".",
        "--id",
        "Shop",
    )
    run = tmp_path / "run"
    assert recurra("fit", "series", path, "--out", run, *FIT, *options, "--impute", "linear").code == 0
    rows = answered(recurra("forecast", run, path, "--impute", "linear"))
    assert rows[0] == "Shop,Date Time,Recurra" and rows[1].startswith("1,20/02/2024 06:00,1")
    # What was mended is mended again; what is said goes before what was learnt.
    again = recurra("forecast", run, path)
    assert answered(again) == rows
    assert "note: mended as the series that the model learnt from: --impute linear\n" in again.err
    refused(recurra("forecast", run, path, "--impute", "none"), 3, "power.csv:11:", "missing values", "--impute")
    done = recurra("forecast", run, path, "--value", "Temp")
    assert done.code == 0 and "constant" in done.err


def test_rows_as_steps_and_plain_steps_stay_what_they_are(tmp_path: Path) -> None:
    months = write(tmp_path / "monthly.csv", [f"{1 + k // 12}-{k % 12 + 1:02d}" for k in range(36)])
    run = tmp_path / "run"
    assert recurra("fit", "series", months, "--out", run, *FIT, "--rows-as-steps").code == 0
    assert [row.split(",")[1] for row in answered(recurra("forecast", run, months))] == ["date", "36", "37"]
    counts = write(tmp_path / "counts.csv", range(36))
    assert recurra("fit", "series", counts, "--out", tmp_path / "two", *FIT).code == 0
    # Steps that look like days of a spreadsheet are still steps to this model.
    later = write(tmp_path / "later.csv", range(45_000, 45_036))
    assert answered(recurra("forecast", tmp_path / "two", later))[1].startswith("later,45036,")
    refused(recurra("fit", "series", later, "--out", tmp_path / "three", *FIT), 3, "spreadsheet", "--time-unit step")


def test_inspect_and_the_card_tell_the_rhythm(tmp_path: Path) -> None:
    fitted(frame(RHYTHMS["business days"])).save(tmp_path / "model")
    assert "1 series of 1 business day, windows of 5" in (tmp_path / "model" / "README.md").read_text()
    assert "series: 1, horizon 2, rhythm: 1 business day" in recurra("inspect", tmp_path / "model").out
    assert recurra("inspect", tmp_path / "model", "--json").json()["rhythm"] == "1 business day"


def test_another_column_than_the_learnt_one_is_warned_of(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert recurra("fit", "series", write(tmp_path / "a.csv"), "--out", run, *FIT).code == 0
    done = recurra("forecast", run, write(tmp_path / "b.csv", header="date,stock"))
    assert done.code == 0 and "warning: the model learnt from column 'sales'; values are taken from 'stock'" in done.err
    three = write(tmp_path / "c.csv", header="date,stock,sales", row="{time},1,{value}")
    assert answered(recurra("forecast", run, three))[1:] == [
        row.replace("b,", "c,") for row in done.out.splitlines()[1:]
    ]


def test_what_was_learnt_is_written_and_read_back_and_other_records_are_refused(tmp_path: Path) -> None:
    reading = SeriesReading(("a", "b"), "t", "y", True, "%d", "ms", "Europe/Berlin", ",", ".", ("x",), gaps="ignore")
    mended = SeriesReading(sort=True, duplicates="mean", gaps="fill", impute="zero")
    for learnt in (
        LearntSeries(),
        LearntSeries(TimeStep("business day", 2, "1111110"), False, reading),
        LearntSeries(TimeStep("M", 3, day=31), True),
        LearntSeries(TimeStep("D", 1), True, mended),
    ):
        assert read_learnt(written_learnt(learnt)) == learnt
    for told in (
        [],
        {"step": {"unit": "week", "every": 1}},
        {"step": {"unit": "D", "every": 0}},
        {"more": 1},
        {"decimal": ";"},
        {"impute": "magic"},
        {"duplicates": "last"},
        {"sort": False},
    ):
        with pytest.raises(ArtefactError, match=r"recurra\.json: series"):
            read_learnt(told)
    model = fitted(frame())
    model.save(tmp_path / "model")
    loaded = RunningForecaster.load(tmp_path / "model")
    assert loaded.learnt == model.model_.learnt and loaded.learnt.step == TimeStep("D", 1) and loaded.learnt.unnamed
    loaded.save(tmp_path / "again")
    assert (tmp_path / "model" / "recurra.json").read_bytes() == (tmp_path / "again" / "recurra.json").read_bytes()


def test_python_reads_columns_and_mends_as_the_command_line_does() -> None:
    table = frame(DAYS, sales=200.0 + np.arange(50) % 5).rename(columns={"ds": "when"})
    table.loc[7, "sales"] = np.nan
    with pytest.raises(DataError, match="frame:8: 1 missing values in column 'sales'"):
        fitted(table, ds="when", y="sales")
    with pytest.warns(UserWarning, match="1 values were imputed: linear"):
        model = fitted(table, ds="when", y="sales", impute="linear")
    assert model.predict()["when"][0] == pd.Timestamp("2024-02-20")
    assert model.predict(table.dropna().iloc[10:])["Recurra"].between(150, 250).all()
    with pytest.raises(DataError, match="1 times of series 'series' are missing"):
        model.predict(table.dropna())
    assert len(model.predict(table.drop(columns="y").dropna(), reading=SeriesReading(gaps="ignore"))) == 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (np.ones((4, 2)), "not one series; found shape"),
        ([[1.0, 2.0]], "not one series"),
        (["1", "2", "3"], "not a series of numbers"),
        (np.array([True, False] * 20), "not a series of numbers; found values of bool"),
        (np.ma.masked_equal(np.arange(40), 7), "missing|finite"),
        ({"y": [1, 2, 3]}, "not one series|not a series"),
        (DAYS, "not a series of numbers"),
    ],
)
def test_what_is_no_row_of_numbers_is_refused_in_one_line(given: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        fitted(given)


def test_an_array_with_coordinates_of_its_own_is_not_stripped_of_them() -> None:
    class Labelled(np.ndarray):
        coords, dims = {"time": DAYS}, ("time",)

    with pytest.raises(DataError, match=r"an array with coordinates; .*to_dataframe"):
        fitted(np.arange(50.0).view(Labelled))


def test_fit_warns_of_what_is_doubtful_and_the_command_line_says_it_once(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="1 series are constant"):
        fitted(np.full(40, 3.5))
    with pytest.warns(UserWarning, match="1 series are constant"):
        fitted(frame(DAYS).assign(y=3.5))
    path = write(tmp_path / "t.csv", row="{time},7")
    done = recurra("fit", "series", path, "--out", tmp_path / "run", *FIT)
    assert done.code == 0 and done.err.count("are constant") == 1
