"""The child process that opens HDF5: bytes from stdin, arrays as safetensors to stdout, and nothing else in reach.

The format is large and its library is C: a crafted file may crash it or worse. So it runs apart, with bounds on memory
and time, and once it is loaded it can open no file at all. Links, filters of others and arrays that lie elsewhere are
refused before they are followed.

Not here: who starts it (child.py).
"""

from __future__ import annotations

import codecs
import io
import sys
from typing import Any

import numpy as np

from recurra.artefact.tensors import MOST_TENSORS, NUMBERS, pack
from recurra.errors import RecurraError, printable

SECONDS = 60
"""Of processor time."""
SPARE = 2 << 30
"""Bytes of memory beside four times the file."""
MISSING, REFUSED = 3, 4
"""Exit codes: no h5py; a file that is refused, with the reason on stderr."""


class _RefusedError(Exception):
    """What is wrong, in a few words."""


def main() -> int:
    """Read, convert, write; return the exit code."""
    try:
        import h5py
    except ImportError:
        return MISSING
    data = sys.stdin.buffer.read()
    _limit(len(data))
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            arrays = _arrays(file, h5py)
        packed = pack(arrays, dtypes=NUMBERS, file="HDF5")
    except (_RefusedError, RecurraError, OSError, RuntimeError, ValueError, KeyError, MemoryError) as problem:
        print(printable(str(problem) or type(problem).__name__), file=sys.stderr)
        return REFUSED
    sys.stdout.buffer.write(packed)
    sys.stdout.buffer.flush()
    return 0


def _limit(size: int) -> None:
    """Take from this process what it does not need any more."""
    # A module that is loaded when it is first wanted could not be opened any more: messages want this one.
    codecs.lookup("ascii")
    if sys.platform == "win32":
        return
    import resource

    memory = SPARE + 4 * size
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        # Standard streams are open; no further file can be, whatever a link names.
        (resource.RLIMIT_NOFILE, 3),
    ):
        resource.setrlimit(kind, (most, most))


def _arrays(file: Any, h5py: Any) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    waiting = [("", file)]
    while waiting:
        home, group = waiting.pop()
        for name in group:
            # Asked of the link itself: to look at what it names would be to follow it.
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise _RefusedError(f"{home}{name} is a link")
            item = group[name]
            if isinstance(item, h5py.Group):
                # A group may contain itself by a hard link.
                if home.count("/") > 32:
                    raise _RefusedError("groups inside each other beyond 32")
                waiting.append((f"{home}{name}/", item))
            else:
                found[f"{home}{name}"] = _array(f"{home}{name}", item)
        if len(found) + len(waiting) > MOST_TENSORS:
            raise _RefusedError(f"more than {MOST_TENSORS:,} arrays")
    return found


def _array(name: str, item: Any) -> np.ndarray:
    if item.external or item.is_virtual or item.compression not in (None, "gzip"):
        raise _RefusedError(f"{name} does not lie in the file, or is packed in a way that is not read")
    if item.dtype.kind != "f" or item.dtype.itemsize not in (2, 4, 8) or item.ndim > 4:
        raise _RefusedError(f"{name} is no array of floats: {item.dtype}, {item.ndim} dimensions")
    values: np.ndarray = np.asarray(item[()])
    return values.astype(values.dtype.newbyteorder("="))


if __name__ == "__main__":
    sys.exit(main())
