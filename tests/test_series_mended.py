"""What was mended in the training series is mended in those to forecast too, unless somebody says otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from command_line import Done, recurra, refused
from recurra.datasets.series.table import SeriesReading
from recurra.errors import DataError
from recurra.estimators.series import SERIES_SETTINGS, Forecaster

FIT = ("--epochs", 1, "--set", "hidden=4", "--window", 5, "--horizon", 2, "--quiet")
DAYS = [str(day) for day in np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")]
ROWS = [(day, f"{100 + at % 7}") for at, day in enumerate(DAYS)]
BROKEN = {
    "sort": [*ROWS[:20], ROWS[21], ROWS[20], *ROWS[22:]],
    "double": [*ROWS[:20], (ROWS[19][0], "130"), *ROWS[20:]],
    "gap": [*ROWS[:20], *ROWS[22:]],
    "blank": [*ROWS[:20], (ROWS[20][0], ""), *ROWS[21:]],
}
MENDED: dict[str, tuple[str, ...]] = {
    "sort": ("--sort",),
    "double": ("--duplicates", "mean"),
    "gap": ("--fill-gaps", "--impute", "linear"),
    "blank": ("--impute", "ffill"),
}
SAID: dict[str, SeriesReading] = {
    "sort": SeriesReading(sort=True),
    "double": SeriesReading(duplicates="mean"),
    "gap": SeriesReading(gaps="fill", impute="linear"),
    "blank": SeriesReading(impute="ffill"),
}
REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "sort": (("--no-sort",), "go back"),
    "double": (("--duplicates", "error"), "stand more than once"),
    "gap": (("--no-fill-gaps",), "are missing at its rhythm"),
    "blank": (("--impute", "none"), "missing values"),
}


def write(path: Path, rows: list[tuple[str, str]]) -> Path:
    if path.suffix == ".jsonl":
        cells = [{"ds": day, "y": float(value) if value else None} for day, value in rows]
        path.write_text("".join(json.dumps(cell) + "\n" for cell in cells))
    elif path.suffix == ".parquet":
        frame(rows).to_parquet(path)
    else:
        path.write_text("ds,y\n" + "".join(f"{day},{value}\n" for day, value in rows))
    return path


def frame(rows: list[tuple[str, str]]) -> pd.DataFrame:
    values = [float(value) if value else np.nan for _, value in rows]
    return pd.DataFrame({"ds": pd.to_datetime([day for day, _ in rows]), "y": values})


def notes(done: Done) -> list[str]:
    return [line for line in done.err.splitlines() if line.startswith("note: mended")]


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_forecast_and_evaluate_mend_as_fit_did_and_say_so_once(kind: str, ending: str, tmp_path: Path) -> None:
    path, run = write(tmp_path / f"sales.{ending}", BROKEN[kind]), tmp_path / "run"
    refused(recurra("fit", "series", path, *FIT, "--out", run), 3, REFUSED[kind][1])
    assert recurra("fit", "series", path, *FIT, *MENDED[kind], "--out", run).code == 0
    said, learnt = recurra("forecast", run, path, *MENDED[kind]), recurra("forecast", run, path)
    assert learnt.code == 0 and learnt.out == said.out and not notes(said)
    assert notes(learnt) == [f"note: mended as the series that the model learnt from: {' '.join(MENDED[kind])}"]
    for command in (("evaluate", run, path), ("evaluate", run / "artefact", path, "--json")):
        done = recurra(*command)
        assert done.code == 0 and notes(done) == notes(learnt)
    override, told = REFUSED[kind]
    refused(recurra("forecast", run, path, *override), 3, told)
    refused(recurra("evaluate", run, path, *override), 3, told)


def test_what_is_said_goes_before_what_was_learnt(tmp_path: Path) -> None:
    path, run = write(tmp_path / "sales.csv", [*ROWS[:-1], (ROWS[-1][0], "")]), tmp_path / "run"
    assert recurra("fit", "series", path, *FIT, "--impute", "ffill", "--out", run).code == 0
    learnt, zero = recurra("forecast", run, path), recurra("forecast", run, path, "--impute", "zero")
    assert "imputed: ffill" in learnt.err and "imputed: zero" in zero.err and learnt.out != zero.out
    assert not notes(zero)
    # Gaps are learnt apart from blanks: a model of whole series still refuses missing times.
    gap = write(tmp_path / "gap.csv", BROKEN["gap"])
    refused(recurra("forecast", run, gap), 3, "are missing at its rhythm")
    filled = recurra("forecast", run, gap, "--fill-gaps")
    assert filled.code == 0 and notes(filled) == [
        "note: mended as the series that the model learnt from: --impute ffill"
    ]
    steps = recurra("forecast", run, gap, "--rows-as-steps")
    assert steps.code == 0 and ",58," in steps.out


def test_a_model_of_sound_series_mends_nothing_and_says_nothing(tmp_path: Path) -> None:
    path, run = write(tmp_path / "sales.csv", ROWS), tmp_path / "run"
    assert recurra("fit", "series", path, *FIT, "--out", run).code == 0
    done = recurra("forecast", run, path)
    assert done.code == 0 and not notes(done)
    for kind, rows in BROKEN.items():
        refused(recurra("forecast", run, write(tmp_path / "new.csv", rows)), 3, REFUSED[kind][1])
    told = json.loads((run / "artefact" / "recurra.json").read_text())["config"]["series"]
    assert not {"sort", "duplicates", "filled", "impute"} & set(told)


@pytest.mark.filterwarnings("ignore::recurra.errors.RecurraWarning")
@pytest.mark.parametrize("kind", BROKEN)
def test_python_mends_as_fit_did_before_and_after_saving(kind: str, tmp_path: Path) -> None:
    small = SERIES_SETTINGS.changed({"hidden": 4, "epochs": 1, "window": 5})
    broken = frame(BROKEN[kind])
    model = Forecaster(config=small, horizon=2, recipe="net").fit(broken, reading=SAID[kind])
    model.save(tmp_path / "model")
    own = model.predict()
    for forecaster in (model, Forecaster.load(tmp_path / "model")):
        pd.testing.assert_frame_equal(forecaster.predict(broken), own)
    strict = SeriesReading(sort=False, duplicates="error", gaps="refuse", impute="none")
    with pytest.raises(DataError, match=REFUSED[kind][1]):
        model.predict(broken, reading=strict)


def test_numbers_without_times_are_filled_as_in_training() -> None:
    values = np.array([float(value) for _, value in ROWS])
    values[20] = np.nan
    small = SERIES_SETTINGS.changed({"hidden": 4, "epochs": 1, "window": 5})
    with pytest.warns(UserWarning, match="1 values were imputed: linear"):
        model = Forecaster(config=small, horizon=2, recipe="net").fit(values, reading=SeriesReading(impute="linear"))
    with pytest.warns(UserWarning, match="1 values were imputed: linear"):
        assert np.array_equal(model.predict(values), model.predict())
    with pytest.raises(DataError, match="1 values are missing"):
        model.predict(values, reading=SeriesReading(impute="none"))
