"""How many processor threads a training step is worth.

Not here: what the threads do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import torch

from recurra.config import NetConfig

SMALL = 2_000_000
"""Multiplications in a step below which waking a second thread costs more than it brings."""


def step_work(net: NetConfig, tokens: float) -> int:
    """Estimate the multiplications of a step over `tokens` tokens, by the order of magnitude."""
    return int(net.hidden * max(net.hidden, net.embedding_size) * net.layers * tokens)


_lock = Lock()
_fits: list[int] = []
"""Of each fit that runs now: the number of threads to leave behind. torch keeps one number for new threads of Python,
so a fit that begins while another has set 1 must not take that 1 for the user's choice."""


@contextmanager
def threads_for(work: int) -> Iterator[None]:
    """Use one thread for the length of a `with` block when a step takes fewer than `SMALL` multiplications."""
    with _lock:
        before = _fits[0] if _fits else torch.get_num_threads()
        _fits.append(before)
        torch.set_num_threads(1 if work < SMALL else before)
    try:
        yield
    finally:
        with _lock:
            _fits.pop()
            torch.set_num_threads(before)
