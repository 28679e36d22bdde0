"""The C allocator's thresholds for training processes.

Not here: anything on other C libraries than glibc, where this does nothing.

glibc hands large freed buffers back to the system, so every training step faults its pages in again; keeping them
doubles the speed of torch's LSTM training on a CPU.
"""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""Numbers of glibc's malloc.h."""


def keep_buffers() -> bool:
    """Raise the thresholds of this process; returns whether the C library took them."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    # No block of its own from the system, nothing given back below 2 GiB, and 256 MiB asked for at a time: freed
    # buffers stay in the heap, whatever their size.
    choices = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 256 * 2**20))
    return all(mallopt(name, value) == 1 for name, value in choices)
