"""The one fit of all tasks: a net with its first weights, the loop, and what is fitted on validation afterwards.

Not here: the rows (text.py, language.py, series.py), what a step learns (heads/KIND/learn.py), the loop (training/).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from recurra.nets.learn import LearningNet, load_tensors, tensors_of
from recurra.tasks.known import learner_of
from recurra.tasks.task import Finished, Prepared, Task
from recurra.training.loop import fit
from recurra.training.progress import Record, Watch
from recurra.training.resume import fingerprint
from recurra.training.threads import threads_for, torch_work


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
