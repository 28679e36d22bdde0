"""How long files take to read, beside pandas on the same file, and how soon `predict RUN -` answers a line of a pipe.

Not here: what training does with them. Files are made up. pandas reads them with its times parsed, and checks nothing:
no order, no gaps, no double times, no words for missing in labels. Run: `python benchmarks/reading.py`.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from smoke import sized
from startup import random_model
from timing import in_turn
from writing import write_result

from recurra.datasets.series.files import read_series
from recurra.datasets.series.table import SeriesReading
from recurra.datasets.texts import read_texts

ROWS = sized(300_000, 2_000)
TEXTS = sized(100_000, 500)
LINES = sized(50, 3)
"""Lines that a pipe asks about, one after the other's answer."""
SERIES, SEED, ROUNDS = 100, 0, 7


def main() -> None:
    """Write the files in a temporary folder, read each in turn with pandas, time a pipe, write results/reading.json."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures: dict[str, Any] = {"rows": ROWS, "texts": TEXTS, "rounds": ROUNDS}
        figures["series"] = {kind: series(folder, kind, made()) for kind, made in KINDS.items()}
        figures["texts_read"] = texts(folder)
        figures["pipe"] = pipes(folder)
    write_result("reading", figures, seeds=[SEED])


def many() -> dict[str, Any]:
    """A hundred series of days."""
    days = np.datetime64("2015-01-01") + np.arange(ROWS // SERIES)
    names = np.repeat([f"series-{number}" for number in range(SERIES)], days.size)
    return {"unique_id": names, "ds": np.tile(days.astype(str), SERIES), "y": values()}


def steps() -> dict[str, Any]:
    """A hundred series whose times are whole numbers."""
    return many() | {"ds": np.tile(np.arange(ROWS // SERIES), SERIES)}


def minutes() -> dict[str, Any]:
    """One series of minutes: no time stands twice."""
    times = np.datetime64("2024-01-01T00:00") + np.arange(ROWS)
    return {"ds": np.char.replace(times.astype(str), "T", " "), "y": values()}


def gaps() -> dict[str, Any]:
    """A hundred series of days in which a tenth of the values is missing."""
    whole = many()
    blank = np.random.default_rng(SEED).random(ROWS) < 0.1
    return whole | {"y": [None if missing else value for missing, value in zip(blank, whole["y"], strict=True)]}


def commas() -> dict[str, Any]:
    """A hundred series of days with decimal commas."""
    return many() | {"y": [str(value).replace(".", ",") for value in values()]}


def values() -> NDArray[np.float64]:
    """Values with three digits behind the point."""
    return np.random.default_rng(SEED).normal(100, 10, ROWS).round(3)


KINDS = {"days": many, "steps": steps, "minutes": minutes, "missing": gaps, "commas": commas, "parquet": many}


def series(folder: Path, kind: str, columns: dict[str, Any]) -> dict[str, float]:
    """Read one file of series in turn with pandas."""
    frame, options = pd.DataFrame(columns), {"steps": {"epoch": "step"}, "commas": {"decimal": ","}}
    parsed = ["ds"] if kind != "steps" else []
    if kind == "parquet":
        path = folder / "series.parquet"
        frame.assign(ds=pd.to_datetime(frame["ds"])).to_parquet(path)
        return beside(partial(read_series, path), partial(pd.read_parquet, path))
    path, mark = folder / f"{kind}.csv", ";" if kind == "commas" else ","
    frame.to_csv(path, index=False, sep=mark)
    chosen: dict[str, Any] = {"missing": kind == "missing", **options.get(kind, {})}
    rival = partial(pd.read_csv, path, parse_dates=parsed, sep=mark, decimal=chosen.get("decimal", "."))
    return beside(partial(read_series, path, SeriesReading(**chosen)), rival)


def texts(folder: Path) -> dict[str, dict[str, float]]:
    """Read labelled texts as CSV, the same with a quarter of them in quotes, and as JSON Lines."""
    random = np.random.default_rng(SEED)
    words = np.array(["a", "good", "film", "plot", "was", "not", "so", "bad", "indeed", "dialogue"])
    plain = [" ".join(words[random.integers(0, 10, random.integers(5, 60))]) for _ in range(TEXTS)]
    quoted = [f'{text}, "{text[:9]}"' if row % 4 == 0 else text for row, text in enumerate(plain)]
    labels = random.choice(["good", "bad"], TEXTS)
    files = {name: folder / f"{name}.csv" for name in ("plain", "quoted")} | {"jsonl": folder / "texts.jsonl"}
    pd.DataFrame({"text": plain, "label": labels}).to_csv(files["plain"], index=False)
    pd.DataFrame({"text": quoted, "label": labels}).to_csv(files["quoted"], index=False)
    pd.DataFrame({"text": quoted, "label": labels}).to_json(files["jsonl"], orient="records", lines=True)
    rivals = dict.fromkeys(files, pd.read_csv) | {"jsonl": partial(pd.read_json, lines=True)}
    return {name: beside(partial(read_texts, path), partial(rivals[name], path)) for name, path in files.items()}


def beside(ours: Callable[[], object], rival: Callable[[], object]) -> dict[str, float]:
    """Read in turn with pandas: seconds, and how many times as long as pandas it took."""

    def read() -> None:
        ours()

    def theirs() -> None:
        rival()

    figures = in_turn(read, theirs, rounds=ROUNDS)
    seconds, pandas = figures["seconds"], figures["rival_seconds"]
    told = {"seconds": seconds, "pandas_seconds": pandas, "processor_seconds": processor(read)}
    return {name: round(value, 4) for name, value in told.items()} | {"times_pandas": round(seconds / pandas, 2)}


def processor(step: Callable[[], None]) -> float:
    """Seconds that the processor works on one reading: the least of several, whatever else the machine does."""
    spent = []
    for _ in range(sized(ROUNDS, 1)):
        begun = time.process_time()
        step()
        spent.append(time.process_time() - begun)
    return min(spent)


def pipes(folder: Path) -> dict[str, dict[str, float]]:
    """Ask a model of real size through a pipe, line by line: milliseconds from the newline to the answer."""
    random_model().save(folder / "artefact")
    forms = {
        "lines": ("", lambda text: text),
        "jsonl": ("", lambda text: json.dumps({"text": text})),
        "csv": ("text\n", lambda text: text),
    }
    return {form: answered(folder / "artefact", form, *how) for form, how in forms.items()}


def answered(artefact: Path, form: str, begin: str, written: Callable[[str], str]) -> dict[str, float]:
    """Time the answers of one process; its start and the first line, in which the model is loaded, are left out."""
    command = [sys.executable, "-m", "recurra", "predict", str(artefact), "-", "--form", form]
    pipe = subprocess.PIPE
    waited = []
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdin is not None and child.stdout is not None
        for number in range(LINES + 1):
            child.stdin.write(f"{'' if number else begin}{written(f'word{number} word7 not bad at all')}\n")
            started = time.perf_counter()
            child.stdin.flush()
            assert child.stdout.readline()
            waited.append(1000 * (time.perf_counter() - started))
            time.sleep(0.01)
        child.stdin.close()
    late = waited[1:]
    return {"lines": LINES, "median_ms": round(statistics.median(late), 2), "highest_ms": round(max(late), 2)}


if __name__ == "__main__":
    main()
