"""How many threads torch takes for its own operations in a training step; the engine keeps as many as it had.

Not here: what the threads do, and how many of them a sweep is worth (native/src/engine/layer.cpp).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import torch

from recurra.engine.choose import route_of, torch_is_quicker
from recurra.engine.processors import bounded, engine_threads
from recurra.layers.recurrent.run import RecurrentSpec

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
