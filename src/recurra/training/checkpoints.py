"""Checkpoints of a training run: all that a killed run needs to go on to the same weights, and whose they are.

They are numbered folders and one pointer file, so that a crash costs at most one interval. Batches and dropout are
functions of (seed, epoch), so no generator is saved; arrays lie on no device, so a run may go on on another.

Not here: how a folder is written whole and read with distrust (artefact/).
"""

from __future__ import annotations

import hashlib
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import Tensor

from recurra.artefact.reading import AGAIN, MANIFEST, OpenFolder, json_bytes, manifest_of, open_folder, parse_json
from recurra.artefact.tensors import NUMBERS, pack, unpack
from recurra.artefact.writing import remove, write_atomically, write_folder
from recurra.errors import ArtefactError, Place, UsageError
from recurra.nets.learn import load_tensors, tensors_of
from recurra.training.descent import Descent
from recurra.training.progress import NOWHERE, Progress

KEPT = 2
"""Checkpoints of a run: a damaged one costs one interval of training."""
FOLDER = "checkpoints"
POINTER = "latest"
STATE = "state.json"
TENSORS = "tensors.safetensors"

LARGEST_STATE = 64 << 20
LARGEST_TENSORS = 64 << 30
LARGEST_NUMBER = 999_999

# Six digits, so that names sort like numbers; a name that is not exactly this is none of ours and stays.
NAME = re.compile(r"checkpoint-(\d{6})")


def fingerprint(choices: Iterable[BaseModel | int], arrays: Iterable[NDArray[Any]]) -> str:
    """SHA-256 over settings, plans and seeds, and over the encoded data with their shapes."""
    digest = hashlib.sha256()
    for choice in choices:
        digest.update(
            # The device is left out, so that a run begun on a GPU may end on a processor.
            (choice.model_dump_json(exclude=NOWHERE) if isinstance(choice, BaseModel) else str(choice)).encode() + b"\n"
        )
    for array in arrays:
        # Type and shape go first: 2 rows of 3 and 3 rows of 2 have the same bytes.
        digest.update(f"{array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def checkpoint(run: Path, descent: Descent, progress: Progress, *, identity: str = "", ended: bool = False) -> None:
    """Write weights, optimiser moments, the average, the best weights and the history as they stand after an epoch.

    Of a training that has `ended`, the best weights and the history alone: a quarter of the bytes.
    """
    average = descent.average
    tensors: dict[str, NDArray[Any]] = {f"best.{name}": value for name, value in progress.best_tensors.items()}
    if not ended:
        # The last weights beside the best ones: training goes on from the one and ends with the other.
        tensors |= {f"net.{name}": value for name, value in tensors_of(descent.net).items()}
        tensors |= {f"optimiser.{name}": value.cpu().numpy() for name, value in _moments(descent.optimisers)}
        if average:
            tensors |= {f"average.{place}": value.cpu().numpy() for place, value in enumerate(average.weights)}
    state = {
        "epoch": progress.epoch,
        "best_epoch": progress.best_epoch,
        "best": progress.best,
        "history": progress.history,
        "average_steps": average.steps if average else 0,
        "identity": identity,
        "ended": ended,
    }
    save_checkpoint(run, progress.epoch, state=state, tensors=tensors, keep=1 if ended else KEPT)


def restore(run: Path, descent: Descent, progress: Progress, *, identity: str = "") -> None:
    """Go on from the newest sound checkpoint of a run; without one, nothing changes.

    Raises UsageError when the checkpoint is of other choices or other data.
    """
    found = load_checkpoint(run)
    if found is None:
        return
    state, tensors = found.state, found.tensors
    if state.get("identity", "") != identity:
        raise UsageError(
            f"{run} holds a checkpoint of another training",
            found="other settings, seed or data",
            advice="give another folder, or remove this one",
        )
    progress.epoch, progress.best_epoch, progress.best = state["epoch"], state["best_epoch"], state["best"]
    progress.history = state["history"]
    progress.best_tensors = _starting(tensors, "best.")
    if state.get("ended"):
        # Nothing is learnt any more: the loop puts the best weights into the net.
        return
    load_tensors(descent.net, _starting(tensors, "net."))
    _restore_moments(descent.optimisers, _starting(tensors, "optimiser."))
    if average := descent.average:
        average.steps = state["average_steps"]
        average.weights = [
            _tensor(tensors[f"average.{place}"]).to(held.device) for place, held in enumerate(average.weights)
        ]


def _moments(optimisers: Sequence[torch.optim.Optimizer]) -> Iterator[tuple[str, Tensor]]:
    for number, optimiser in enumerate(optimisers):
        for place, parts in optimiser.state_dict()["state"].items():
            for name, value in parts.items():
                # SGD without momentum keeps None for it, which a file of tensors cannot hold.
                if value is not None:
                    yield f"{number}.{place}.{name}", torch.as_tensor(value).detach()


def _restore_moments(optimisers: Sequence[torch.optim.Optimizer], tensors: dict[str, NDArray[Any]]) -> None:
    for number, optimiser in enumerate(optimisers):
        # Only moments are read: rates and decays are the settings', which the identity has shown to be the same.
        whole = optimiser.state_dict()
        state: dict[int, dict[str, Any]] = {}
        for name, value in _starting(tensors, f"{number}.").items():
            place, part = name.split(".")
            # SparseAdam counts its steps in a plain integer, Adam in a tensor.
            plain = part == "step" and isinstance(optimiser, torch.optim.SparseAdam)
            state.setdefault(int(place), {})[part] = int(value) if plain else _tensor(value)
        whole["state"] = state
        optimiser.load_state_dict(whole)


def _starting(tensors: dict[str, NDArray[Any]], start: str) -> dict[str, NDArray[Any]]:
    return {name[len(start) :]: value for name, value in tensors.items() if name.startswith(start)}


def _tensor(value: NDArray[Any]) -> Tensor:
    # A copy: what was read may be read-only bytes of a file, and the optimiser writes into its moments.
    return torch.from_numpy(np.array(value))


class Checkpoint(NamedTuple):
    """A moment of a training run: its number, its plain JSON state and its arrays."""

    number: int
    state: dict[str, Any]
    tensors: dict[str, np.ndarray]


def save_checkpoint(
    run: Path, number: int, *, state: dict[str, Any], tensors: dict[str, np.ndarray], keep: int = KEPT
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
