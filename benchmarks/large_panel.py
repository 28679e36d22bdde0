"""The most memory that reading, checking, fitting and forecasting a large panel takes: series of 1,000 days, Parquet.

The panel is generated: a week's wave with noise. `data check`, `fit series --cell none` and `forecast` run in a process
of their own each, with one thread. Run: `python benchmarks/large_panel.py [--series 1000,5000,20000]`. What was
measured before is kept. It writes results/large-panel.json.

Not here: how good forecasts are (forecast.py).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
from processes import ran
from pyarrow.parquet import ParquetWriter
from smoke import sized
from writing import keep_once, write_sets

NAME = "large-panel"
DAYS = sized(1000, 60)
TOGETHER = 100
"""Series that are written at once."""


def main() -> None:
    """Measure each size that is not measured yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", default=sized("1000,5000,20000", "100"), help="apart by commas")
    for series in map(int, parser.parse_args().series.split(",")):
        keep_once(NAME, f"{series * DAYS:,} rows, seed 0", partial(measured, series))
    write_sets(NAME)


def measured(series: int) -> dict[str, Any]:
    """Return seconds of the processor and megabytes of each command."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        file, run = folder / "panel.parquet", folder / "run"
        write(file, series)
        horizon = ["--horizon", "14"]
        commands = {
            "check": ["data", "check", file, "--task", "series", *horizon, "--cell", "none"],
            "fit": ["fit", "series", file, *horizon, "--season", "7", "--cell", "none", "--quiet", "--out", run],
            "forecast": ["forecast", run, file, "-o", folder / "answers.parquet"],
        }
        told: dict[str, Any] = {"series": series, "file_megabytes": round(file.stat().st_size / 1e6, 1)}
        for name, words in commands.items():
            spent, most = ran([sys.executable, "-m", "recurra", *map(str, words)], folder)
            told[name] = {"processor_seconds": round(spent, 1), "megabytes": round(most)}
    return told


def write(path: Path, series: int) -> None:
    """Write `unique_id`, `ds` and `y`, some series at a time."""
    random, writer = np.random.default_rng(0), None
    days = np.datetime64("2021-01-01") + np.arange(DAYS)
    for first in range(0, series, TOGETHER):
        names = [f"shop_{number:06}" for number in range(first, min(first + TOGETHER, series))]
        wave = 100 + 20 * np.sin(np.arange(DAYS) * 2 * np.pi / 7)
        values = np.round(wave + 5 * random.standard_normal((len(names), DAYS)), 2).ravel()
        times = np.tile(days, len(names))
        table = pyarrow.table({"unique_id": np.repeat(names, DAYS), "ds": times, "y": values})
        writer = writer or ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


if __name__ == "__main__":
    main()
