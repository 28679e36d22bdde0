"""How a measuring script writes what it found: one JSON file under results/, with command, versions and seeds.

Not here: measuring, and rendering (tables.py).
"""

from __future__ import annotations

import json
import os
import re
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from smoke import SMOKE

from recurra.artefact import write_atomically
from recurra.engine.processors import versions

RESULTS = Path(__file__).parent / "results"
NUMBERS = re.compile(r"\[\s+-?[\d.e+-]+(?:,\s+-?[\d.e+-]+)*\s+\]")
"""A list of numbers as json writes it, one a line."""
SCRATCH = TemporaryDirectory() if SMOKE else None
PARTS = Path(SCRATCH.name) if SCRATCH else Path("runs") / "benchmarks"
"""Where parts of long measurements are kept, so that one that was stopped goes on; git leaves runs/ alone."""
Completed = Callable[[str, dict[str, Any]], dict[str, Any]]
ON = "measured_on"
"""What tells a measurement's machine."""


def write_result(name: str, figures: dict[str, Any], *, seeds: Sequence[int]) -> Path:
    """Write results/NAME.json: the figures, and what is needed to measure them again; of a smoke run print them."""
    command = " ".join(["python", *sys.argv])
    # Other programs on the machine lengthen every time that is told beside this.
    load = round(os.getloadavg()[0], 1)
    record = {"command": command, "seeds": list(seeds), "versions": versions(), "load_average": load, **figures}
    text = compact(json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False)) + "\n"
    path = RESULTS / f"{name}.json"
    if SMOKE:
        print(f"not written, a smoke run: {path}\n{text}")
        return path
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, text)
    print(path)
    return path


def measurements(name: str) -> dict[str, Any]:
    """Return what `keep` wrote down of a long measurement, by key."""
    path = PARTS / f"{name}.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return {key: figures for line in lines for key, figures in json.loads(line).items()}


def keep(name: str, key: str, figures: dict[str, Any]) -> None:
    """Add one measurement to the parts of a long one: a JSON line each, so that one that was stopped goes on.

    Each tells the machine that it was made on: parts of several may be put together.
    """
    PARTS.mkdir(parents=True, exist_ok=True)
    with (PARTS / f"{name}.jsonl").open("a", encoding="utf-8") as lines:
        told = {key: figures | {ON: machine(versions())}}
        lines.write(json.dumps(told, allow_nan=False, ensure_ascii=False) + "\n")


def keep_once(name: str, key: str, measure: Callable[[], dict[str, Any]]) -> None:
    """Measure what is not measured yet, keep it and print it."""
    if key not in measurements(name):
        keep(name, key, measure())
        print(key, measurements(name)[key], flush=True)


def machine(told: dict[str, str]) -> str:
    """Say in one line which processor and which packages made a figure, of what `versions` tells."""
    packages = (f"{name} {told[name]}" for name in ("python", "torch", "numpy", "scikit-learn") if name in told)
    return ", ".join([told["processor"], *packages])


def write_sets(name: str, completed: Completed | None = None) -> Path:
    """Write results/NAME.json of all that was measured, beside what was before; each key ends in its seed.

    `completed` gives a row what older ones lack.
    """
    every = dict(sorted((written(name, "sets") | measurements(name)).items()))
    every = {key: completed(key, row) for key, row in every.items()} if completed else every
    return write_result(name, {"sets": every}, seeds=sorted({int(key.rpartition(" ")[2]) for key in every}))


def written(name: str, part: str) -> dict[str, Any]:
    """Return the measurements that stand under `part` in results/NAME.json, by key; each tells its machine."""
    path = RESULTS / f"{name}.json"
    record: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() and not SMOKE else {part: {}}
    # A row without a machine was made where its file says.
    return {key: {**row, ON: row.get(ON) or machine(record["versions"])} for key, row in record[part].items()}


def compact(text: str) -> str:
    """Set each list of numbers in one line of a JSON text."""
    return NUMBERS.sub(lambda found: " ".join(found[0].split()).replace("[ ", "[").replace(" ]", "]"), text)


def over_seeds(values: Sequence[float]) -> dict[str, Any]:
    """Mean, lowest and highest, sample standard deviation (0 for one seed), and the values themselves."""
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return {
        "mean": statistics.fmean(values),
        "lowest": min(values),
        "highest": max(values),
        "deviation": spread,
        "values": list(values),
    }
