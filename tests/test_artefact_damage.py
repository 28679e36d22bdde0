"""Artefacts damaged by accident: every flipped bit, every cut, files that change under the reader's hands.

Not here: artefacts made to deceive (test_artefact_attacks.py, test_artefact_headers.py).
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from artefact_examples import HASHED, expected, refuse, saved, seal, watch_opened
from recurra.artefact import load_artefact as load
from recurra.artefact import reading
from recurra.errors import ArtefactError


@pytest.mark.parametrize("name", [*HASHED, "SHA256SUMS"])
def test_a_bit_flipped_in_any_byte_is_refused(tmp_path: Path, name: str) -> None:
    folder = saved(tmp_path / "model")
    good = (folder / name).read_bytes()
    bits = random.Random(5)
    for place in range(len(good)):
        bad = bytearray(good)
        bad[place] ^= 1 << bits.randrange(8)
        (folder / name).write_bytes(bad)
        refuse(folder, r"SHA-256 differs|SHA256SUMS|recurra\.json|missing|does not list")
    (folder / name).write_bytes(good)
    load(folder, expected=expected)


@pytest.mark.parametrize("name", [*HASHED, "SHA256SUMS"])
def test_a_file_cut_at_any_byte_is_refused(tmp_path: Path, name: str) -> None:
    folder = saved(tmp_path / "model")
    good = (folder / name).read_bytes()
    for length in range(len(good)):
        (folder / name).write_bytes(good[:length])
        refuse(folder, r"SHA-256 differs|SHA256SUMS|does not list")
    (folder / name).write_bytes(good)
    load(folder, expected=expected)


def test_a_flipped_bit_under_a_fitting_manifest_gives_an_artefact_or_an_artefact_error(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")
    good = (folder / "weights.safetensors").read_bytes()
    bits = random.Random(6)
    outcomes = {"loaded": 0, "refused": 0}
    for place in range(0, len(good), 3):
        bad = bytearray(good)
        bad[place] ^= 1 << bits.randrange(8)
        (folder / "weights.safetensors").write_bytes(bad)
        seal(folder)
        try:
            load(folder, expected=expected)
            outcomes["loaded"] += 1
        except ArtefactError:
            outcomes["refused"] += 1
    if outcomes["refused"] < 100 or outcomes["loaded"] < 20:
        pytest.fail(f"unlikely outcomes: {outcomes}")


@pytest.mark.parametrize("name", ["recurra.json", "tokenizer.json", "weights.safetensors", "README.md"])
def test_a_bloated_file_is_refused_unread(tmp_path: Path, name: str) -> None:
    folder = saved(tmp_path / "model")
    with (folder / name).open("r+b") as file:
        file.truncate(100 << 30)
    refuse(folder, rf"{name}: the file is too large; found 107,374,182,400 bytes")


def test_every_file_is_opened_once_so_that_what_was_hashed_is_what_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(tmp_path / "model")
    opened = watch_opened(monkeypatch)
    load(folder, expected=expected)
    if sorted(opened) != sorted([str(folder), "README.md", "SHA256SUMS", *HASHED]):
        pytest.fail(f"opened {opened}")


@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_that_changes_its_size_while_it_is_read_is_refused(
    tmp_path: Path, change: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(tmp_path / "model")
    genuine = reading._read_exactly

    def meddle(file: Any, size: int, place: Any) -> bytearray:
        path = folder / "weights.safetensors"
        if place.file == str(path):
            os.truncate(path, size + change)
        return genuine(file, size, place)

    monkeypatch.setattr(reading, "_read_exactly", meddle)
    refuse(folder, r"weights\.safetensors: the file changed while it was read; try again")
