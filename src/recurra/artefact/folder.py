"""The saved model in memory and as a folder: sizes, sums, names, shapes and finiteness are checked on the way.

Not here: what a configuration means. `expected` tells which weights it needs; replaying the self-test is the caller's.
"""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import ValidationError

from recurra.artefact import tensors
from recurra.artefact.foreign import refuse_suffix
from recurra.artefact.reading import AGAIN, MANIFEST, OpenFolder, json_bytes, manifest_of, open_folder, parse_json
from recurra.artefact.writing import write_folder
from recurra.errors import ArtefactError, Place, RecurraError
from recurra.layers.layer import Shapes
from recurra.records import problem_line
from recurra.tasks.names import HELD

FORMAT_VERSION = 1
OLDEST_VERSION = 1

DESCRIPTION = "recurra.json"
WEIGHTS = "weights.safetensors"
CARD = "README.md"
NEEDED = {DESCRIPTION, WEIGHTS}
FURTHER = {"tokenizer.json", "panel.json", "scaler.json"}
NAMES = NEEDED | FURTHER | {MANIFEST, CARD}

# Bounds on what loading takes into memory, whatever a manipulated folder claims.
LARGEST = {DESCRIPTION: 1 << 20, CARD: 1 << 20, WEIGHTS: 4 << 30, **dict.fromkeys(FURTHER, 64 << 20)}

TRIES = 5
"""How often loading starts anew when the folder is switched under its hands."""

Expected = Callable[[dict[str, Any], str], Shapes]


Stored = Literal["float32", "int8"]


@dataclass(frozen=True, eq=False)
class Artefact:
    """A saved model: everything needed to answer, and nothing of the users' data.

    `config` and `selftest` are plain JSON (dicts with text keys, lists, texts, numbers, booleans, None). `tensors` are
    float32, or uint16 that hold the raw bits of bfloat16. `files` may hold tokenizer.json and scaler.json. `card` is
    the README.md, which people may edit.
    """

    task: str
    config: dict[str, Any]
    tensors: dict[str, np.ndarray]
    files: dict[str, bytes] = field(default_factory=dict)
    selftest: dict[str, Any] = field(default_factory=dict)
    card: str = ""
    stored: Stored = "float32"
    """How the weights lie on the disc; int8: a quarter as large, each row of a matrix rounded by a scale of its own. In
    memory they are float32."""
    coarse: tuple[str, ...] = ()
    """Beginnings of the names of weights that lie there as int8 whatever the others do: they were rounded before."""


def require_task(held: str, task: str) -> None:
    """Raise ArtefactError such as "this is a forecaster" when an artefact of the task `held` is not of `task`."""
    if held != task:
        called, advice = HELD[held], f"use `{HELD[held].verb}` with it"
        raise ArtefactError(f"this is {called.noun}", allowed=HELD[task].noun, advice=advice)


def save_artefact(folder: Path, artefact: Artefact) -> None:
    """Write an artefact, replacing an older one in a single step; the same artefact gives the same bytes.

    Raises ArtefactError when it could not be loaded back or `folder` is not free, RecurraError when the disc refuses.
    """
    check_target(folder)
    hashed = _hashed_files(folder, artefact)
    # The card is prose for people: a lone surrogate in it must not lose a trained model.
    card = artefact.card.encode("utf-8", "replace")
    _check_sizes(folder, {CARD: card})
    # The card stays out of the manifest: people may edit it, and the model must still load.
    write_folder(folder, {**hashed, MANIFEST: manifest_of(hashed), CARD: card})


def check_target(folder: Path) -> None:
    """Raise ArtefactError unless nothing, an empty folder or an older artefact stands at `folder`.

    Worth asking before hours of training. A folder with anything else in it is never replaced.
    """
    place = Place(str(folder))
    wrong = "not the folder of an artefact, so it is not replaced"
    try:
        # lstat, not stat: a link to a folder would have its target replaced.
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            raise ArtefactError(wrong, place=place, found="a file or a link", advice="choose a new folder")
        names = {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        return
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise ArtefactError(f"cannot be saved here: {reason}", place=place, advice="choose another folder") from None
    # Replacing a folder removes all that is in it. Only what `save_artefact` itself may have written is known to be
    # safe.
    if names and not {DESCRIPTION} <= names <= NAMES:
        found = min(names - NAMES, default=f"no {DESCRIPTION}")
        raise ArtefactError(wrong, place=place, found=found, advice="choose a new folder")


def load_artefact(folder: Path, *, expected: Expected) -> Artefact:
    """Read an artefact and believe none of it before it is checked.

    `expected(config, task)` validates the configuration, best with closed pydantic models, and returns the names and
    shapes of the weights it needs; what it raises of pydantic's and Recurra's errors becomes an ArtefactError that
    names recurra.json. Raises ArtefactError.
    """
    # Another process may save into this folder meanwhile; it switches whole folders, so that a fresh start sees the new
    # one whole. What fails in a folder that was not replaced is really wrong.
    for _ in range(TRIES):
        with open_folder(folder) as opened:
            try:
                artefact = _load(opened, expected)
                # A replaced folder loses its files one by one. Where the card went first, and the others were still
                # there to be read, it would pass for a model without one.
                if artefact.card or not opened.replaced():
                    return artefact
                last = ArtefactError("replaced while it was read", place=Place(str(folder)), advice="try again")
            except ArtefactError as problem:
                if not opened.replaced():
                    raise
                last = problem
    raise last


BOX = Path(__file__).parents[1] / "box"
"""The artefacts that come with the package; each is known by its folder's name."""


def resolve(path: Path) -> Path:
    """Find the artefact's folder: `path` itself, `path/artefact` of a run, or one of the box by its name.

    A folder of the user's own goes before one of the box. Raises ArtefactError.
    """
    if len(path.parts) == 1 and not path.exists() and (BOX / path / DESCRIPTION).is_file():
        return BOX / path
    # A run may be reached by a link; `load` refuses an artefact's folder that is one.
    with open_folder(path, follow=True) as opened:
        names = opened.names()
    # Either file makes it an artefact, so that a damaged one is told as damaged and not as "neither".
    if DESCRIPTION in names or MANIFEST in names:
        return path
    if "artefact" in names:
        return path / "artefact"
    for name in names:
        refuse_suffix(path / name)
    raise ArtefactError(
        "neither an artefact nor a run", place=Place(str(path)), advice="give the folder that fit wrote"
    )


def _hashed_files(folder: Path, artefact: Artefact) -> dict[str, bytes]:
    if artefact.task not in HELD:
        raise ArtefactError("unknown task", found=repr(artefact.task), allowed=", ".join(HELD))
    for name in artefact.files.keys() - FURTHER:
        raise ArtefactError("a file of this name is not saved", found=name, allowed=", ".join(sorted(FURTHER)))
    description = {
        "format_version": FORMAT_VERSION,
        "task": artefact.task,
        "config": artefact.config,
        "selftest": artefact.selftest,
    }
    written = json_bytes(description, file=str(folder / DESCRIPTION))
    # A NaN would be saved without complaint and refused by every loading: better now, while the weights are at hand.
    tensors.refuse_infinite(artefact.tensors, file=str(folder / WEIGHTS))
    held = tensors.rounded(artefact.tensors, ("",) if artefact.stored == "int8" else artefact.coarse)
    weights = tensors.pack(held, dtypes=tensors.WEIGHTS, file=str(folder / WEIGHTS))
    files = {DESCRIPTION: written, WEIGHTS: weights, **{name: bytes(data) for name, data in artefact.files.items()}}
    _check_sizes(folder, files)
    return files


def _check_sizes(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        if len(data) > LARGEST[name]:
            size, allowed = f"{len(data):,} bytes", f"{LARGEST[name]:,}"
            raise ArtefactError("too large to be saved", place=Place(str(folder / name)), found=size, allowed=allowed)


def _load(folder: OpenFolder, expected: Expected) -> Artefact:
    """The order matters: cheap and telling checks first, weights last."""
    # Hidden files are a system's own (.DS_Store, leftovers of a save): neither read nor refused.
    names = [name for name in folder.names() if not name.startswith(".")]
    for name in names:
        # A pickle beside the weights is named for what it is, before any talk of manifests.
        if name not in NAMES:
            refuse_suffix(folder.path / name)
    description = _description(folder)
    _check_files(folder, names)
    task, config = description["task"], description["config"]
    shapes = _shapes(folder, expected, config, task)
    files = {
        name: bytes(folder.verified(name, largest=LARGEST[name]))
        # Copied to bytes: the readers of these files keep parts of them for as long as the model lives.
        for name in sorted(folder.sums.keys() & FURTHER)
    }
    weights = _weights(folder, shapes)
    card = folder.read(CARD, largest=LARGEST[CARD]).decode("utf-8", "replace") if CARD in names else ""
    return Artefact(task, config, weights, files, description["selftest"], card)


def _description(folder: OpenFolder) -> dict[str, Any]:
    """Read recurra.json; its version is told before anything a newer format may have changed."""
    place = folder.place(DESCRIPTION)
    description = parse_json(folder.verified(DESCRIPTION, largest=LARGEST[DESCRIPTION]), file=str(place))
    version = description.get("format_version") if isinstance(description, dict) else None
    # Not isinstance: true is an int in Python, and would be version 1.
    if type(version) is not int:
        raise ArtefactError("no format_version", place=place, advice=AGAIN)
    if version > FORMAT_VERSION:
        wrong = f"format {version} is newer than {FORMAT_VERSION}"
        raise ArtefactError(wrong, place=place, advice="install a newer Recurra")
    if version < OLDEST_VERSION:
        wrong = f"format {version} is older than {OLDEST_VERSION}"
        raise ArtefactError(wrong, place=place, advice="train and save it again")
    _check_members(description, place)
    return dict(description)


def _check_members(description: dict[str, Any], place: Place) -> None:
    members = {"format_version", "task", "config", "selftest"}
    # Closed in both directions: an unknown member may change the meaning of the others.
    for name in sorted(description.keys() ^ members):
        wrong = f"{name[:60]} is missing" if name in members else f"{name[:60]} is unknown"
        raise ArtefactError(wrong, place=place, allowed=", ".join(sorted(members)), advice=AGAIN)
    for name in ("config", "selftest"):
        if not isinstance(description[name], dict):
            raise ArtefactError(f"{name} is no JSON object", place=place, advice=AGAIN)
    if description["task"] not in list(HELD):
        found = repr(description["task"])[:60]
        raise ArtefactError("unknown task", place=place, found=found, allowed=", ".join(HELD), advice=AGAIN)


def _check_files(folder: OpenFolder, names: list[str]) -> None:
    """The manifest tells every file, and nothing else lies about; hidden files are left alone and unread."""
    place, sums = folder.place(MANIFEST), folder.sums
    for name in sorted(NEEDED - sums.keys()):
        raise ArtefactError(f"{name} is not in the manifest", place=place, advice=AGAIN)
    for name in sorted(sums.keys() - NEEDED - FURTHER):
        raise ArtefactError("the manifest lists a file that no artefact has", place=place, found=name, advice=AGAIN)
    for name in sorted(set(names) - sums.keys() - {MANIFEST, CARD}):
        wrong = "a file that the manifest does not list"
        raise ArtefactError(wrong, place=folder.place(name), advice="move it out of the artefact's folder")


def _shapes(folder: OpenFolder, expected: Expected, config: dict[str, Any], task: str) -> Shapes:
    try:
        return expected(config, task)
    except ValidationError as problem:
        wrong = problem_line(problem)
    except ArtefactError:
        raise
    except RecurraError as problem:
        wrong = str(problem)
    raise ArtefactError(f"config refused: {wrong}", place=folder.place(DESCRIPTION), advice=AGAIN)


def _weights(folder: OpenFolder, shapes: Shapes) -> dict[str, Any]:
    """Read the weights; how large they may be follows from the shapes, so a bloated file is refused unread."""
    values = sum(math.prod(shape) for shape in shapes.values())
    largest = min(LARGEST[WEIGHTS], 8 + tensors.LARGEST_HEADER + 4 * values)
    file = str(folder.place(WEIGHTS))
    weights = tensors.unpack(
        folder.verified(WEIGHTS, largest=largest), dtypes=tensors.WEIGHTS, file=file, expected=shapes
    )
    tensors.refuse_infinite(weights, file=file)
    return tensors.widened(weights)
