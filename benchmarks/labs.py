"""Run the three labs and keep their figures: results/lab-NAME.json, numbers and settings without any text.

Not here: the labs (src/recurra/labs). Parts already measured under runs/benchmarks/lab-NAME are taken over.
Run: `python benchmarks/labs.py [sentiment|language|next-value …] [--seeds N]`. `--take FOLDER` takes the figures of one
lab from a run's folder instead of measuring.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from smoke import SMOKE
from writing import PARTS, write_result

from recurra.cli.output import say

LABS = ("next-value", "sentiment", "language")
SEEDS = {"next-value": 5, "sentiment": 3, "language": 1}
NAMES = {"lab", "task", "name", "best", "cell", "schedule", "verdict", "versions", "settings"}
"""Where words may stand: names of labs, cells and rivals, settings and versions. All other words could be data."""
DROPPED = {"right", "padding", "neighbours", "samples", "next_words", "report", "months", "values", "command"}
"""What is texts, data, or one value for each test row."""
MADE_UP = {"task": "lab", "seeds": 1, "quick": True, "cells": {"gru": {"loss": 0.5, "samples": ["a text"]}}}
"""A record for a smoke run: labs take minutes, and their own tests run them."""
LONGEST = 50
"""Longer lists of numbers are no summary."""


def main() -> int:
    """Run or take each lab and write its figures; return the number of labs that failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labs", nargs="*", default=[], metavar="LAB", help=", ".join(LABS))
    parser.add_argument("--seeds", type=int, default=0, help="default: 5, 3 and 1")
    parser.add_argument("--quick", action="store_true", help="the quick versions; the figures say so")
    parser.add_argument("--take", default="", metavar="FOLDER", help="take one lab's figures from there")
    arguments = parser.parse_args()
    if unknown := set(arguments.labs) - set(LABS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; allowed: {', '.join(LABS)}")
    if arguments.take:
        folder = Path(arguments.take)
        return keep(json.loads((folder / "report.json").read_text(encoding="utf-8"))["record"], folder)
    return sum(measure(lab, arguments.seeds or SEEDS[lab], arguments.quick) for lab in arguments.labs or LABS)


def measure(lab: str, seeds: int, quick: bool) -> int:
    """Run `recurra lab`; return 0, or 1 where it failed."""
    if SMOKE:
        return keep(MADE_UP | {"lab": lab}, PARTS)
    out = PARTS / f"lab-{lab}{'-quick' if quick else ''}"
    words = ["lab", lab, "--seeds", str(seeds), "--out", str(out), "--json", *(["--quick"] if quick else [])]
    say(f"recurra {' '.join(words)}")
    done = subprocess.run([sys.executable, "-m", "recurra", *words], check=False, stdout=subprocess.PIPE, text=True)
    return keep(json.loads(done.stdout), out) if done.returncode == 0 else 1


def keep(record: dict[str, Any], folder: Path) -> int:
    """Write a lab's figures without its texts; return 0."""
    lab = record["lab"]
    figures = without_texts(record, words=False) | further_seeds(record, folder)
    # the lab measured these itself, perhaps in another run: they replace what is true of this process
    made_by = f"recurra lab {lab} --seeds {record['seeds']}{' --quick' if record['quick'] else ''}"
    figures = {name: value for name, value in figures.items() if name != "seeds"}
    # --take names a folder of one machine; what measures the same anywhere is told instead
    command = f"python benchmarks/labs.py {lab} --seeds {record['seeds']}{' --quick' if record['quick'] else ''}"
    told = {"lab_command": made_by, "command": command, **figures}
    write_result(f"lab-{lab}", told, seeds=range(record["seeds"]))
    return 0


def further_seeds(record: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Test perplexities of nets of the language lab that were trained from more seeds than the record joins.

    All LSTMs come first in that lab: a lab that was stopped early has their spread all the same.
    """
    found: dict[str, list[float]] = {}
    for cell in record["cells"] if record["lab"] == "language" else ():
        for part in sorted(folder.glob(f"parts/{cell}-*.json")):
            if int(part.stem.removeprefix(f"{cell}-")) >= record["seeds"]:
                result = json.loads(part.read_text(encoding="utf-8"))["result"]
                found.setdefault(cell, []).append(result["test_perplexity"])
    return {"further_seeds": found} if found else {}


def without_texts(value: Any, *, words: bool) -> Any:
    """Keep numbers, truth values and tables of them; words only where `words` allows; all else becomes None."""
    if isinstance(value, dict):
        kept = {name: without_texts(item, words=words or name in NAMES) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item is not None and name not in DROPPED}
    if isinstance(value, list):
        items = [without_texts(item, words=words) for item in value]
        return None if len(items) > LONGEST or (items and all(item is None for item in items)) else items
    if isinstance(value, str):
        return value if words and len(value) <= 100 else None
    return value


if __name__ == "__main__":
    sys.exit(main())
