"""The file of another tool: read once, bounded, judged by its bytes; and what every reader makes of one.

Not here: what lies in it (states.py and its neighbours).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydantic import ValidationError

from recurra.artefact.foreign import SUFFIXES
from recurra.artefact.reading import open_folder
from recurra.errors import ArtefactError, Place
from recurra.layers.layer import Floats
from recurra.nets.sequences import SequenceNet
from recurra.records import problem_line
from recurra.tasks.heads.sequence.run import States

LARGEST = 4 << 30
"""Bytes of a file, at most."""

PLAIN = re.compile(r"[\w.+-]+")

Reference = Callable[[NDArray[Any], States], tuple[Floats, States]]
"""The other tool's answers: values (sequences, steps, …) and states -> outputs and states, as `ImportedNet.run`."""


@dataclass(frozen=True)
class Source:
    """One file, its bytes and how to speak of it."""

    path: Path
    data: bytearray

    @cached_property
    def sha256(self) -> str:
        """Its sum."""
        return hashlib.sha256(self.data).hexdigest()

    def refused(self, wrong: str, *, found: str = "", allowed: str = "", advice: str = "") -> ArtefactError:
        """Return the error that names the file."""
        return ArtefactError(wrong, place=Place(str(self.path)), found=found, allowed=allowed, advice=advice)


@dataclass(frozen=True)
class Net:
    """What a reader makes of a file: a net of our own, and whose answers it is held against."""

    plan: SequenceNet
    tensors: dict[str, Any]
    took: tuple[str, ...]
    reference: Reference
    against: str
    notes: tuple[str, ...] = ()
    single: Reference | None = None
    """The same tool's answers in float32, where `reference` answers in float64."""


def open_source(path: Path) -> Source:
    """Read a file whole; raises ArtefactError for a pickle, unopened, and for what is no regular file."""
    refuse_pickle(path)
    # A link is followed where the user names it: caches of downloads consist of links.
    try:
        real = path.resolve()
    except (OSError, ValueError, RuntimeError) as problem:
        raise ArtefactError(f"cannot be opened: {problem}", place=Place(str(path))) from None
    with open_folder(real.parent) as folder:
        return Source(path, folder.read(real.name, largest=LARGEST))


def refuse_pickle(path: Path) -> None:
    """Raise ArtefactError for a pickle's name: to open one is to run it."""
    kind = next((kind for kind, endings in SUFFIXES.items() if path.suffix.lower() in endings), "")
    if "pickle" not in kind:
        return
    # Somebody copies this line: a name that would end a text of Python or of the shell does not stand in it.
    name = path.name if PLAIN.fullmatch(path.name) else f"FILE{path.suffix}"
    line = (
        "import torch, safetensors.torch as s; "
        f"s.save_file(torch.load('{name}', weights_only=True), '{Path(name).stem}.safetensors')"
    )
    raise ArtefactError(
        f"{kind} is never opened", place=Place(str(path)), allowed="safetensors, .onnx, .keras, .weights.h5",
        advice=f'save it as safetensors where you trust it: python -c "{line}"',
    )  # fmt: skip


def checked_plan(source: Source, layers: list[Any]) -> SequenceNet:
    """Return the net of some layers; raises ArtefactError where one does not fit the one before."""
    try:
        return SequenceNet(chain=tuple(layers))
    except ValidationError as problem:
        raise source.refused(f"the layers do not fit one another: {problem_line(problem)}") from None


def checked_spec(source: Source, kind: Callable[..., Any], name: str, **sizes: Any) -> Any:
    """Return a layer's record; raises ArtefactError with the layer's name for sizes beyond ours."""
    try:
        return kind(**sizes)
    except ValidationError as problem:
        raise source.refused(f"layer {name or '.'}: {problem_line(problem)}") from None
