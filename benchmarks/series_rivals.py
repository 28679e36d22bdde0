"""The forecaster beside NeuralForecast's LSTM and NHITS and Darts' RNNModel, on the same rows of public panels.

Each is fitted and asked in a fresh process with one thread and its maker's defaults; time of the processor and the most
memory that the process held are the system's own figures, with all that it loads. A rival is stopped after 30 minutes
of the processor, and told so. Run: `make rivals-series` (two gigabytes of downloads), then
`python benchmarks/series_rivals.py [SET …]`, with RECURRA_DATA. What was measured before is kept. It writes
results/series-rivals.json.

Not here: the rivals' own code (rivals/forecaster.py), more panels and seeds (forecast.py).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from processes import ran
from series_sets import SeriesSet, series_set
from smoke import SMOKE, sized
from writing import keep_once, write_sets

from recurra.metrics import smape

NAME = "series-rivals"
ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-rivals-series" / "bin" / "python"
SETS = ("airline", "M4 weekly", "M3 monthly")
RIVALS = ("NeuralForecast LSTM", "NeuralForecast NHITS", "Darts RNNModel, LSTM")
SECONDS = 1800
"""Of the processor, after which a rival's training is stopped."""
Values = NDArray[np.float64]


def main() -> None:
    """Measure what was asked for and is not measured yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help=", ".join(SETS))
    asked = parser.parse_args()
    # A smoke run does without the other environment.
    whoever = ("Recurra", *(RIVALS if PYTHON.exists() and not SMOKE else ()))
    for name in asked.sets or sized(SETS, ("airline",)):
        rows = series_set(name)
        for who in whoever:
            keep_once(NAME, f"{name}, {who}, seed 0", partial(measured, rows, who))
    write_sets(NAME)


def measured(rows: SeriesSet, who: str) -> dict[str, Any]:
    """Return the errors of one forecaster on the official test part, and what it took."""
    with tempfile.TemporaryDirectory() as scratch:
        answer = ours if who == "Recurra" else rival
        told, note, spent, most = answer(rows, who, Path(scratch))
    mean = float(np.mean([smape(*pair) for pair in zip(rows.test, told, strict=True)]))
    mase = rows.mase(told)
    return {
        "series": len(rows.ids),
        "mase": mase,
        "smape": round(mean, 3),
        "owa": rows.owa(mase=mase, smape=mean),
        "processor_seconds": round(spent, 1),
        "megabytes": round(most),
        "note": note,
    }


def ours(rows: SeriesSet, who: str, folder: Path) -> tuple[Values, str, float, float]:
    """Fit by the command, with nothing but horizon and season, and forecast by the other: two processes.

    The official test part is the run's own: nothing learns from it.
    """
    rows.csv(folder / "whole.csv", whole=True)
    rows.csv(folder / "train.csv", whole=False)
    recurra = [sys.executable, "-m", "recurra"]
    sizes = ["--horizon", str(rows.horizon), "--season", str(rows.season), "--threads", "1", "--quiet"]
    fit = [*recurra, "fit", "series", str(folder / "whole.csv"), *sizes, "--out", str(folder / "run")]
    spent, most = ran([*fit, *sized([], ["--epochs", "1", "--set", "hidden=4"])], folder)
    ask = [*recurra, "forecast", str(folder / "run"), str(folder / "train.csv"), "-o", str(folder / "told.parquet")]
    again, more = ran(ask, folder)
    told = pd.read_parquet(folder / "told.parquet")["Recurra"].to_numpy().reshape(len(rows.ids), -1)
    return told, "with its report", spent + again, max(most, more)


def rival(rows: SeriesSet, who: str, folder: Path) -> tuple[Values, str, float, float]:
    """Fit and ask one rival in its own environment."""
    task, answers = folder / "task.npz", folder / "answers.npz"
    lengths = [len(one) for one in rows.train]
    np.savez(task, flat=np.concatenate(rows.train), lengths=lengths, horizon=rows.horizon, seconds=SECONDS)
    script = ROOT / "benchmarks" / "rivals" / "forecaster.py"
    spent, most = ran([str(PYTHON), str(script), who, str(task), str(answers)], folder)
    told = np.load(answers)
    return told["told"].astype(np.float64), str(told["note"]), spent, most


if __name__ == "__main__":
    main()
