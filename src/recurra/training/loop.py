"""The one fit of all tasks: first weights, the visible loop with exact resume, and the model that comes of it.

Everything random is a function of (seed, epoch, position), drawn from generators of the fit's own: a run that was
killed goes on to the same weights, and fits side by side in threads learn what each learns alone.

Not here: rows (tasks/), what a batch is and what its loss is (tasks/heads/KIND/learn.py), how weights move
(descent.py), printing (the callbacks' business), and how many threads of the engine a sweep is worth
(native/src/engine/layer.cpp).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from recurra.config import TrainingConfig
from recurra.engine.choose import route_of, torch_is_quicker
from recurra.engine.devices import PROCESSOR, device_of, home, products
from recurra.engine.native import release_buffers
from recurra.engine.processors import bounded, engine_threads, one_blas_thread
from recurra.errors import RecurraError
from recurra.layers.draws import Generator
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.nets.learn import LearningNet, load_tensors, tensors_of
from recurra.tasks.names import CALLED
from recurra.tasks.task import Finished, Prepared, Task, Trained, TrainedAgain, learner_of
from recurra.training.checkpoints import checkpoint, fingerprint, restore
from recurra.training.descent import Descent
from recurra.training.progress import Progress, Record, Watch

Batch = TypeVar("Batch")

BETWEEN_CHECKPOINTS = 5.0
"""Seconds between checkpoints, at least: hundreds of tiny epochs must not wait for the disk."""
# torch does not count them: it wakes a thread for a loss over 64 rows, and waits for it at the end of each operation.
SMALL = 2_000_000
"""Multiplications in a step below which waking a second thread costs more than it brings."""
_lock = Lock()
_fits: list[int] = []
"""Of each fit that runs now: the number of threads to leave behind."""


@dataclass(frozen=True)
class Step:
    """What a batch gave: the summed loss, what to divide it by, how many answers were right, and the carried state."""

    loss: Tensor
    count: float
    correct: float = 0.0
    state: Any = None
    share: float = 1.0
    """What the loss counts for in the gradient."""
    rows: float = 0.0
    """What the gradient is divided by, where that is not the count: weighted rows, of mean weight 1 over all."""


class Learner(Protocol, Generic[Batch]):
    """What the loop needs to know of what learns."""

    @property
    def net(self) -> LearningNet:
        """The net that learns."""

    @property
    def score(self) -> str:
        """The history key that decides which weights are kept."""

    @property
    def sparse(self) -> bool:
        """Whether a step reaches only some rows of the tables, so that their gradients are row-sparse."""

    def batches(self, epoch: int) -> Sequence[Batch]:
        """Return the epoch's batches: a pure function of the seed and the epoch."""

    def steps(self, batch: Batch, state: Any, generator: Generator) -> Iterator[Step]:
        """Run the net on one batch; each step's loss is taken back before the next is asked for.

        Masks are drawn from `generator`. The first step counts in the history; further ones (adversarial) only add
        their gradients. What follows the last step belongs to the same descent.
        """

    def epoch_record(self, loss: float, correct: float) -> Record:
        """Name the training figures of an epoch: mean loss and mean share of right answers."""

    def validate(self) -> Record:
        """Measure the net on the validation part."""


@dataclass(frozen=True)
class Learnt:
    """What a fit leaves behind."""

    finished: Finished
    history: list[Record]
    best_epoch: int


def learn(task: Task, prepared: Prepared, *, run: str | Path | None, watch: Watch | None) -> Learnt:
    """Train a net on prepared rows; with `run`, a killed fit of the same choices and rows goes on from there."""
    watch = watch or Watch()
    trained, first = _trained(task, prepared, Path(run) if run else None, watch)
    nets = [first]

    def again(other: Prepared, number: int, of: int) -> TrainedAgain:
        if watch.on_net:
            watch.on_net(number, of, other.settings.training.epochs)
        # A folder for each net, so that a resumed run finds what each of them has learnt.
        folder = Path(run) / f"net-{number}" if run else None
        tensors, progress = _trained(task, replace(other, by_steps=True), folder, watch)
        nets.append(progress)
        return TrainedAgain(tensors, progress.best_epoch)

    # What is fitted afterwards are linear models.
    with one_blas_thread():
        finished = task.head.finish(prepared, trained, again)
    # What is told of the fit is what the last net did that stays.
    progress = nets[-1 if finished.nets is None else finished.nets]
    return Learnt(finished, progress.history, progress.best_epoch)


def _trained(task: Task, prepared: Prepared, run: Path | None, watch: Watch | None) -> tuple[Trained, Progress]:
    settings, seed, plan = prepared.settings, prepared.seed, prepared.plan
    net = first_net(prepared)
    if not prepared.by_steps:
        return tensors_of(net), Progress()
    learner = learner_of(prepared.head or CALLED[task.name].head)(net, prepared)
    # torch wakes a second thread for the smallest operation; how much there is to do tells whether that pays.
    with threads_for(torch_work(plan.recurrent, **learner.work())):
        # The data are hashed only where a checkpoint will ask for them: a million rows take a second.
        identity = fingerprint((settings, plan, seed), learner.arrays()) if run else ""
        progress = fit(learner, settings.training, seed=seed, run=run, identity=identity, watch=watch)
    # The loop has put the best epoch's weights back into the net by now, not the last epoch's.
    return tensors_of(net), progress


def first_net(prepared: Prepared) -> LearningNet:
    """Build the net with seeded weights, and those it is to begin with."""
    net = LearningNet(prepared.plan, prepared.settings.net, torch.Generator().manual_seed(prepared.seed))
    # All weights are drawn first: the others are then those of the seed, whatever is given in their place.
    if prepared.start:
        load_tensors(net, tensors_of(net) | dict(prepared.start))
    return net


def fit(
    task: Learner[Any],
    config: TrainingConfig,
    *,
    seed: int,
    run: Path | None = None,
    identity: str = "",
    watch: Watch | None = None,
) -> Progress:
    """Train until the epochs are over or validation has not improved for `patience`; leave the best weights in the net.

    It learns where `config.device` says, and comes back to the processor.

    With `run`, checkpoints are written there between epochs, and training goes on from the newest one found there;
    `identity` is the fingerprint of choices and data that it must carry. Raises UsageError for a checkpoint of another
    training and for a device that is not there, RecurraError when a loss is no longer finite.
    """
    watch, device = watch or Watch(), device_of(config.device)
    task.net.to(device)
    descent, progress = Descent(task.net, config, sparse=task.sparse), Progress()
    if run is not None:
        restore(run, descent, progress, identity=identity)
    saved = time.monotonic()
    while progress.epoch < config.epochs and not _patience_over(progress, config):
        with products(device, task.net.plan.precision):
            record = _epoch(task, descent, progress.epoch, seed, watch)
        _check_finite(record)
        _keep_best(task, descent, progress, record)
        if watch.on_epoch:
            watch.on_epoch(record)
        # The last epoch is written whatever the clock says: the same command, given again, then learns nothing more.
        ended = progress.epoch == config.epochs
        if run is not None and (ended or time.monotonic() - saved > BETWEEN_CHECKPOINTS):
            checkpoint(run, descent, progress, identity=identity, ended=ended)
            saved = time.monotonic()
    load_tensors(task.net, progress.best_tensors)
    task.net.eval().to(PROCESSOR)
    release_buffers()
    return progress


def _epoch(task: Learner[Any], descent: Descent, epoch: int, seed: int, watch: Watch) -> Record:
    """Train one epoch, then validate."""
    started = time.perf_counter()
    # The 1 parts this stream from that of [seed, epoch], which the order of batches is drawn from.
    generator = torch.Generator(home(task.net)).manual_seed(
        int(np.random.default_rng([seed, epoch, 1]).integers(2**62))
    )
    batches = task.batches(epoch)
    total = count = correct = rate = 0.0
    # A language model's state goes on from batch to batch; each epoch begins with none.
    state = None
    task.net.train()
    for position, batch in enumerate(batches):
        # The rate moves within an epoch too: a fit of two epochs would otherwise know two rates only.
        rate = descent.go(epoch + position / len(batches))
        step = _descend(task, batch, state, descent, generator)
        state = step.state
        # Sums, divided once at the end: batches differ in size, so the mean of their means is not that of the rows.
        total, count, correct = total + float(step.loss.detach()), count + step.count, correct + step.correct
        if watch.on_step:
            watch.on_step(epoch + 1, position + 1, len(batches), total / count)
    task.net.eval()
    with torch.no_grad(), descent.averaged():
        validation = task.validate()
    trained = task.epoch_record(total / count, correct / count)
    seconds = round(time.perf_counter() - started, 3)
    return {"epoch": epoch + 1, **trained, **validation, "lr": rate, "seconds": seconds}


def _descend(task: Learner[Any], batch: Any, state: Any, descent: Descent, generator: Generator = None) -> Step:
    """Take one batch's losses back and step; return the step that counts."""
    descent.forget()
    taken = []
    for step in task.steps(batch, state, generator):
        # Divided by rows where they have weights: by the sum of its weights, a batch of frequent classes alone would
        # pull as hard as one of rare classes. Taken back at once: the next step may be made of this one's gradient.
        (step.loss * (step.share / (step.rows or step.count))).backward()  # type: ignore[no-untyped-call]
        taken.append(step)
    descent.step()
    return taken[0]


def _keep_best(task: Learner[Any], descent: Descent, progress: Progress, record: Record) -> None:
    progress.epoch += 1
    progress.history.append(record)
    value = record.get(task.score, record["loss"])
    score = value if task.score.endswith("accuracy") else -value
    # Without a validation part there is nothing to choose by: the last epoch is kept, as everyone expects.
    if task.score == "loss" or score > progress.best or not progress.best_tensors:
        progress.best, progress.best_epoch = score, progress.epoch
        with descent.averaged():
            progress.best_tensors = tensors_of(task.net)


def _check_finite(record: Record) -> None:
    # Asked before the weights are kept: without a validation part the last ones count as the best, and these are NaN.
    wrong = [f"{name} {value}" for name, value in record.items() if not math.isfinite(value)]
    if wrong:
        advice = "choose a smaller learning_rate, or a clip above 0"
        raise RecurraError(f"training diverged in epoch {record['epoch']}", found=", ".join(wrong), advice=advice)


def _patience_over(progress: Progress, config: TrainingConfig) -> bool:
    # Asked before an epoch, not behind it: a run that had ended early is not trained on when it is resumed.
    return bool(config.patience) and progress.epoch - progress.best_epoch >= config.patience


def torch_work(spec: RecurrentSpec, *, sequences: int, tokens: float, rest: float) -> float:
    """Estimate the multiplications that torch itself does in a step over so many sequences and tokens.

    `rest` tells those outside the sweeps, which are torch's where the native engine leaves them to it.
    """
    kind, wide = spec.computed, max(spec.hidden, spec.inputs)
    ours = route_of(kind) == "native" and not torch_is_quicker(kind, spec.hidden, sequences)
    return rest + (0 if ours else spec.hidden * wide * spec.layers * tokens)


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
