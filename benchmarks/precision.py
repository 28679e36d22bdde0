"""Answer IMDB's 25,000 test reviews in float32, bf16 and int8 with one trained GRU: results/precision.json.

Not here: training in other precisions (cells.py) and speed (speed_answers.py). The net is the sentiment lab's recipe in
float32; one already trained under runs/benchmarks/precision is taken over.
Run: `python benchmarks/precision.py [--seed N]`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from reviews import data as reviews
from reviews import recipe
from writing import PARTS, write_result

from recurra.cli.console import say
from recurra.config import Precision
from recurra.engine.native import engine
from recurra.estimators.text import TextClassifier
from recurra.labs.sentiment_data import SentimentData
from recurra.tasks.heads.classes.run import RunningClassifier


def main() -> int:
    """Train the net where it is missing, answer in every precision, and write how far they are from float32."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    data = reviews()
    folder = trained(data, seed)
    shares = {precision: answered(folder, precision, data) for precision in get_args(Precision)}
    labels = RunningClassifier.load(folder).labels
    truth = np.array([labels.index(label) for label in data.test[1]])
    told = {name: compared(one, shares["float32"], truth) for name, one in shares.items()}
    write_result("precision", {"engine": engine().name, "reviews": len(truth), "precisions": told}, seeds=[seed])
    return 0


def trained(data: SentimentData, seed: int) -> Path:
    """Train the net, or take it over; the folder of its artefact."""
    folder = PARTS / "precision" / f"gru-{seed}"
    if not folder.exists():
        model = TextClassifier(vectors=data.vectors, random_state=seed, config=recipe())
        model.fit(*data.train, validation_data=data.validation, run=PARTS / "precision" / f"run-{seed}")
        model.save(folder)
    return folder


def answered(folder: Path, precision: Precision, data: SentimentData) -> NDArray[np.float32]:
    """Probabilities of the test reviews: (reviews, labels)."""
    say(f"answering in {precision}")
    return RunningClassifier.load(folder, precision=precision).predict_proba(data.test[0])


def compared(shares: NDArray[np.float32], exact: NDArray[np.float32], truth: NDArray[np.int64]) -> dict[str, Any]:
    """Accuracy; points lost against float32; how many answers changed; the largest change of a probability."""
    chosen, before = shares.argmax(axis=1), exact.argmax(axis=1)
    accuracy, wanted = float(np.mean(chosen == truth)), float(np.mean(before == truth))
    return {
        "test_accuracy": round(accuracy, 5),
        "points_lost": round(100 * (wanted - accuracy), 3),
        "answers_changed": int((chosen != before).sum()),
        "largest_change": round(float(np.abs(shares - exact).max()), 4),
    }


if __name__ == "__main__":
    raise SystemExit(main())
