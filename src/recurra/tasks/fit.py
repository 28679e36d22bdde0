"""The one fit of all tasks: first weights, the loop, and what is fitted on validation afterwards; on how many threads.

Not here: the rows (text.py, language.py, series.py), what a step learns (heads/KIND/learn.py), the loop (training/),
how many threads of the engine a sweep is worth (native/src/engine/layer.cpp).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import torch

from recurra.engine.choose import route_of, torch_is_quicker
from recurra.engine.processors import bounded, engine_threads
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.nets.learn import LearningNet, load_tensors, tensors_of
from recurra.tasks.task import Finished, Prepared, Task, learner_of
from recurra.training.checkpoints import fingerprint
from recurra.training.loop import fit
from recurra.training.progress import Record, Watch


@dataclass(frozen=True)
class Learnt:
    """What a fit leaves behind."""

    finished: Finished
    history: list[Record]
    best_epoch: int


def learn(task: Task, prepared: Prepared, *, run: str | Path | None, watch: Watch | None) -> Learnt:
    """Train a net on prepared rows; with `run`, a killed fit of the same choices and rows goes on from there."""
    settings, seed, plan = prepared.settings, prepared.seed, prepared.plan
    net = first_net(prepared)
    learner = learner_of(task.name)(net, prepared)
    # torch wakes a second thread for the smallest operation; how much there is to do tells whether that pays.
    with threads_for(torch_work(plan.recurrent, **learner.work())):
        # The data are hashed only where a checkpoint will ask for them: a million rows take a second.
        identity = fingerprint((settings, plan, seed), learner.arrays()) if run else ""
        folder = Path(run) if run else None
        progress = fit(learner, settings.training, seed=seed, run=folder, identity=identity, watch=watch)
    # The loop has put the best epoch's weights back into the net by now, not the last epoch's.
    return Learnt(task.head.finish(prepared, tensors_of(net)), progress.history, progress.best_epoch)


def first_net(prepared: Prepared) -> LearningNet:
    """Build the net with seeded weights, and those it is to begin with."""
    net = LearningNet(prepared.plan, prepared.settings.net, torch.Generator().manual_seed(prepared.seed))
    # All weights are drawn first: the others are then those of the seed, whatever is given in their place.
    if prepared.start:
        load_tensors(net, tensors_of(net) | dict(prepared.start))
    return net


# torch does not count them: it wakes a thread for a loss over 64 rows, and waits for it at the end of each operation.
SMALL = 2_000_000
"""Multiplications in a step below which waking a second thread costs more than it brings."""


def torch_work(spec: RecurrentSpec, *, sequences: int, tokens: float, rest: float) -> float:
    """Estimate the multiplications that torch itself does in a step over so many sequences and tokens.

    `rest` tells those outside the sweeps, which are torch's where the native engine leaves them to it.
    """
    kind, wide = spec.computed, max(spec.hidden, spec.inputs)
    ours = route_of(kind) == "native" and not torch_is_quicker(kind, spec.hidden, sequences)
    return rest + (0 if ours else spec.hidden * wide * spec.layers * tokens)


_lock = Lock()
_fits: list[int] = []
"""Of each fit that runs now: the number of threads to leave behind."""


@contextmanager
def threads_for(work: float) -> Iterator[None]:
    """Have torch use one thread for the length of a `with` block when its own `work` in a step is less than `SMALL`.

    The engine goes on with as many as torch had before.
    """
    with _lock:
        # torch keeps one number for new threads of Python: a fit that begins beside another's 1 must not take it for
        # the user's choice.
        before = _fits[0] if _fits else torch.get_num_threads()
        _fits.append(before)
        torch.set_num_threads(1 if work < SMALL else before)
    try:
        with engine_threads(bounded(before)):
            yield
    finally:
        with _lock:
            _fits.pop()
            torch.set_num_threads(before)
