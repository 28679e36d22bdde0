"""Train the sentiment lab's recipe with other cells and in bfloat16 on IMDB: results/cells.json, accuracy by seed.

Not here: speed (speed.py). Every net reads the test part once; choices are the lab's own, made on validation films.
Run: `python benchmarks/cells.py [--seeds N] [gru-float32 gru-bf16 …]`. Nets already trained under
runs/benchmarks/cells are taken over.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np
from reviews import data as reviews
from reviews import recipe
from smoke import sized
from writing import PARTS, write_result

from recurra.cli.console import say
from recurra.estimators.text import TextClassifier
from recurra.labs.sentiment_data import SentimentData

NETS = ("gru-bf16", "gru-float32", "mingru-float32", "sru-float32", "lstm-bf16", "sru-bf16", "mingru-bf16")
"""CellName and precision, the most asked for first."""


def main() -> int:
    """Train what is missing, seed by seed, and write the figures after each net."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", default=list(sized(NETS, NETS[::6])), metavar="NET", help=", ".join(NETS))
    parser.add_argument("--seeds", type=int, default=sized(3, 1))
    arguments = parser.parse_args()
    if unknown := set(arguments.nets) - set(NETS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; allowed: {', '.join(NETS)}")
    data = reviews()
    (PARTS / "cells").mkdir(parents=True, exist_ok=True)
    for seed in range(arguments.seeds):
        for net in arguments.nets:
            trained(data, net, seed)
            write_result("cells", figures(), seeds=range(arguments.seeds))
    return 0


def trained(data: SentimentData, net: str, seed: int) -> dict[str, Any]:
    """Train one net, or take it over; its figures."""
    kept = PARTS / "cells" / f"{net}-{seed}.json"
    if kept.exists():
        return dict(json.loads(kept.read_text(encoding="utf-8")))
    cell, precision = net.split("-")
    settings = recipe().changed({"cell": cell, "precision": precision})
    started = time.perf_counter()
    model = TextClassifier(vectors=data.vectors, random_state=seed, config=settings)
    model.fit(*data.train, validation_data=data.validation)
    chosen = model.predict_proba(data.test[0]).argmax(axis=1)
    right = np.mean([model.classes_[place] == label for place, label in zip(chosen, data.test[1], strict=True)])
    found = {
        "test_accuracy": float(right),
        "val_accuracy": max(record["val_accuracy"] for record in model.history_),
        "seconds": round(time.perf_counter() - started, 1),
        "epochs": len(model.history_),
    }
    say(f"{net}, seed {seed}: {found}")
    kept.write_text(json.dumps(found), encoding="utf-8")
    return found


def figures() -> dict[str, Any]:
    """Accuracy of every net that is there, by seed, and the means."""
    told: dict[str, Any] = {}
    for net in NETS:
        runs = [json.loads(path.read_text("utf-8")) for path in sorted((PARTS / "cells").glob(f"{net}-*.json"))]
        if runs:
            told[net] = {f"{name}_by_seed": [run[name] for run in runs] for name in runs[0]}
            told[net]["test_accuracy"] = round(float(np.mean(told[net]["test_accuracy_by_seed"])), 5)
    return {"command": "python benchmarks/cells.py", "nets": told}


if __name__ == "__main__":
    raise SystemExit(main())
