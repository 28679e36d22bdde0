"""Hostile manifests, descriptions and kinds of files: each is refused (also under `python -O`).

Not here: the tensors' header (test_artefact_headers.py); the dialect of JSON by itself (test_artefact_json.py).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artefact_examples import HASHED, config, describe, refuse, saved, seal, watch_opened
from recurra.artefact import resolve
from recurra.errors import ArtefactError


@pytest.mark.parametrize("suffix", ["pt", "pth", "pkl", "h5", "keras", "ckpt", "joblib", "npz", "zip", "PT"])
def test_files_of_other_tools_are_refused_unopened(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / f"model.{suffix}"
    os.mkfifo(file)
    folder = saved(tmp_path / "model")
    os.mkfifo(folder / file.name)
    opened = watch_opened(monkeypatch)
    for path in (file, folder):
        refuse(path, "is never opened; allowed: a folder saved by Recurra")
    with pytest.raises(ArtefactError, match="is never opened"):
        resolve(file)
    if opened != [str(folder)]:
        pytest.fail(f"opened {opened}")


ZEROS = "0" * 64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda sums: "", "the manifest is cut short"),
        (lambda sums: sums[:-1], "the manifest is cut short"),
        (lambda sums: sums.replace("  ", " "), "line 1 is not"),
        (lambda sums: sums.replace("  ", " *"), "line 1 is not"),
        (lambda sums: sums.upper(), "line 1 is not"),
        (lambda sums: sums.replace("\n", "\r\n"), "line 1 is not"),
        (lambda sums: sums + "\n", "line 4 is not"),
        (lambda sums: sums + sums, "line 4 is a repeated name"),
        (lambda sums: sums + f"{ZEROS}  /etc/passwd\n", "line 4 is not"),
        (lambda sums: sums + f"{ZEROS}  ../x\n", "line 4 is not"),
        (lambda sums: sums + f"{ZEROS}  README.md\n", "lists a file that no artefact has; found README.md"),
        (lambda sums: sums + f"{ZEROS}  model.py\n", "lists a file that no artefact has"),
        (lambda sums: sums + f"{ZEROS}  scaler.json\n", r"scaler\.json: the file is missing"),
        (lambda sums: "".join(sums.splitlines(True)[1:]), r"recurra\.json is not in the manifest"),
        (lambda sums: "".join(sums.splitlines(True)[:-1]), r"weights\.safetensors is not in the manifest"),
        (lambda sums: sums[65:] + sums[:65], "line 1 is not|cut short"),
        (lambda sums: sums * 100, "too large; found"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(tmp_path: Path, change: Callable[[str], str], message: str) -> None:
    folder = saved(tmp_path / "model")
    sums = folder / "SHA256SUMS"
    sums.write_bytes(change(sums.read_text()).encode())
    refuse(folder, message)


def test_a_missing_manifest_and_a_file_beyond_it_are_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")
    (folder / "notes.txt").write_text("x")
    refuse(folder, r"notes\.txt: a file that the manifest does not list; move it out")
    (folder / "notes.txt").rename(folder / "scaler.json")
    refuse(folder, r"scaler\.json: a file that the manifest does not list")
    (folder / "scaler.json").unlink()
    (folder / "SHA256SUMS").unlink()
    refuse(folder, r"SHA256SUMS: the file is missing")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda config: config["recurrent"].update(hidden=10**9), r"recurrent\.hidden: "),
        (lambda config: config["recurrent"].update(layers=-1), r"recurrent\.layers: "),
        (lambda config: config.update(dropout="2"), "dropout: "),
        (lambda config: config["recurrent"].update(hidden=2.0), r"recurrent\.hidden: "),
        (lambda config: config["recurrent"].update(hidden=True), r"recurrent\.hidden: "),
        (lambda config: config["recurrent"].update(hidden="2"), r"recurrent\.hidden: "),
        (lambda config: config["recurrent"].update(cell="os.system"), r"recurrent\.cell: "),
        (lambda config: config["dense"].update(kind="lambda"), r"dense\.kind: "),
        (lambda config: config["dense"].update(path="/etc"), r"dense\.path: "),
        (lambda config: config.update(embedding=None), "embedding: "),
        (lambda config: config.pop("embedding"), "embedding: "),
        (lambda config: config.update(labels=["a"]), "labels: one for each output"),
        (lambda config: config.update(labels=["a", "a"]), "labels: one for each output"),
        (lambda config: config.update(labels=["a", "b", "c"]), "labels: one for each output"),
        (lambda config: config["embedding"].update(words=6), r"tensor embedding\.weight: wrong shape"),
        (lambda config: config.update(dropout=float("nan")), "NaN is not a JSON number"),
        (lambda config: config.update(labels=["<script>"]), r"labels: .*found"),
    ],
)
def test_a_configuration_outside_the_closed_schema_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    folder = saved(tmp_path / "model")
    describe(folder, lambda description: change(description["config"]))
    refuse(folder, message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda description: description.update(extra=1), "extra is unknown"),
        (lambda description: description.pop("selftest"), "selftest is missing"),
        (lambda description: description.update(config=[]), "config is no JSON object"),
        (lambda description: description.update(task="vision"), "unknown task; found 'vision'"),
        (lambda description: description.update(task=["text"]), "unknown task"),
        (lambda description: description.update(format_version="1"), "no format_version"),
        (lambda description: description.update(format_version=True), "no format_version"),
        (lambda description: description.update(format_version=1.0), "no format_version"),
        (lambda description: description.pop("format_version"), "no format_version"),
    ],
)
def test_a_description_with_other_members_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    folder = saved(tmp_path / "model")
    describe(folder, change)
    refuse(folder, rf"recurra\.json: {message}")


def test_a_configuration_of_other_json_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")
    for data, message in (
        (b"[]", "no format_version"),
        (b"\xff", "not UTF-8"),
        (json.dumps({"config": config()}).encode()[:-1], "not JSON"),
        (b'{"format_version": 1, "format_version": 1}', "appears twice"),
    ):
        (folder / "recurra.json").write_bytes(data)
        seal(folder)
        refuse(folder, rf"recurra\.json.*{message}")


@pytest.mark.parametrize("name", [*HASHED, "SHA256SUMS", "README.md"])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "device"])
def test_only_regular_files_are_read(tmp_path: Path, name: str, kind: str) -> None:
    folder = saved(tmp_path / "model")
    target = folder / name
    target.rename(tmp_path / "elsewhere")
    if kind == "pipe":
        os.mkfifo(target)
    elif kind == "folder":
        target.mkdir()
    else:
        target.symlink_to("/dev/zero" if kind == "device" else tmp_path / "elsewhere")
    refuse(folder, rf"{name}: not a regular file")


def test_a_link_to_an_artefact_and_what_the_system_shows_as_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(saved(tmp_path / "model"))
    refuse(tmp_path / "link", "this is a link")
    refuse(Path("/proc/self/mem"), "this is not a folder")
    os.mkfifo(tmp_path / "pipe")
    refuse(tmp_path / "pipe", "this is not a folder")
