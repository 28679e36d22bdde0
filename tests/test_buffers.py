"""Memory that the engine keeps between sweeps: used again where it is needed, given back where it is not.

Not here: what a sweep computes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from recurra.cells.backends.torch import SweepWeights
from recurra.config import CellKind
from recurra.engine.autograd import native_sweep
from recurra.engine.native import compiled, engine, ragged

pytestmark = pytest.mark.skipif(engine().library is None, reason="the native engine was not built here")
MB = 1 << 20


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    compiled.release_buffers()
    yield
    compiled.release_buffers()


def held() -> int:
    used, unused, _ = compiled.buffer_bytes()
    return int(used + unused)


def train(lengths: list[int], hidden: int = 64) -> int:
    """Sweep forward and backward; returns the bytes that were held in between."""
    drawn = torch.Generator().manual_seed(0)
    shapes = ((4 * hidden, 32), (4 * hidden, hidden), (4 * hidden,), (4 * hidden,))
    weights = SweepWeights(*((torch.randn(shape, generator=drawn) * 0.1).requires_grad_() for shape in shapes))
    places = ragged(np.concatenate([[0], np.cumsum(lengths)]))
    outputs, _, _ = native_sweep(CellKind("lstm"), places, torch.zeros(sum(lengths), 32), [weights])
    between = held()
    outputs.sum().backward()
    return between


def test_what_the_last_sweeps_did_not_need_goes_back_to_the_system() -> None:
    large = train([1000] * 64)
    assert large > 80 * MB
    for _ in range(101):  # 202 sweeps
        train([20] * 8)
    assert held() < 4 * MB


def test_batches_of_many_lengths_hold_little_more_than_the_largest_of_them_needs() -> None:
    random = np.random.default_rng(0)
    largest = train([500] * 64)
    for _ in range(60):
        train([int(random.integers(10, 500))] * 64)
        assert held() <= largest * 1.3


def test_training_over_batches_of_many_lengths_asks_the_system_for_no_more_memory_once_it_has_seen_them() -> None:
    lengths = np.random.default_rng(1).permutation(np.repeat([40, 90, 160, 240, 330, 450], 4)).tolist()
    for length in lengths:
        train([length] * 64)
    _, _, fresh = compiled.buffer_bytes()
    for length in lengths * 2:
        train([length] * 64)
    assert compiled.buffer_bytes()[2] - fresh < 0.02 * 2 * sum(lengths) * 64 * 64 * 5 * 4  # of all that was kept
