"""The machine, and what of it this process gives the engine and torch: threads, and buffers that the allocator keeps.

Threads follow from the processors of this process, its container's quota, torch's number, a fit's own.

Not here: the threads themselves (native/src/runtime/pool.cpp), and how many of them a sweep is worth
(native/src/engine/layer.cpp).
"""

from __future__ import annotations

import ctypes
import math
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Any, TypeVar

Item = TypeVar("Item")
PACKAGES = ("recurra", "numpy", "torch", "scikit-learn", "pydantic")
GROUPS, LIMITS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""Numbers of glibc's malloc.h."""
_chosen: ContextVar[int] = ContextVar("threads of the engine")
_limits: list[Any] = []
"""The limit of NumPy's products, once for each block that asked for it."""
_lock = Lock()


def prepare_training(threads: int) -> None:
    """Make a process ready to learn before it imports torch; `threads` of 0 leaves torch its own number."""
    keep_buffers()
    if threads:
        # Libraries read it once, when they are loaded; so it stands there before torch is.
        os.environ["OMP_NUM_THREADS"] = str(threads)
        import torch

        torch.set_num_threads(threads)


def keep_buffers() -> bool:
    """Raise the C allocator's thresholds of this process; returns whether the C library took them.

    glibc hands large freed buffers back to the system, so every training step faults its pages in again; keeping them
    doubles the speed of torch's LSTM training on a CPU. Other C libraries stay as they are.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    # No block of its own from the system, nothing given back below 2 GiB, and 256 MiB asked for at a time: freed
    # buffers stay in the heap, whatever their size.
    choices = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 256 * 2**20))
    return all(mallopt(name, value) == 1 for name, value in choices)


def threads() -> int:
    """Threads of the engine: as many as torch was told where it is loaded, else `OMP_NUM_THREADS`, else `processors`.

    No more than `processors`, unless torch was told more than the whole machine has: then somebody wished for it.
    """
    # torch is asked only where it is loaded already: importing it would take seconds, and answers do without it.
    chosen = _chosen.get(0)
    told = getattr(sys.modules.get("torch"), "get_num_threads", None)
    if chosen or told is None:
        return chosen or min(processors(), _variable() or processors())
    return bounded(int(told()))


def bounded(number: int) -> int:
    """Bound torch's number by the processors of this process, unless the machine has fewer altogether."""
    here = processors()
    # The machine is asked last: that takes as long as a small sweep.
    return number if number <= here or number > (os.cpu_count() or 1) else here


@contextmanager
def engine_threads(number: int) -> Iterator[None]:
    """Let the engine take so many threads for the length of a `with` block, whatever torch is told meanwhile."""
    before = _chosen.set(number)
    try:
        yield
    finally:
        _chosen.reset(before)


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield items, each made by a thread of its own while the one before is used; with one thread just as they come.

    What takes Python alone, such as cutting texts into tokens, then runs beside the engine, which needs no interpreter.
    """
    if threads() == 1:
        yield from items
        return
    # Here: most answers are of a few texts, and need no second thread.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as maker:
        nothing = object()
        coming = maker.submit(next, items, nothing)
        while (item := coming.result()) is not nothing:
            coming = maker.submit(next, items, nothing)
            yield item  # type: ignore[misc]


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let the products of NumPy and SciPy take one thread for the length of a `with` block.

    A linear model of few rows is thousands of small products. OpenBLAS wakes all processors for each of them, and they
    wait in loops for the next: of 240 texts, a stack took 4.2 s of two processors, and 1.2 s of one.
    """
    # Of scikit-learn's own needs; who answers comes by here never.
    from threadpoolctl import threadpool_limits

    with _lock:
        # The number is the process's: fits in several threads overlap, and the last of them puts it back.
        _limits.append(_limits[0] if _limits else threadpool_limits(1, user_api="blas"))
    try:
        yield
    finally:
        with _lock:
            limit = _limits.pop()
            if not _limits:
                limit.restore_original_limits()


def processors() -> int:
    """Processors that this process may use, by its affinity and by its container's quota."""
    # What the process may use, not what the machine has: containers and taskset give less.
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(here, math.ceil(_quota_here() or here)))


def _variable() -> int:
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()  # "4,2" is of nested teams
    return int(asked) if asked.isdecimal() else 0


@cache
def _quota_here() -> float | None:
    try:
        return quota(GROUPS.read_text(encoding="utf-8"), LIMITS)
    except (OSError, UnicodeDecodeError):
        return None


def quota(groups: str, limits: Path) -> float | None:
    """Processors that control groups of Linux, versions 1 and 2, leave to a process; None where they set no bound.

    `groups` is the text of /proc/self/cgroup, `limits` the folder where groups are mounted. A group's parents bound it
    too. What cannot be read sets no bound.
    """
    found: list[float] = []
    for line in groups.splitlines():
        # A line is "number:controllers:path"; version 2 names no controllers.
        _, controllers, path = ([*line.split(":", 2), "", ""])[:3]
        if not path or (controllers and "cpu" not in controllers.split(",")):
            continue
        parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..")]
        mounts = [limits / controllers, limits / "cpu"] if controllers else [limits, limits / "unified"]
        for mount in mounts:
            # From the root of the mount down to the group: each of them may set the tightest bound.
            places = [mount.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]
            found += [bound for place in places if (bound := _bound(place)) is not None]
    return min(found, default=None)


def _bound(group: Path) -> float | None:
    """Processors that one group leaves: cpu.max of version 2, or the two files of version 1."""
    told = _words(group / "cpu.max") or _words(group / "cpu.cfs_quota_us") + _words(group / "cpu.cfs_period_us")
    if len(told) != 2 or not all(word.isdecimal() for word in told) or not int(told[1]) or not int(told[0]):
        return None  # "max", or -1
    return int(told[0]) / int(told[1])


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        return []


def versions() -> dict[str, str]:
    """Name and version of all that a figure was measured with: packages, processor, threads, GPU."""
    told = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    told["processor"] = processor_name()
    told["cores"] = str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    # Only a torch that took part is told of, and importing it here would take seconds.
    if "torch" in sys.modules:
        told["threads"] = str(sys.modules["torch"].get_num_threads())
        # Asking for the name would start CUDA in a process that never used the GPU.
        if sys.modules["torch"].cuda.is_initialized():
            told["gpu"] = sys.modules["torch"].cuda.get_device_name()
    return told | {name: found for name in PACKAGES if (found := installed(name))}


def installed(package: str) -> str:
    """Version of an installed package, or an empty text."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def processor_name() -> str:
    """The processor's name as the system tells it."""
    try:
        # `platform.processor()` is empty on most Linux systems.
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    # ARM's list has no such line: there the architecture has to do.
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
