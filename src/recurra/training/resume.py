"""Checkpoints of a training run: all that a killed run needs to go on to the same weights, and whose they are.

Not here: files (artefact/checkpoints.py). Batches and dropout are functions of (seed, epoch), so no generator is saved;
arrays lie on no device, so a run may go on on another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import Tensor, nn

from recurra.artefact import load_checkpoint, save_checkpoint
from recurra.errors import UsageError
from recurra.nets.learn import load_tensors, tensors_of
from recurra.training.optimisers import Average
from recurra.training.progress import NOWHERE, Progress


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


Optimisers = Sequence[torch.optim.Optimizer]


def checkpoint(
    run: Path,
    net: nn.Module,
    optimisers: Optimisers,
    average: Average | None,
    progress: Progress,
    *,
    identity: str = "",
) -> None:
    """Write weights, optimiser moments, the average, the best weights and the history as they stand after an epoch."""
    # Both the last and the best weights: training goes on from the one and ends with the other.
    tensors: dict[str, NDArray[Any]] = {f"net.{name}": value for name, value in tensors_of(net).items()}
    tensors |= {f"best.{name}": value for name, value in progress.best_tensors.items()}
    tensors |= {f"optimiser.{name}": value.cpu().numpy() for name, value in _moments(optimisers)}
    if average:
        tensors |= {f"average.{place}": value.cpu().numpy() for place, value in enumerate(average.weights)}
    state = {
        "epoch": progress.epoch,
        "best_epoch": progress.best_epoch,
        "best": progress.best,
        "history": progress.history,
        "average_steps": average.steps if average else 0,
        "identity": identity,
    }
    save_checkpoint(run, progress.epoch, state=state, tensors=tensors)


def restore(
    run: Path,
    net: nn.Module,
    optimisers: Optimisers,
    average: Average | None,
    progress: Progress,
    *,
    identity: str = "",
) -> None:
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
    load_tensors(net, _starting(tensors, "net."))
    _restore_moments(optimisers, _starting(tensors, "optimiser."))
    if average:
        average.steps = state["average_steps"]
        average.weights = [
            _tensor(tensors[f"average.{place}"]).to(held.device) for place, held in enumerate(average.weights)
        ]


def _moments(optimisers: Optimisers) -> Iterator[tuple[str, Tensor]]:
    for number, optimiser in enumerate(optimisers):
        for place, parts in optimiser.state_dict()["state"].items():
            for name, value in parts.items():
                # SGD without momentum keeps None for it, which a file of tensors cannot hold.
                if value is not None:
                    yield f"{number}.{place}.{name}", torch.as_tensor(value).detach()


def _restore_moments(optimisers: Optimisers, tensors: dict[str, NDArray[Any]]) -> None:
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
