"""How good `sentiment-en` is: on IMDB's test part, on sentences about films, on short phrases; its speed and size.

SST-2, MR and MPQA were not learnt from: they tell what it is worth outside of whole reviews. Run:
`python benchmarks/sentiment.py [ARTEFACT]`, with RECURRA_DATA; it writes results/sentiment-en.json. Not here: training
it (pretrain_sentiment.py).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from smoke import SMOKE, sized
from text_sets import Rows, text_set
from writing import write_result

import recurra
from recurra.artefact import resolve
from recurra.datasets.known.imdb import load_imdb
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.metrics import calibration_error, log_loss

NAME = "sentiment-en"
OTHERS = ("sst2", "mr", "mpqa")
"""Sets of two classes, the second one positive."""
ROUNDS = sized(5, 1)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artefact", nargs="?", default=NAME)
    asked = parser.parse_args()
    model: Any = recurra.load(asked.artefact)
    reviews = _reviews()
    began = time.perf_counter()
    shares = model.predict_proba(reviews.texts)
    seconds = time.perf_counter() - began
    figures: dict[str, Any] = {
        "imdb": _figures(shares, np.array(reviews.labels) == "positive"),
        **{name: _other(model, name) for name in OTHERS},
        "reviews_a_second": round(len(reviews.texts) / seconds),
        "bytes": sum(file.stat().st_size for file in resolve(Path(asked.artefact)).iterdir()),
        "first_answer": _first_answer(asked.artefact),
    }
    print(figures)
    write_result(NAME, figures, seeds=[0])


def _reviews() -> Rows:
    if SMOKE:
        texts, labels = synthetic_reviews("test", count=60)
        return Rows(texts, ["positive" if label == max(labels) else "negative" for label in labels])
    table = load_imdb().test
    return Rows(table.texts, list(table.labels or []))


def _other(model: Any, name: str) -> dict[str, Any]:
    parts = text_set(name)
    # Nothing was learnt from either part.
    rows = Rows([text for part in parts for text in part.texts], [label for part in parts for label in part.labels])
    rows = rows.at(np.random.default_rng(0).permutation(len(rows.texts))[: sized(10_000, 50)])
    return _figures(model.predict_proba(rows.texts), np.array(rows.labels) == max(rows.labels))


def _figures(shares: Any, positive: Any) -> dict[str, Any]:
    targets, table = positive.astype(int), shares.astype(np.float64)
    return {
        "rows": len(targets),
        "accuracy": round(100 * float((table.argmax(1) == targets).mean()), 2),
        "loss": round(log_loss(targets, table), 4),
        "ece": round(calibration_error(targets, table), 4),
    }


def _first_answer(artefact: str) -> dict[str, float]:
    """Seconds of a fresh process to its first answer, the least of some, and the memory that it took, in megabytes."""
    command = ["predict", artefact, "--text", "a warm and clever film"] if not SMOKE else ["--version"]
    # A small process starts it: what a large one starts counts its parent's memory as its own.
    code = (
        "import resource, subprocess, sys, time; began = time.perf_counter();"
        "subprocess.run(sys.argv[1:], check=True, capture_output=True);"
        "print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    python = sys.executable
    with TemporaryDirectory() as compiled:
        # Compiled once, as pip compiles a package that it installs: a checkout may be told to keep nothing compiled.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = compiled
        words = [python, "-c", code, python, "-m", "recurra", *command]
        told = [
            subprocess.run(words, check=True, capture_output=True, env=environment).stdout for _ in range(ROUNDS + 1)
        ]
    seconds, kilobytes = zip(*(map(float, one.split()) for one in told[1:]), strict=True)
    return {"seconds": round(min(seconds), 2), "megabytes": round(max(kilobytes) / 1024)}


if __name__ == "__main__":
    main()
