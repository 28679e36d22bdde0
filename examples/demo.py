"""The main job in one command: train a network on film reviews, measure it beside a rival, show three answers.

Not here: the work; every step is a call of the library. Run it by `make demo`.

With IMDB on this machine (RECURRA_DATA, or `recurra data get imdb`) it learns from real reviews, and from GloVe vectors
where they are; without, from reviews that a grammar generates. Both end within five minutes on two cores.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recurra.cli.console import say
from recurra.cli.progress import progress
from recurra.config import Settings
from recurra.datasets.known.sets import find
from recurra.datasets.texts import TextTable
from recurra.engine.processors import keep_buffers
from recurra.errors import RecurraError
from recurra.runs.run import new_run
from recurra.runs.sources import synthetic

REAL = Settings().changed(
    {
        "cell": "lstm",
        "bidirectional": True,
        "hidden": 64,
        "pool": ["mean", "max", "attention"],
        "heads": 4,
        "max_length": 240,
        "epochs": 3,
        "batch_tokens": 8192,
        "learning_rate": 3e-3,
        "table_rate": 0.33,
        "warm_up": 0.1,
        "word_dropout": 0.1,
        "embedding_dropout": 0.3,
        "dropout": 0.5,
        "ema": 0.998,
    }
)
"""Far smaller than the recipe of `recurra fit text imdb`: shorter texts, three epochs, nothing adversarial."""

GENERATED = Settings().changed(
    {
        "cell": "lstm",
        "hidden": 64,
        "embedding_size": 50,
        "pool": ["last"],
        "batch_size": 32,
        "epochs": 12,
        "learning_rate": 5e-3,
        "warm_up": 0.3,
    }
)
"""Short texts whose verdict hangs on a few words far apart: the last state has to remember them."""

ASKED = (
    "Not bad at all: I would watch it again.",
    "I hoped for something wonderful, and what a dull, endless mess it was.",
    "It starts slowly, but then it never lets you go.",
)
"""Our own sentences, for the network trained on real reviews."""


@dataclass(frozen=True)
class Job:
    """What is learnt, from which rows, and which texts are asked afterwards."""

    title: str
    train: TextTable
    test: TextTable
    settings: Settings
    vectors: Path | None
    asked: tuple[str, ...]


def main() -> int:
    """Do the job and return the exit code."""
    started = time.perf_counter()
    keep_buffers()
    try:
        job = real_job() if find("imdb") else generated_job()
        run, record, answers = work(job)
    except RecurraError as problem:
        say(f"demo: {problem}")
        return problem.exit_code
    tell(job, run, record, answers)
    say(f"done in {time.perf_counter() - started:.0f} s")
    return 0


def real_job() -> Job:
    """IMDB: 25,000 reviews to learn from less those whose text stands in the test part, 25,000 to be measured on."""
    from recurra.datasets.known.imdb import load_imdb

    imdb, vectors = load_imdb(), find("glove")
    say(f"IMDB from {imdb.source}: {len(imdb.train):,} reviews to learn from, {len(imdb.test):,} to be measured on")
    if vectors is None:
        say("GloVe vectors are not here: `recurra data get glove` brings them and accuracy rises; going on without")
    return Job("IMDB, a small recipe", imdb.train, imdb.test, REAL, vectors, ASKED)


def generated_job() -> Job:
    """Synthetic reviews, where IMDB is not at hand."""
    say("IMDB is not on this machine; `recurra data get imdb` brings it (84 MB), then `make demo` learns from it")
    say("learning from SYNTHETIC reviews instead: a grammar writes them so that word order decides the verdict")
    train, test = synthetic("train", 6000), synthetic("test", 2000)
    labels = test.labels or []
    both = [test.texts[labels.index(label)] for label in ("positive", "negative")]
    return Job("Synthetic reviews", train, test, GENERATED, None, (*both, test.texts[-1]))


def work(job: Job) -> tuple[Path, dict[str, Any], list[Any]]:
    """Train, measure and save; then load the artefact, as another program would, and ask it."""
    from recurra.estimators.text import TextClassifier
    from recurra.runs.run import run_task
    from recurra.tasks.heads.classes.run import RunningClassifier
    from recurra.tasks.task import Rows, made_ready

    run = new_run("demo")
    classifier = TextClassifier(vectors=job.vectors, config=job.settings)
    ready = made_ready(classifier.task, classifier.asked(), Rows((job.train, job.test), job.title))
    with progress(f"{job.settings.net.cell} on {job.title} → {run}") as watch:
        record = run_task(classifier, ready, out=run, title=job.title, watch=watch)
    return run, record, RunningClassifier.load(run / "artefact").answers(job.asked)


def tell(job: Job, run: Path, record: dict[str, Any], answers: list[Any]) -> None:
    """Print the results."""
    scores = record["evaluation"]
    print(f"{job.title}: {scores['rows']:,} test reviews")
    print(f"test accuracy  {scores['accuracy']:.4f}  {job.settings.net.cell}")
    for rival in scores["rivals"]:
        print(f"test accuracy  {rival['accuracy']:.4f}  {rival['name']}, on the same rows")
    for text, answer in zip(job.asked, answers, strict=True):
        print(f"{answer.label:8} {answer.probabilities[answer.label]:.3f}  {text}")
    print(f"report         {run / 'report.html'}")
    print(f'ask it         .venv/bin/recurra predict {run} --text "…"')


if __name__ == "__main__":
    sys.exit(main())
