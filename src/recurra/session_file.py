"""The states of streams as a file: safetensors with a mark of the model whose states they are.

Not here: streams (session.py). A state of another model would go on in silence with numbers that mean nothing there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.artefact import write_atomically
from recurra.artefact.tensors import pack, refuse_infinite, unpack
from recurra.errors import ArtefactError, UsageError
from recurra.nets.stepping import Steps
from recurra.session_items import array_of

TYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "U8": "|u1"}
MOST_BYTES = 1 << 34
"""A larger file is refused before it is read."""


def mark_of(steps: Steps) -> NDArray[np.uint8]:
    """Return 32 bytes that tell a net from every other: its layers, their precision, and all weights."""
    mark = sha256(str([(name, spec) for name, spec, _ in steps.layers]).encode())
    for name, tensor in sorted(steps.origin.items()):
        mark.update(name.encode())
        mark.update(np.ascontiguousarray(tensor).data)
    return np.frombuffer(mark.digest(), np.uint8)


def write_states(file: Path, states: Mapping[str, Any], steps: Steps) -> None:
    """Write states of streams, whole or not at all; raises RecurraError where the file cannot be written."""
    arrays = {name: np.asarray(value) for name, value in states.items()}
    write_atomically(file, pack({**arrays, "model": mark_of(steps)}, dtypes=TYPES, file=file.name))


def read_states(file: Path, steps: Steps) -> dict[str, Any]:
    """Read what `write_states` wrote; raises ArtefactError for damaged files and for another model's states."""
    try:
        size = file.stat().st_size
        data = bytearray(file.read_bytes()) if size <= MOST_BYTES else bytearray()
    except (OSError, ValueError) as problem:
        raise ArtefactError(f"{file}: cannot be read", found=_reason(problem)) from None
    if size > MOST_BYTES:
        raise ArtefactError(f"{file}: too large", found=f"{size:,} bytes", allowed=f"{MOST_BYTES:,}")
    states = unpack(data, dtypes=TYPES, file=file.name)
    mark = states.pop("model", np.zeros(0, np.uint8))
    if not np.array_equal(mark, mark_of(steps)):
        advice = "load it into a session of the model, in the precision, that it was saved from"
        raise ArtefactError(f"{file}: the state of another model", advice=advice)
    refuse_infinite({name: value for name, value in states.items() if value.dtype.kind == "f"}, file=file.name)
    return states


def path_of(file: Any) -> Path:
    """Return the path that somebody gave; raises UsageError for what is none."""
    if not isinstance(file, str | os.PathLike):
        raise UsageError("file", found=type(file).__name__, allowed="a path")
    return Path(file)


def _reason(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or str(problem)


def checked_state(
    state: Mapping[str, Any], steps: Steps, streams: tuple[int, ...], kind: Any
) -> dict[str, NDArray[Any]]:
    """Return a state's parts, (columns,) or (slots, columns); raises UsageError for what is no state of the net."""
    wanted = {name: (*streams, columns) for name, columns in steps.parts} | {"tokens": streams}
    if not isinstance(state, Mapping):
        raise UsageError("state", found=type(state).__name__, allowed="what state() gave")
    if state.keys() != wanted.keys():
        raise UsageError("state", found=", ".join(state), allowed=", ".join(wanted))
    checked = {}
    for name, shape in wanted.items():
        part = array_of(state[name], f"state: {name}")
        if part.shape != shape or part.dtype.kind not in ("iu" if name == "tokens" else "f"):
            raise UsageError(f"state: {name}", found=f"{part.dtype} of shape {part.shape}", allowed=f"shape {shape}")
        # Held to the precision that goes on: what it cannot hold would be infinite there.
        with np.errstate(over="ignore"):
            held = part if name == "tokens" else part.astype(kind)
        if not np.isfinite(held).all() or (name == "tokens" and (part < 0).any()):
            raise UsageError(f"state: {name}", found="a value that no stream has", allowed="finite numbers")
        checked[name] = held
    return checked
