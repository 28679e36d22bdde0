"""Checkpoints of a run: numbered folders and one pointer file, so that a crash costs at most one interval.

Not here: what a state means. Training says what it needs to go on; nothing here knows an optimiser.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from recurra.artefact.reading import AGAIN, MANIFEST, OpenFolder, json_bytes, manifest_of, open_folder, parse_json
from recurra.artefact.tensors import NUMBERS, pack, unpack
from recurra.artefact.writing import remove, write_atomically, write_folder
from recurra.errors import ArtefactError, Place, UsageError

FOLDER = "checkpoints"
POINTER = "latest"
STATE = "state.json"
TENSORS = "tensors.safetensors"

LARGEST_STATE = 64 << 20
LARGEST_TENSORS = 64 << 30
LARGEST_NUMBER = 999_999

# Six digits, so that names sort like numbers; a name that is not exactly this is none of ours and stays.
NAME = re.compile(r"checkpoint-(\d{6})")


class Checkpoint(NamedTuple):
    """A moment of a training run: its number, its plain JSON state and its arrays."""

    number: int
    state: dict[str, Any]
    tensors: dict[str, np.ndarray]


def save_checkpoint(
    run: Path, number: int, *, state: dict[str, Any], tensors: dict[str, np.ndarray], keep: int = 2
) -> None:
    """Write RUN/checkpoints/checkpoint-NNNNNN, point `latest` at it, and keep the newest `keep` up to it.

    Higher numbers are removed: they belong to a course of training that was given up. Raises ArtefactError when the
    state could not be read back, RecurraError when the disc refuses; the older checkpoints then stand.
    """
    if not 0 <= number <= LARGEST_NUMBER or keep < 1:
        raise UsageError("no such checkpoint", found=f"number {number}, keep {keep}", allowed="0 to 999999, 1 or more")
    # Order matters from here on: the new folder is whole on the disc before the pointer names it, and only then are
    # older ones removed. A crash at any moment leaves at least one checkpoint that can be read.
    target = run / FOLDER / f"checkpoint-{number:06}"
    packed = pack(tensors, dtypes=NUMBERS, file=str(target / TENSORS))
    files = {STATE: json_bytes(state, file=str(target / STATE)), TENSORS: packed}
    write_folder(target, {**files, MANIFEST: manifest_of(files)})
    write_atomically(run / FOLDER / POINTER, f"{target.name}\n")
    # Numbers above this one come from a course that was resumed earlier: they must not be taken for the latest.
    kept = [other for other in _numbers(run / FOLDER) if other <= number][:keep]
    for other in _numbers(run / FOLDER):
        if other not in kept:
            remove(run / FOLDER / f"checkpoint-{other:06}")


def load_checkpoint(run: Path, *, warn: Callable[[str], None] | None = None) -> Checkpoint | None:
    """Read the latest checkpoint; a damaged one is told to `warn` (by default a RuntimeWarning) and the next tried.

    None when the run has no checkpoint. Raises ArtefactError when there are some and none can be read, because
    starting anew in silence would throw hours away.
    """
    # The command line tells on stderr; from Python it is a warning.
    tell = warn or _warn
    numbers = _numbers(run / FOLDER)
    if not numbers:
        return None
    # A damaged checkpoint costs one interval of training, not the run: the one before it is tried.
    for number in _pointed(run / FOLDER, numbers, tell):
        try:
            return _load(run / FOLDER / f"checkpoint-{number:06}", number)
        except ArtefactError as problem:
            tell(f"{problem}; this checkpoint is passed over and the one before it is tried")
    raise ArtefactError(
        "no checkpoint can be read", place=Place(str(run / FOLDER)), advice="remove the folder to start training anew"
    )


def _numbers(folder: Path) -> list[int]:
    """The numbers of the checkpoints, highest first."""
    if not os.path.lexists(folder):
        return []
    with open_folder(folder) as opened:
        matches = [NAME.fullmatch(name) for name in opened.names()]
    return sorted((int(match[1]) for match in matches if match), reverse=True)


def _pointed(folder: Path, numbers: list[int], tell: Callable[[str], None]) -> list[int]:
    """The order to try: where the pointer points, then the others from the highest down."""
    try:
        with open_folder(folder) as opened:
            # The pointer holds one short name; 64 bytes bound what a damaged file can make us read.
            text = opened.read(POINTER, largest=64).decode("ascii", "replace")
        match = NAME.fullmatch(text.removesuffix("\n"))
        # A pointer to a checkpoint that is gone (removed by hand) is as bad as none.
        if not match or int(match[1]) not in numbers:
            raise ArtefactError("points at no checkpoint", place=Place(str(folder / POINTER)), found=repr(text))
    except ArtefactError as problem:
        tell(f"{problem}; the highest number is taken for the latest")
        return numbers
    latest = int(match[1])
    return [latest, *(number for number in numbers if number != latest)]


def _load(path: Path, number: int) -> Checkpoint:
    with open_folder(path) as folder:
        # The manifest of another kind of folder may be whole and its sums right; it is no checkpoint all the same.
        if folder.sums.keys() != {STATE, TENSORS}:
            found = ", ".join(sorted(folder.sums))
            raise ArtefactError("not a checkpoint's files", place=folder.place(MANIFEST), found=found)
        state = _state(folder)
        data = folder.verified(TENSORS, largest=LARGEST_TENSORS)
        # Which arrays belong in a state only the optimiser knows; here any names and shapes pass.
        arrays = unpack(data, dtypes=NUMBERS, file=str(folder.place(TENSORS)))
    return Checkpoint(number, state, arrays)


def _state(folder: OpenFolder) -> dict[str, Any]:
    state = parse_json(folder.verified(STATE, largest=LARGEST_STATE), file=str(folder.place(STATE)))
    if not isinstance(state, dict):
        raise ArtefactError("the state is no JSON object", place=folder.place(STATE), advice=AGAIN)
    return state


def _warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=3)
