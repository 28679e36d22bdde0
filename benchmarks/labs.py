"""Run the three labs and keep their records: results/lab-NAME.json, from which `recurra lab render` makes the page.

Not here: the labs (src/recurra/labs), whose records hold figures, words and texts of our own, none of a data set.
Parts already measured under runs/benchmarks/lab-NAME are taken over.
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
from writing import PARTS, RESULTS, write_result

from recurra.cli.console import say
from recurra.labs.catalogue import read_lab_record
from recurra.labs.page import command_of

LABS = ("next-value", "sentiment", "language")
SEEDS = {"next-value": 5, "sentiment": 3, "language": 1}
LONGEST = 180
"""Characters of a sample that are kept."""
DIGITS = 6
"""Significant digits that are kept: more than any page shows."""


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
        return keep(Path(arguments.take))
    return sum(measure(lab, arguments.seeds or SEEDS[lab], arguments.quick) for lab in arguments.labs or LABS)


def measure(lab: str, seeds: int, quick: bool) -> int:
    """Run `recurra lab`; return 0, or 1 where it failed."""
    if SMOKE:
        return keep(RESULTS / f"lab-{lab}.json")  # labs take minutes, and their own tests run them
    out = PARTS / f"lab-{lab}{'-quick' if quick else ''}"
    words = ["lab", lab, "--seeds", str(seeds), "--out", str(out), *(["--quick"] if quick else [])]
    say(f"recurra {' '.join(words)}")
    done = subprocess.run([sys.executable, "-m", "recurra", *words], check=False, stdout=subprocess.DEVNULL)
    return keep(out) if done.returncode == 0 else 1


def keep(folder: Path) -> int:
    """Write the record that lies in a lab's folder; return 0."""
    record = read_lab_record(folder)
    lab = record["lab"]
    # --take names a folder of one machine; what measures the same anywhere is told instead
    command = f"python benchmarks/labs.py {lab} --seeds {record['seeds']}{' --quick' if record['quick'] else ''}"
    told = {
        "lab_command": command_of(record),
        "command": command,
        **rounded(figures_of(record)),
        **further_seeds(record, folder),
    }
    # the lab measured its versions itself, perhaps in another run: they replace what is true of this process
    write_result(f"lab-{lab}", told, seeds=())
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
    return {"further_seeds": found} if found else _kept_seeds(record)


def _kept_seeds(record: dict[str, Any]) -> dict[str, Any]:
    """Further seeds of the results so far stay where the same nets learnt by the same choices."""
    path = RESULTS / f"lab-{record['lab']}.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    now = rounded(record)
    # an earlier record may tell less of its data
    told = {name: before.get(name, {}) for name in ("nets", "settings", "data")}
    same = all(now.get(name, {}).get(key) == value for name, part in told.items() for key, value in part.items())
    return {"further_seeds": before["further_seeds"]} if same and "further_seeds" in before else {}


def figures_of(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without the sentences that its figures give again whenever its page is made."""
    kept = {name: value for name, value in record.items() if name != "conclusion"}
    groups = {name: kept[name] for name in ("observations", "questions") if name in kept}
    told: dict[str, Any] = {
        name: [{key: value for key, value in row.items() if key != "explanation"} for row in rows]
        for name, rows in groups.items()
    }
    return {**kept, **told}


def rounded(value: Any) -> Any:
    """Return a record with its floats cut to the digits that are kept, and its samples to a few lines.

    A net may repeat what it has read: a beginning shows how it writes.
    """
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST].rsplit(' ', 1)[0]} …"
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


if __name__ == "__main__":
    sys.exit(main())
