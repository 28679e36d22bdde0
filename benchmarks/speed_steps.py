"""Whole training steps as users take them: a classifier beside plain PyTorch and Keras, a tutorial's LSTM, memory.

Not here: layers alone (speed.py) and answers (speed_answers.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rival import rival, there
from smoke import SMOKE, sized
from timing import HIDDEN, INPUTS, LONGEST, SEQUENCES, STEPS, Step, in_turn, review_lengths
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

import recurra.nn
from recurra.batches import Ragged, join
from recurra.config import NetConfig, TrainingConfig
from recurra.errors import DataError
from recurra.estimators.text import TextClassifier
from recurra.labs.sentiment_data import sentiment_data
from recurra.labs.sentiment_recipe import LADDER
from recurra.nets.layouts import classifier_net
from recurra.nets.learn import LearningNet, to_tensor
from recurra.training.descent import clip, optimisers_of

WORDS = sized(50_000, 100)
CELL = "gru"


def whole_step() -> dict[str, Any]:
    """One step of the sentiment classifier: 50,000 words, 100-d vectors fine-tuned, a GRU, its last state, Adam."""
    ids, labels = reviews()
    told = {
        f"{precision} against {name}": in_turn(our_step(ids, labels, precision), plain_step(ids, labels, sparse=sparse))
        for precision in ("float32", "bf16")
        for name, sparse in (("plain PyTorch", False), ("PyTorch with sparse gradients", True))
    }
    for precision in ("float32", "bf16"):
        other = flushed(plain_step(ids, labels, sparse=True))
        name = f"{precision} against PyTorch with sparse gradients and denormals flushed"
        told[name] = in_turn(our_step(ids, labels, precision), other)
    task = {"rival": "keras_classifier", "cell": CELL, "threads": torch.get_num_threads(), "words": WORDS}
    sizes = {"inputs": INPUTS, "hidden": HIDDEN, "rows": SEQUENCES, "steps": LONGEST}
    if there():
        with ExitStack() as stack:
            other = stack.enter_context(rival(**task, **sizes))
            for precision in ("float32", "bf16"):
                told[f"{precision} against Keras"] = in_turn(our_step(ids, labels, precision), other, rounds=5)
    return told


def reviews() -> tuple[Ragged[Any], Tensor]:
    """A batch of ids as long as real reviews, frequent words often."""
    draw = np.random.default_rng(0)
    lengths = review_lengths(SEQUENCES)
    ids = join([(WORDS * draw.random(length) ** 4).astype(np.int32) for length in lengths])
    return ids, torch.from_numpy(draw.integers(0, 2, SEQUENCES))


def our_step(ids: Ragged[Any], labels: Tensor, precision: str) -> Step:
    """The net and the optimisers of TextClassifier."""
    torch.manual_seed(0)
    config = NetConfig.model_validate({"cell": CELL, "precision": precision, "hidden": HIDDEN})
    net = LearningNet(classifier_net(config, words=WORDS, labels=2), config)
    optimisers = optimisers_of(net, TrainingConfig())

    def step() -> None:
        for optimiser in optimisers:
            optimiser.zero_grad()
        nn.functional.cross_entropy(net(to_tensor(ids))[0], labels).backward()  # type: ignore[no-untyped-call]
        clip(net, 1.0)
        for optimiser in optimisers:
            optimiser.step()

    return step


def flushed(step: Step) -> Step:
    """The step with torch's denormals flushed to zero, which nobody does by default."""

    def quicker() -> None:
        torch.set_flush_denormal(True)
        try:
            step()
        finally:
            torch.set_flush_denormal(False)

    return quicker


class Plain(nn.Module):
    """The same model as a tutorial writes it: padded to the longest text of the batch."""

    def __init__(self, home: Any, *, sparse: bool = False, packed: bool = False) -> None:
        """Build the layers of `home`, torch.nn or recurra.nn."""
        super().__init__()
        self.embedding = nn.Embedding(WORDS, INPUTS, sparse=sparse)
        self.layer = (home.LSTM if packed else home.GRU)(INPUTS, HIDDEN, batch_first=True)
        self.dense = nn.Linear(HIDDEN, 2)
        self.packed = packed

    def forward(self, padded: Tensor, lengths: Tensor) -> Tensor:
        """Score the last state."""
        vectors = self.embedding(padded)
        if self.packed:
            _, (hidden, _) = self.layer(pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False))
            return self.dense(hidden[-1])  # type: ignore[no-any-return]
        states, _ = self.layer(vectors)
        return self.dense(states[torch.arange(len(lengths)), lengths - 1])  # type: ignore[no-any-return]


def padded_of(ids: Ragged[Any]) -> Tensor:
    """Rows padded behind their end."""
    rows = [torch.from_numpy(ids.values[start:stop]).long() for start, stop in pairwise(ids.offsets)]
    return nn.utils.rnn.pad_sequence(rows, batch_first=True)


def plain_step(ids: Ragged[Any], labels: Tensor, *, sparse: bool) -> Step:
    """A step of plain PyTorch."""
    torch.manual_seed(0)
    net = Plain(nn, sparse=sparse)
    tables = [torch.optim.SparseAdam([net.embedding.weight])] if sparse else []
    dense = [weight for name, weight in net.named_parameters() if not (sparse and name.startswith("embedding"))]
    optimisers = [torch.optim.Adam(dense), *tables]
    padded, lengths = padded_of(ids), torch.from_numpy(ids.lengths)

    def step() -> None:
        for optimiser in optimisers:
            optimiser.zero_grad()
        nn.functional.cross_entropy(net(padded, lengths), labels).backward()  # type: ignore[no-untyped-call]
        for optimiser in optimisers:
            optimiser.step()

    return step


def tutorial() -> dict[str, Any]:
    """A torch tutorial's LSTM classifier with a PackedSequence; its one import changed; losses beside."""
    ids, labels = reviews()
    padded, lengths = padded_of(ids), torch.from_numpy(ids.lengths)
    losses: dict[str, list[float]] = {}
    steps = []
    for name, home in (("ours", recurra.nn), ("torch", nn)):
        torch.manual_seed(0)
        net = Plain(home, packed=True)
        optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
        losses[name] = []
        steps.append(_tutorial_step(net, optimiser, (padded, lengths, labels), losses[name]))
    told: dict[str, Any] = in_turn(steps[0], steps[1], rounds=7, warm=1)
    apart = max(abs(a - b) for a, b in zip(losses["ours"], losses["torch"], strict=True))
    return told | {"largest_difference_of_losses": apart, "losses": len(losses["ours"])}


def _tutorial_step(net: Plain, optimiser: torch.optim.Optimizer, batch: tuple[Tensor, ...], told: list[float]) -> Step:
    padded, lengths, labels = batch

    def step() -> None:
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(net(padded, lengths), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        told.append(float(loss.detach()))

    return step


def epoch() -> dict[str, Any]:
    """Seconds of an epoch over IMDB's training part, a bidirectional GRU 100 → 64, from token ids to weights."""
    if SMOKE:
        return {}
    try:
        data = sentiment_data(quick=False)
    except DataError:
        return {}
    told: dict[str, Any] = {"reviews": len(data.train[0])}
    for precision in ("float32", "bf16"):
        choices = {"hidden": 64, "bidirectional": True, "adversarial": 0.0, "epochs": 2, "precision": precision}
        model = TextClassifier(vectors=data.vectors, config=LADDER[-1].settings.changed(choices))
        few = data.validation[0][:200], data.validation[1][:200]
        model.fit(*data.train, validation_data=few)
        told[precision] = [record["seconds"] for record in model.history_]
    return told


def memory() -> dict[str, Any]:
    """Highest memory of a process that takes three steps of a layer, above what it had before, in MB."""
    told = {}
    for name in sized(("ours float32", "ours bf16", "torch float32"), ("ours bf16",)):
        code = f"import speed_steps; print(speed_steps.grown({name!r}))"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=Path(__file__).parent, check=True, capture_output=True, text=True
        )
        told[name] = float(json.loads(done.stdout))
    return told


def grown(name: str) -> float:
    """Steps of batch 64 × 256, 100 → 128; megabytes the process grew by."""
    torch.set_num_threads(2)
    home, precision = name.split()
    layer = (recurra.nn if home == "ours" else nn).LSTM(INPUTS, HIDDEN)
    values, errors = torch.randn(STEPS, SEQUENCES, INPUTS, requires_grad=True), torch.randn(STEPS, SEQUENCES, HIDDEN)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest memory so far is forgotten
    before = _highest()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        for _ in range(3):
            layer(values)[0].float().backward(errors)
    return (_highest() - before) / 1024


def _highest() -> int:
    """Highest memory of this process, in kB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "whole_step": whole_step,
    "tutorial": tutorial,
    "memory": memory,
    "epoch": epoch,
}
