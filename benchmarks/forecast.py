"""Forecasts of public panels by `recurra fit series` with nothing but the horizon and the season, beside the classics.

Each panel's official test part is the run's own: the last horizon of every series, which no part learns from. MASE and
sMAPE are means over series; the share of truths in the 80 % interval is told for each third of the horizon. Run:
`python benchmarks/forecast.py [--seeds 0] [SET …]`, with RECURRA_DATA; one thread. What was measured before is kept. It
adds to results/forecast.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from fitting import fitted
from series_sets import FILES, SeriesSet, series_set
from smoke import sized
from writing import keep, measurements, write_sets

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
            key = f"{name}, seed {seed}"
            if key not in measurements(NAME):
                keep(NAME, key, measured(name, seed))
    write_sets(NAME)


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
        told = {
            "series": len(rows.ids),
            "mase": round(figures["mase"], 4),
            "smape": round(figures["smape"], 3),
            "seasonal_naive": round(figures["rival"]["mase"], 4),
            "classics": classics_of(rows),
            "inside_80": inside(rows, folder),
            "notes": [str(note)[:200] for note in record["notes"]],
            "processor_seconds": round(seconds, 1),
        }
    print(name, seed, told, flush=True)
    return told


def inside(rows: SeriesSet, folder: Path) -> list[float]:
    """Return the percent of truths in the 80 % interval, for each third of the horizon."""
    import recurra
    from recurra.datasets.series.files import read_series

    rows.csv(folder / "train.csv", whole=False)
    model = recurra.load(folder / "run" / "artefact").model_
    figures = model.coming(read_series(folder / "train.csv"), steps=rows.horizon, levels=[80])
    return rows.inside(figures)


def classics_of(rows: SeriesSet) -> dict[str, float]:
    """Return the MASE of each classical forecast alone, and the seconds that all of them took."""
    began = time.process_time()
    told = classics(panel_of(rows.train, rows.season), season=rows.season, horizon=rows.horizon)
    spent = time.process_time() - began
    return {name: rows.mase(forecast) for name, forecast in told.items()} | {"seconds": round(spent, 2)}


if __name__ == "__main__":
    main()
