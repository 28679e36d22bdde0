"""How many processor threads a training step is worth.

Not here: what the threads do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from recurra.config import NetConfig

SMALL = 2_000_000
"""Multiplications in a step below which waking a second thread costs more than it brings."""


def step_work(net: NetConfig, tokens: float) -> int:
    """Estimate the multiplications of a step over `tokens` tokens, by the order of magnitude."""
    return int(net.hidden * max(net.hidden, net.embedding_size) * net.layers * tokens)


@contextmanager
def threads_for(work: int) -> Iterator[None]:
    """Use one thread for the length of a `with` block when a step takes fewer than `SMALL` multiplications."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if work < SMALL else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
