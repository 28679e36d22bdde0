"""Small fits of each task that checkpoint after every epoch, to be killed in the middle.

Not here: tests. `python killed_runs.py FOLDER` begins each fit in a child of its own that kills itself with SIGKILL in
the middle of its fourth epoch, and leaves the checkpoints in FOLDER/TASK.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from recurra.estimators.language import LANGUAGE_SETTINGS, LanguageModel
from recurra.estimators.series import Forecaster
from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
from recurra.training import loop
from recurra.training.progress import Watch

SMALL = {"hidden": 6, "embedding_size": 5, "epochs": 6}
TASKS = ("text", "language", "series")


def fit(task: str, run: Path | None, watch: Watch | None = None) -> Any:
    """Fit a small model with dropout, averaging and sampling where the task has them."""
    if task == "text":
        random = np.random.default_rng(0)
        words = np.array(["the", "film", "was", "not", "very", "good", "bad", "dull", "bright", "warm", "cold"])
        texts = [" ".join(random.choice(words, random.integers(2, 9))) for _ in range(60)]
        labels = ["good" if "good" in text else "bad" for text in texts]
        settings = TEXT_SETTINGS.changed({**SMALL, "min_count": 1, "batch_size": 8, "ema": 0.9, "adversarial": 0.5})
        return TextClassifier(config=settings).fit(texts, labels, run=run, watch=watch)
    if task == "language":
        lines = [f"the {first} sees the {second}" for first in "abcdefgh" for second in "ijklmnop"]
        changes = {**SMALL, "samples": 4, "streams": 2, "steps": 5}
        return LanguageModel(config=LANGUAGE_SETTINGS.changed(changes)).fit(lines, run=run, watch=watch)
    values = np.sin(np.arange(60.0) / 3)
    return Forecaster(hidden=6, epochs=6, horizon=2, recipe="net").fit(values, run=run, watch=watch)


def _die(epoch: int, position: int, batches: int, loss: float) -> None:
    if epoch == 4 and position == max(1, batches // 2):
        os.kill(os.getpid(), signal.SIGKILL)


def main(folder: Path) -> None:
    """Begin each fit and have it killed."""
    loop.BETWEEN_CHECKPOINTS = 0.0
    for task in TASKS:
        child = os.fork()
        if not child:
            fit(task, folder / task, Watch(on_step=_die))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(task, os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
