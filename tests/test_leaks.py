"""Nothing that is fitted knows the test part: a hundred changes of it move no bit, and the leak report says so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from command_line import recurra
from recurra.datasets.series.table import SeriesReading, SeriesTable
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.tasks.inputs.series import given_series
from recurra.tasks.task import Rows, made_ready

HORIZON = 4
RANDOM = np.random.default_rng(11)
LENGTHS = {"long": 40, "blank": 36, "short": 3, "still": 30}
CLASSICS: dict[str, Any] = {"horizon": HORIZON, "season": 4, "recipe": "classics"}
NETS = CLASSICS | {"recipe": "panel", "config": SERIES_SETTINGS.changed({"batch_size": 8, "hidden": 2}), "epochs": 1}


def panel() -> SeriesTable:
    rows = []
    for name, length in LENGTHS.items():
        values = 5 + np.sin(np.arange(length) * np.pi / 2) + 0.2 * RANDOM.standard_normal(length)
        values = np.full(length, 2.0) if name == "still" else values
        # One blank to learn around, one to measure on, and one at the end.
        values[[9, -3, -1] if name == "blank" else []] = np.nan
        days = pd.date_range("2024-01-01", periods=length)
        rows += [(name, day, value) for day, value in zip(days, values, strict=True)]
    frame = pd.DataFrame(rows, columns=["unique_id", "ds", "y"])
    return given_series(frame, SeriesReading().keeping()).table


TABLE = panel()


def changed(table: SeriesTable) -> SeriesTable:
    """Give the known values of each test part others of any size; series too short for one stay."""
    values = dict(table.values)
    for name in ("long", "blank", "still"):
        last = int(np.flatnonzero(~table.missing[name])[-1]) + 1
        values[name] = values[name].copy()
        wild = RANDOM.standard_normal(HORIZON) * 10.0 ** RANDOM.integers(-9, 9)
        values[name][last - HORIZON : last] = np.where(table.missing[name][last - HORIZON : last], np.nan, wild)
    return replace(table, values=values)


def fitted(table: SeriesTable, choices: dict[str, Any]) -> tuple[Any, ...]:
    """Return all that a fit keeps of a table, and what it forecasts."""
    estimator = Forecaster(**choices)
    ready = made_ready(estimator.task, estimator.asked(), Rows(table, "panel.csv"))
    model = estimator.fit_prepared(ready.prepared).model_
    told = model.coming(ready.parts.learnt, steps=HORIZON, levels=(80,))
    figures = [array.tobytes() for array in (*model.tensors.values(), *told.values())]
    return model.encoder.to_json(), [*model.tensors], figures, estimator.notes_, estimator.task.fitted(ready)


@pytest.mark.parametrize(("choices", "times"), [(CLASSICS, 96), (NETS, 4)], ids=["classics", "nets"])
def test_no_change_of_the_test_part_moves_a_bit_of_what_is_fitted(choices: dict[str, Any], times: int) -> None:
    before = fitted(TABLE, choices)
    assert bool(before[1]) == (choices is NETS) and before[4]["fitted"]["leaks"] == 0
    for _ in range(times):
        assert fitted(changed(TABLE), choices) == before


def test_a_change_before_the_cut_is_seen_by_this_test() -> None:
    other = {**TABLE.values, "long": np.where(np.arange(40) == 35, 9.0, TABLE.values["long"])}
    assert fitted(replace(TABLE, values=other), CLASSICS) != fitted(TABLE, CLASSICS)


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (
            ("--recipe", "panel", "--epochs", 1, "--set", "hidden=2"),
            {"season, logarithm, scales": 36, "first net, which weighs": 24, "3 nets": 36}
            | {"shares, factors of the intervals": 36},
        ),
        (
            ("--window", 5, "--epochs", 1, "--set", "hidden=2", "--validation", 3),
            {"season": 36, "scales, weights": 30, "epoch, widths of the intervals": 36},
        ),
    ],
)
def test_the_leak_report_tells_up_to_when_each_part_was_fitted(
    options: tuple[object, ...], parts: dict[str, int], tmp_path: Path
) -> None:
    path, days = tmp_path / "sales.csv", pd.date_range("2024-01-01", periods=40)
    values = TABLE.values["long"]
    path.write_text("ds,y\n" + "".join(f"{day:%Y-%m-%d},{v:.3f}\n" for day, v in zip(days, values, strict=True)))
    asked = ("--horizon", HORIZON, "--season", 4, *options)
    checked = recurra("data", "check", path, *asked).out
    assert recurra("fit", "series", path, *asked, "--out", tmp_path / "run", "--quiet").code == 0
    told = json.loads((tmp_path / "run" / "report.json").read_text())["record"]["fitted"]
    wanted = {what: f"{days[count - 1]:%Y-%m-%d}" for what, count in parts.items()}
    assert {part["what"]: part["until"] for part in told["parts"]} == wanted
    assert told["test_from"] == "2024-02-06" and (told["measured"], told["leaks"]) == (1, 0)
    for what, until in wanted.items():
        assert f"note: leak report: {what}: fitted up to {until} of series 'sales'" in checked
    assert "test part from 2024-02-06 on; in 1 of 1 series all that is fitted ends before it" in checked
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Leak report" in page and "In 1 of 1 series" in page
