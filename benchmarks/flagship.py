"""IMDB by its own text alone: `recurra fit text imdb --preset flagship`, and what came of it.

Run: `python benchmarks/flagship.py [--run FOLDER]`, with RECURRA_DATA naming the folder of data sets: about 100 minutes
of one core that it has to itself. A run that was stopped goes on, and one that has ended is only read. It writes
results/flagship.json. Epoch and weights were chosen on a tenth of the films; the test part is read once; one seed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fitting import fitted, run_folder
from smoke import sized
from writing import write_result


def main() -> None:
    """Learn where nothing has been learnt, and tell."""
    with run_folder(__doc__, "runs/flagship") as (folder, _):
        # Generated reviews have no texts without labels, and few enough rows for one short epoch.
        tiny = ["synthetic", "--recipe", "stack", "--validation", "0.9", "--epochs", "1", "--set", "hidden=4"]
        fitted(folder, ["text", *sized(["imdb", "--preset", "flagship"], tiny)])
        write_result("flagship", _told(folder), seeds=[0])


def _told(folder: Path) -> dict[str, Any]:
    record = json.loads((folder / "report.json").read_text("utf-8"))["record"]
    figures = record["evaluation"]
    wanted = ("rows", "accuracy", "loss", "f1", "ece")
    return {
        "test": {name: figures[name] for name in wanted},
        "rivals": [{"name": rival["name"], "accuracy": rival["accuracy"]} for rival in figures["rivals"]],
        "epochs": [{name: round(value, 4) for name, value in epoch.items()} for epoch in record["history"]],
        "notes": [str(note)[:200] for note in record["notes"]],
    }


if __name__ == "__main__":
    main()
