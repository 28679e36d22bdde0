"""What each choice on the way to a quick training step brings, one at a time, on generated sequences.

Not here: accuracy. Run: `python benchmarks/steps.py`; every time is the median of several steps, forward and backward.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from smoke import sized
from torch import Tensor, nn
from writing import write_result

from recurra.batches import Ragged, batch_order, join
from recurra.cells.cell import Activation
from recurra.config import CellName
from recurra.engine.choose import Route
from recurra.engine.processors import keep_buffers
from recurra.layers.recurrent.learn import Recurrent
from recurra.layers.recurrent.run import RecurrentSpec

INPUTS, HIDDEN, SEQUENCES, STEPS = sized((100, 64, 32, 200), (10, 8, 4, 20))
TEXTS = sized(20_000, 1_000)
SEED = 0


def main() -> None:
    """Measure all, or with `allocator` alone one process's steps; write results/steps.json."""
    torch.manual_seed(SEED)
    if sys.argv[1:2] == ["allocator"]:
        if sys.argv[2] == "kept":
            keep_buffers()
        net, batch = net_of("lstm", "tanh", bidirectional=True), batch_of([STEPS + 56] * 2 * SEQUENCES)
        print(seconds(step_of(net, batch, "torch"), repeats=9))
        return
    figures = {
        "allocator": {name: allocator(name) for name in sized(("default", "kept"), ("kept",))},
        "sigmoid": {route: sigmoid(route) for route in ("plain", "torch")},
        "packed": {"packed": packed(), "ragged": ragged()},
        "padding": {name: padding(sort=name == "sorted") for name in ("shuffled", "sorted")},
        "threads": {str(count): threads(count) for count in (1, 2)},
    }
    write_result("steps", figures, seeds=[SEED])


def allocator(name: str) -> float:
    """Seconds of an LSTM step in a process of its own, with glibc's thresholds as they are or raised."""
    done = subprocess.run([sys.executable, __file__, "allocator", name], check=True, capture_output=True, text=True)
    return float(done.stdout)


def sigmoid(route: Route) -> float:
    """Seconds of a step of the simple RNN with σ: the equations step by step, or through torch's tanh kernel."""
    return seconds(step_of(net_of("rnn", "sigmoid"), batch_of([STEPS] * SEQUENCES), route), repeats=5)


def packed() -> float:
    """Seconds of a step of torch.nn.LSTM on a PackedSequence of unequal lengths."""
    batch, module = batch_of(LENGTHS), nn.LSTM(INPUTS, HIDDEN, bidirectional=True)
    bounds = list(zip(batch.offsets, batch.offsets[1:], strict=False))

    def step() -> None:
        rows = [batch.values[start:stop] for start, stop in bounds]
        outputs, _ = module(nn.utils.rnn.pack_sequence(rows, enforce_sorted=False))
        outputs.data.sum().backward()

    return seconds(step, repeats=3)


def ragged() -> float:
    """Seconds of the same step through the engine."""
    return seconds(step_of(net_of("lstm", "tanh", bidirectional=True), batch_of(LENGTHS)), repeats=5)


LENGTHS = [STEPS - 2 * number for number in range(SEQUENCES)]


def padding(*, sort: bool) -> float:
    """Share of a grid that would be pads, for lengths spread like those of reviews."""
    random = np.random.default_rng(SEED)
    lengths = np.clip(random.lognormal(5.3, 0.65, TEXTS), 10, 400).astype(np.int64)
    if sort:
        batches = batch_order(lengths, batch_size=64, batch_tokens=1_000_000, seed=SEED, epoch=0)
    else:
        batches = np.array_split(random.permutation(len(lengths)), len(lengths) // 64)
    cells = sum(int(lengths[rows].max()) * len(rows) for rows in batches)
    return 1 - int(lengths.sum()) / cells


def threads(count: int) -> float:
    """Seconds of a step of a tiny net (50 units, windows of three values) on so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    spec = RecurrentSpec(cell="lstm", inputs=1, hidden=50)
    rows = batch_of([3] * 64, features=1)
    found = seconds(step_of(Recurrent(spec), rows), repeats=101)
    torch.set_num_threads(before)
    return found


def net_of(cell: CellName, activation: Activation, *, bidirectional: bool = False) -> Recurrent:
    """One recurrent layer."""
    spec = RecurrentSpec(cell=cell, activation=activation, inputs=INPUTS, hidden=HIDDEN, bidirectional=bidirectional)
    return Recurrent(spec)


def batch_of(lengths: list[int], *, features: int = INPUTS) -> Ragged[Tensor]:
    """Random sequences of these lengths."""
    random = np.random.default_rng(SEED)
    rows = join([random.standard_normal((length, features)).astype(np.float32) for length in lengths])
    return rows.carry(torch.from_numpy(rows.values).requires_grad_())


def step_of(net: Recurrent, batch: Ragged[Tensor], route: Route | None = None) -> Callable[[], Any]:
    """Forward and backward once."""
    return lambda: net(batch, route=route)[0].values.sum().backward()


def seconds(work: Callable[[], Any], *, repeats: int) -> float:
    """Median wall seconds; the first call only warms up."""
    work()
    told = []
    for _ in range(sized(repeats, 1)):
        started = time.perf_counter()
        work()
        told.append(time.perf_counter() - started)
    return round(statistics.median(told), 6)


if __name__ == "__main__":
    main()
