"""Where a whole training step of the text classifier goes: the share of each of its parts.

Not here: the same step beside others (speed_steps.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from smoke import sized
from speed_steps import CELL, WORDS, reviews
from timing import HIDDEN, Step
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile, record_function

from recurra.batches import Ragged
from recurra.config import NetConfig, TrainingConfig
from recurra.nets.layouts import classifier_net
from recurra.nets.learn import LearningNet, to_tensor
from recurra.training.descent import clip, optimisers_of

ROUNDS = sized(20, 1)
NETS: dict[str, dict[str, Any]] = {
    "last state, float32": {},
    "last state, bf16": {"precision": "bf16"},
    "both directions, max, mean and attention, float32": {"bidirectional": True, "pool": ("max", "mean", "attention")},
}
CLASSIFIER: dict[str, Any] = {"cell": CELL, "hidden": HIDDEN}
EVENTS = {
    "gather": ("_Gather", "_GatherBackward"),
    "sweep forward": ("_Sweep",),
    "sweep backward": ("_SweepBackward",),
    "pooling": ("_Pool", "_PoolBackward"),
    "head": ("aten::linear", "aten::cross_entropy_loss", "AddmmBackward0", "NllLossBackward0", "LogSoftmaxBackward0"),
    "clip": ("clip",),
    "Adam": ("adam",),
}
"""What torch's profiler calls the parts; the rest is Python, autograd's own work, and copies."""


def profile_step() -> dict[str, Any]:
    """Shares of a step over 64 reviews: 50,000 words, 100-d vectors fine-tuned, a GRU, Adam."""
    ids, labels = reviews()
    return {name: shares_of(marked_step(ids, labels, choices)) for name, choices in NETS.items()}


def marked_step(ids: Ragged[Any], labels: Tensor, choices: dict[str, Any]) -> Step:
    """The net and the optimisers of TextClassifier, with marks where torch's profiler sees no operation."""
    torch.manual_seed(0)
    config = NetConfig.model_validate(CLASSIFIER | choices)
    net = LearningNet(classifier_net(config, words=WORDS, labels=2), config)
    optimisers = optimisers_of(net, TrainingConfig())

    def step() -> None:
        with record_function("step"):
            for optimiser in optimisers:
                optimiser.zero_grad()
            nn.functional.cross_entropy(net(to_tensor(ids))[0], labels).backward()  # type: ignore[no-untyped-call]
            with record_function("clip"):
                clip(net, 1.0)
            with record_function("adam"):
                for optimiser in optimisers:
                    optimiser.step()

    return step


def shares_of(step: Step) -> dict[str, Any]:
    """Seconds of a step, and what part of them each of its parts takes."""
    for _ in range(3):
        step()
    with profile(activities=[ProfilerActivity.CPU]) as watch:
        for _ in range(ROUNDS):
            step()
    spent = {event.key: event.cpu_time_total for event in watch.key_averages()}
    whole = spent["step"]
    shares = {name: sum(spent.get(key, 0.0) for key in keys) / whole for name, keys in EVENTS.items()}
    return {"seconds": whole / ROUNDS / 1e6, "shares": shares | {"rest": 1 - sum(shares.values())}}


PARTS: dict[str, Callable[[], dict[str, Any]]] = {"profile_step": profile_step}
