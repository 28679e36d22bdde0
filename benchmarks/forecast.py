"""Forecasts of public panels by `recurra fit series` with nothing but the horizon and the season, beside the classics.

Each panel's official test part is the run's own: the last horizon of every series, which no part learns from. MASE and
sMAPE are means over series, OWA is as the M4 competition has it: the mean of both in units of Naive 2's. The share of
truths in the 80 % interval is told for each third of the horizon, and how long `recurra forecast` takes from start to
end. Run: `python benchmarks/forecast.py [--seeds 0] [SET …]`, with RECURRA_DATA; one thread. What was measured before
is kept, and OWA is added to it. It adds to results/forecast.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from fitting import fitted
from processes import ran
from series_sets import FILES, SeriesSet, series_set
from smoke import sized
from writing import keep_once, write_sets

from recurra.panels.classics import classics
from recurra.panels.series import panel_of

NAME = "forecast"


def main() -> None:
    """Measure what was asked for and is not measured yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help=", ".join(FILES))
    parser.add_argument("--seeds", default="0", help="apart by commas")
    asked = parser.parse_args()
    for seed in map(int, asked.seeds.split(",")):
        for name in asked.sets or list(sized(FILES, {"airline": FILES["airline"]})):
            keep_once(NAME, f"{name}, seed {seed}", partial(measured, name, seed))
    write_sets(NAME, with_owa)


def with_owa(key: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of before with its OWA: nothing need be fitted for it."""
    if "owa" in row:
        return row
    return row | {"owa": series_set(key.rpartition(", seed ")[0]).owa(mase=row["mase"], smape=row["smape"])}


def measured(name: str, seed: int) -> dict[str, Any]:
    """Figures of the run and of each classic on the same rows, and seconds of the processor."""
    rows = series_set(name)
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(scratch)
        rows.csv(folder / "whole.csv", whole=True)
        sizes = ["--horizon", str(rows.horizon), "--season", str(rows.season), "--seed", str(seed), "--threads", "1"]
        tiny = sized([], ["--epochs", "1", "--set", "hidden=4"])
        began = time.process_time()
        fitted(folder / "run", ["series", str(folder / "whole.csv"), "--quiet", *sizes, *tiny])
        seconds = time.process_time() - began
        record = json.loads((folder / "run" / "report.json").read_text("utf-8"))["record"]
        figures = record["evaluation"]
        return {
            "series": len(rows.ids),
            "mase": round(figures["mase"], 4),
            "smape": round(figures["smape"], 3),
            "owa": rows.owa(mase=figures["mase"], smape=figures["smape"]),
            "seasonal_naive": round(figures["rival"]["mase"], 4),
            "classics": classics_of(rows),
            **forecast(rows, folder),
            "notes": [str(note)[:200] for note in record["notes"]],
            "processor_seconds": round(seconds, 1),
        }


def forecast(rows: SeriesSet, folder: Path) -> dict[str, Any]:
    """Return what `recurra forecast` took of the processor, in a process of its own, and what its intervals hold."""
    rows.csv(folder / "train.csv", whole=False)
    words = ["forecast", str(folder / "run"), str(folder / "train.csv"), "--level", "80"]
    words += ["-o", str(folder / "answers.parquet")]
    began = time.perf_counter()
    spent, most = ran([sys.executable, "-m", "recurra", *words], folder)
    wall = time.perf_counter() - began
    answers = pd.read_parquet(folder / "answers.parquet")
    ends = {end: answers[f"Recurra{end}"].to_numpy().reshape(len(rows.ids), -1) for end in ("-lo-80", "-hi-80")}
    told = {"processor": round(spent, 1), "wall": round(wall, 1), "megabytes": round(most)}
    return {"inside_80": rows.inside(ends), "forecast_seconds": told}


def classics_of(rows: SeriesSet) -> dict[str, float]:
    """Return the MASE of each classical forecast alone, and the seconds that all of them took."""
    began = time.process_time()
    told = classics(panel_of(rows.train, rows.season), season=rows.season, horizon=rows.horizon)
    spent = time.process_time() - began
    return {name: rows.mase(forecast) for name, forecast in told.items()} | {"seconds": round(spent, 2)}


if __name__ == "__main__":
    main()
