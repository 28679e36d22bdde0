"""Small artefacts and the means to damage them, for the tests of recurra.artefact.

Not here: tests.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from pydantic import model_validator

from recurra.artefact import Artefact
from recurra.artefact import load_artefact as load
from recurra.artefact import save_artefact as save
from recurra.errors import ArtefactError
from recurra.layers.layer import LayerSpec, Shapes
from recurra.layers.matrix.run import DenseSpec, EmbeddingSpec
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.records import Frozen, validated

HASHED = ("recurra.json", "weights.safetensors", "tokenizer.json")


class Settings(Frozen):
    """A little classifier's configuration, as strict as those of the nets."""

    embedding: EmbeddingSpec
    recurrent: RecurrentSpec
    dense: DenseSpec
    labels: tuple[str, ...]
    dropout: float = 0.0

    @model_validator(mode="after")
    def _labels_fit(self) -> Settings:
        if len(self.labels) != self.dense.outputs or len(set(self.labels)) != len(self.labels):
            raise ValueError("labels: one for each output, each once")
        return self


def config() -> dict[str, Any]:
    """A valid configuration as plain JSON."""
    return {
        "embedding": {"kind": "embedding", "words": 5, "size": 2},
        "recurrent": {"kind": "recurrent", "cell": "rnn", "inputs": 2, "hidden": 2},
        "dense": {"kind": "dense", "inputs": 2, "outputs": 2},
        "labels": ["gut", "schlecht"],
    }


def expected(config: dict[str, Any], task: str) -> Shapes:
    """The weights the little classifier needs."""
    settings = validated(Settings, config)
    layers: dict[str, LayerSpec] = {
        "embedding": settings.embedding,
        "recurrent": settings.recurrent,
        "dense": settings.dense,
    }
    return {f"{name}.{part}": shape for name, spec in layers.items() for part, shape in spec.weights().items()}


def example(seed: int = 0, *, task: str = "text") -> Artefact:
    """A whole artefact of about two kilobytes."""
    random = np.random.default_rng(seed)
    weights = {name: random.standard_normal(shape).astype("f4") for name, shape in expected(config(), "text").items()}
    selftest = {"ids": [[1, 2], [3]], "probabilities": [[0.25, 0.75], [0.5, 0.5]]}
    return Artefact(task, config(), weights, {"tokenizer.json": b'{"words":["<unk>"]}'}, selftest, "# A model\n")


def saved(folder: Path, seed: int = 0) -> Path:
    """The example in `folder`; its bytes are made once, because flushing to the disc takes most of a save's time."""
    folder.mkdir(parents=True)
    for name, data in _saved_bytes(seed).items():
        (folder / name).write_bytes(data)
    return folder


@cache
def _saved_bytes(seed: int) -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        save(Path(folder), example(seed))
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def seal(folder: Path) -> None:
    """Write a manifest that fits whatever lies in the folder: what an attacker would do."""
    files = sorted(path for path in folder.iterdir() if path.name in HASHED)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(lines))


def describe(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change recurra.json in place and seal it."""
    description = json.loads((folder / "recurra.json").read_text())
    change(description)
    (folder / "recurra.json").write_text(json.dumps(description))
    seal(folder)


def with_header(folder: Path, header: bytes, values: bytes = b"", *, length: int | None = None) -> None:
    """Put a hand-made safetensors file into the folder and seal it."""
    size = len(header) if length is None else length
    (folder / "weights.safetensors").write_bytes(size.to_bytes(8, "little") + header + values)
    seal(folder)


def refuse(folder: Path, message: str) -> None:
    """Loading must fail with this message, in one line; checked without `assert`, for `python -O`."""
    with pytest.raises(ArtefactError, match=message) as caught:
        load(folder, expected=expected)
    line = str(caught.value)
    if "\n" in line or not line.startswith(str(folder)) or caught.value.exit_code != 4 or len(line) > 1000:
        pytest.fail(f"not one line that begins with the file: {line!r}")


def watch_opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that grows by every path that is opened from now on."""
    opened: list[str] = []
    genuine = os.open

    def watched(path: Any, flags: int, *, dir_fd: int | None = None) -> int:
        opened.append(str(path))
        return genuine(path, flags, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", watched)
    return opened
