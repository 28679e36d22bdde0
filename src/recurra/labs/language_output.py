"""What share of a language model's training step its output layer takes: timed inside the step it is divided by.

Not here: the other experiments (language_experiments.py).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from recurra.batches import language_streams
from recurra.config import Settings
from recurra.labs.language_recipe import LabText
from recurra.nets.layouts import language_net
from recurra.nets.learn import LearningNet
from recurra.tasks.heads.next_token.learn import TokenLearner
from recurra.text.encoder import fit_encoder
from recurra.text.stream import stream_ids
from recurra.training.descent import clip, optimisers_of

Chunk = tuple[int, int, int]
FULL_STEPS = 3
"""Steps over all words that are timed: each takes many times as long."""


def measure_output(text: LabText, settings: Settings, steps: int) -> dict[str, Any]:
    """Time whole training steps and, within each, its output layer: as settings say, and over all words.

    Untrained weights serve: arithmetic takes the same time whatever it computes. Medians of `steps` repetitions.
    """
    # Both are timed in the same process on the same weights; what differs is how many words are scored.
    sampled, full = _timed(text, settings, steps), _timed(text, settings.changed({"samples": 0}), FULL_STEPS)
    return {**sampled, "full_step_seconds": full["step_seconds"], "full_output_seconds": full["output_seconds"],
            "full_share": full["share"]}  # fmt: skip


def _timed(text: LabText, settings: Settings, steps: int) -> dict[str, Any]:
    encoder = fit_encoder(text.train, settings.text)
    streams = language_streams(stream_ids(text.train, encoder), settings.training.streams)
    plan = language_net(settings.net, words=len(encoder.vocabulary))
    net = LearningNet(plan, settings.net, torch.Generator().manual_seed(0))
    task = TokenLearner(net, streams, None, settings.training, 0)
    # one chunk of full length, taken again and again; the first step only warms up
    batch = max(task.batches(0), key=lambda chunk: chunk[1] - chunk[0])
    optimisers = optimisers_of(net.train(), settings.training, sparse=task.sparse)
    # Shares are taken step by step before the median: a busy machine slows whole and part of a step alike.
    _, *pairs = [_step(task, batch, optimisers) for _ in range(steps + 1)]
    shares = [output / whole for whole, output in pairs]
    return {
        "step_seconds": statistics.median(whole for whole, _ in pairs),
        "output_seconds": statistics.median(output for _, output in pairs),
        "share": statistics.median(shares),
        "shares": shares,
        "tokens": len(streams) * (batch[1] - batch[0]),
        "sampled": task.sparse,
    }


def _step(task: TokenLearner, batch: Chunk, optimisers: Sequence[torch.optim.Optimizer]) -> tuple[float, float]:
    """Take one batch as the training loop does; return the seconds of it all, and of the output layer within it."""
    started = time.perf_counter()
    with _passages(task.net.output) as passed:
        # Forward, then backward, as the training loop has them; the hooks note when the output layer begins and ends.
        step = next(task.steps(batch, None))
        scored = time.perf_counter()
        (step.loss / step.count).backward()  # type: ignore[no-untyped-call]
    clip(task.net, task.config.clip)
    for optimiser in optimisers:
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    # Scoring lasts from entering the layer to the loss; its gradient from the loss to when the states' is known.
    whole = time.perf_counter() - started
    return whole, (scored - passed["scoring"]) + (passed["gradient"] - scored)


@contextmanager
def _passages(output: nn.Module) -> Iterator[dict[str, float]]:
    """Note when the output layer is entered, and when the loss has been taken back to the states it scores."""
    passed: dict[str, float] = {}

    def entered(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        passed["scoring"] = time.perf_counter()
        # The hook of the layer's input fires once its gradient is there: that is when the layer's backward part ends.
        inputs[0].register_hook(left)  # type: ignore[no-untyped-call]

    def left(gradient: Tensor) -> None:
        passed["gradient"] = time.perf_counter()

    handle = output.register_forward_pre_hook(entered)
    try:
        yield passed
    finally:
        handle.remove()
