"""What more threads than one bring, alone and beside other busy processes: a fit, a training step, answers.

Not here: how quick one thread is (speed.py). Run: `python benchmarks/company.py`. The busy processes are started and
ended here. Default threads and one thread take turns; a share above 1 says that the default took longer.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from smoke import sized
from torch import nn
from writing import write_result

from recurra.engine.processors import threads
from recurra.estimators.text import TextClassifier
from recurra.nn import GRU, LSTM
from recurra.tasks.heads.classes.run import RunningClassifier

COMPANY = (0, 2)
"""Busy processes beside."""
ROUNDS = sized(11, 1)
BURST = sized(0.3, 0.0)
"""Seconds that each turn takes at least: some of the turns in which the system shares out its processors."""
TEXTS, WORDS, LONG = sized((3000, 800, 100), (40, 20, 5))
Work = Callable[[], object]


def main() -> None:
    """Measure each work beside each company; write results/company.json."""
    works = works_of_all_kinds()
    default = threads()
    figures = {}
    for busy in COMPANY:
        with company(busy):
            figures[str(busy)] = {name: beside(work, default) for name, work in works.items()}
    write_result("company", {"threads": default, "rounds": ROUNDS, "beside": figures}, seeds=[0])


def works_of_all_kinds() -> dict[str, Work]:
    """What is measured; short sweeps among them, which lose most when a thread does not come."""
    texts, labels = rows(TEXTS)
    model = TextClassifier(epochs=1, random_state=0).fit(texts, labels).model_
    return {
        "a fit of short texts": lambda: TextClassifier(epochs=1, random_state=0).fit(texts, labels),
        "a GRU's step, 64 × 100": step(GRU, 128, 64, LONG),
        "an LSTM's step, 32 × 12": step(LSTM, 64, 32, 12),
        "an LSTM's step, 1 × 60": step(LSTM, 128, 1, 60),
        "answers, 3,000 texts": answers(model, texts),
        "answers, one text": answers(model, texts[:1]),
    }


def rows(count: int) -> tuple[list[str], list[str]]:
    """Short texts of random words, one of which decides the label."""
    random = np.random.default_rng(0)
    labels = random.choice(["good", "bad"], count).tolist()
    words = (random.integers(WORDS, size=random.integers(4, 14)) for _ in range(count))
    return [" ".join([label, *map(str, some)]) for label, some in zip(labels, words, strict=True)], labels


def step(layer: type[GRU] | type[LSTM], hidden: int, sequences: int, steps: int) -> Work:
    """Return a whole training step of a classifier in plain torch around a layer of recurra.nn."""
    torch.manual_seed(0)
    recurrent, head = layer(100, hidden, batch_first=True), nn.Linear(hidden, 2)
    optimiser = torch.optim.Adam([*recurrent.parameters(), *head.parameters()])
    values, targets = torch.randn(sequences, steps, 100), torch.randint(0, 2, (sequences,))

    def descend() -> None:
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(head(recurrent(values)[0][:, -1]), targets)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    return descend


def answers(model: RunningClassifier, texts: list[str]) -> Work:
    """Return the answers to these texts."""
    return lambda: model.predict_proba(texts)


@contextmanager
def company(busy: int) -> Iterator[None]:
    """Keep so many processes busy for the length of a `with` block."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def beside(work: Work, default: int) -> dict[str, Any]:
    """Median seconds on the default number of threads and on one, in turn, and the first as a share of the second."""
    turns = [[on(number, work) for number in (default, 1)] for _ in range(ROUNDS + 1)][1:]
    torch.set_num_threads(default)
    several, single = map(statistics.median, zip(*turns, strict=True))
    shares = sorted(one / other for one, other in turns)
    return {
        "seconds": several,
        "single_seconds": single,
        "share": several / single,
        "of_each_turn": [round(share, 3) for share in shares],
    }


def on(threads: int, work: Work) -> float:
    """Return the seconds of one call on so many threads, over as many calls as fill a turn."""
    torch.set_num_threads(threads)
    started, calls = time.perf_counter(), 0
    while not calls or time.perf_counter() - started < BURST:
        work()
        calls += 1
    return (time.perf_counter() - started) / calls


if __name__ == "__main__":
    main()
