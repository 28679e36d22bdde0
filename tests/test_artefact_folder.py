"""Saving an artefact and loading it back: bytes, versions, tasks, places.

Not here: damage and attacks (test_artefact_attacks.py), crashes (test_artefact_saving.py).
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from artefact_examples import config, describe, example, expected, saved
from recurra.artefact import (
    Artefact,
    check_target,
    from_bfloat16,
    require_task,
    resolve,
    to_bfloat16,
)
from recurra.artefact import (
    load_artefact as load,
)
from recurra.artefact import (
    save_artefact as save,
)
from recurra.errors import ArtefactError, DataError, UsageError

DESCRIPTION = """{
  "config": {
    "labels": [
      "gut"
    ]
  },
  "format_version": 1,
  "selftest": {
    "ids": []
  },
  "task": "text"
}
"""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_artefact_comes_back_equal(tmp_path: Path) -> None:
    before = example()
    save(tmp_path / "model", before)
    after = load(tmp_path / "model", expected=expected)
    for name in ("task", "config", "files", "selftest", "card"):
        assert getattr(after, name) == getattr(before, name)
    assert after.tensors.keys() == before.tensors.keys()
    for name, array in before.tensors.items():
        np.testing.assert_array_equal(after.tensors[name], array)


def test_the_bytes_of_a_small_artefact_are_exactly_these(tmp_path: Path) -> None:
    artefact = Artefact("text", {"labels": ["gut"]}, {"x": np.ones(1, np.float32)}, {}, {"ids": []}, "# card\n")
    save(tmp_path / "model", artefact)
    weights = b'8\x00\x00\x00\x00\x00\x00\x00{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  \x00\x00\x80?'
    sums = "".join(
        f"{hashlib.sha256(data).hexdigest()}  {name}\n"
        for name, data in (("recurra.json", DESCRIPTION.encode()), ("weights.safetensors", weights))
    )
    assert contents(tmp_path / "model") == {
        "README.md": b"# card\n",
        "SHA256SUMS": sums.encode(),
        "recurra.json": DESCRIPTION.encode(),
        "weights.safetensors": weights,
    }


def test_the_same_artefact_gives_the_same_bytes_twice(tmp_path: Path) -> None:
    artefact = example()
    turned = dataclasses.replace(
        artefact, config=dict(reversed(config().items())), tensors=dict(reversed(artefact.tensors.items()))
    )
    save(tmp_path / "one", artefact)
    save(tmp_path / "two", turned)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_bfloat16_weights_come_back_bit_for_bit(tmp_path: Path) -> None:
    narrow = {name: to_bfloat16(array) for name, array in example().tensors.items()}
    save(tmp_path / "model", dataclasses.replace(example(), tensors=narrow))
    after = load(tmp_path / "model", expected=expected)
    for name, bits in narrow.items():
        np.testing.assert_array_equal(after.tensors[name], bits)
        np.testing.assert_allclose(from_bfloat16(after.tensors[name]), example().tensors[name], rtol=2**-8)


def test_the_card_may_be_edited_or_removed(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")
    (folder / "README.md").write_text("mine")
    assert load(folder, expected=expected).card == "mine"
    (folder / "README.md").unlink()
    assert load(folder, expected=expected).card == ""


def test_hidden_files_beside_are_left_unread(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")
    os.mkfifo(folder / ".DS_Store")
    assert load(folder, expected=expected).task == "text"


def test_loading_hands_the_configuration_and_the_task_to_the_caller(tmp_path: Path) -> None:
    save(tmp_path / "model", example(task="language"))
    seen: list[tuple[Any, str]] = []

    def ask(config: dict[str, Any], task: str) -> dict[str, tuple[int, ...]]:
        seen.append((config, task))
        return expected(config, task)

    load(tmp_path / "model", expected=ask)
    assert seen == [(config(), "language")]


@pytest.mark.parametrize("problem", [UsageError("dropout: too much"), DataError("dropout: too much")])
def test_what_the_caller_finds_wrong_with_the_configuration_is_an_artefact_error(
    tmp_path: Path, problem: Exception
) -> None:
    def ask(config: dict[str, Any], task: str) -> dict[str, tuple[int, ...]]:
        raise problem

    with pytest.raises(ArtefactError, match=r"recurra\.json: config refused: dropout: too much"):
        load(saved(tmp_path / "model"), expected=ask)


def test_a_validation_error_names_the_field(tmp_path: Path) -> None:
    class Other(BaseModel):
        labels: int

    def ask(config: dict[str, Any], task: str) -> dict[str, tuple[int, ...]]:
        return {"x": (Other.model_validate(config).labels,)}

    with pytest.raises(ArtefactError, match=r"recurra\.json: config refused: labels: "):
        load(saved(tmp_path / "model"), expected=ask)


@pytest.mark.parametrize(
    ("version", "message"),
    [(2, "format 2 is newer than 1; install a newer Recurra"), (0, "format 0 is older than 1; train and save it")],
)
def test_other_versions_are_told_before_anything_else_they_changed(tmp_path: Path, version: int, message: str) -> None:
    folder = saved(tmp_path / "model")
    describe(folder, lambda description: description.update(format_version=version, novelty=1))
    with (folder / "SHA256SUMS").open("a") as sums:
        sums.write(f"{'0' * 64}  novelty.json\n")
    with pytest.raises(ArtefactError, match=message):
        load(folder, expected=expected)


@pytest.mark.parametrize(
    ("task", "name"), [("text", "a text classifier"), ("language", "a language model"), ("series", "a forecaster")]
)
def test_an_artefact_for_another_task_says_what_it_is(task: str, name: str) -> None:
    wanted = "text" if task == "series" else "series"
    with pytest.raises(ArtefactError, match=f"^this is {name}; allowed: a "):
        require_task(task, wanted)
    require_task(task, task)


def test_a_run_or_its_artefact_is_found(tmp_path: Path) -> None:
    folder = saved(tmp_path / "run" / "artefact")
    (tmp_path / "link").symlink_to(tmp_path / "run")
    assert resolve(tmp_path / "run") == folder
    assert resolve(folder) == folder
    assert load(resolve(tmp_path / "link"), expected=expected).task == "text"


def test_what_is_no_artefact_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    for path, message in (
        (tmp_path / "none", "no such folder; check the path"),
        (tmp_path / "notes", "neither an artefact nor a run"),
        (Path("a\0b"), "not a path"),
        (tmp_path / ("x" * 300), "cannot be opened: File name too long"),
        (Path("/dev/null"), "this is not a folder"),
    ):
        with pytest.raises(ArtefactError, match=message):
            resolve(path)
        with pytest.raises(ArtefactError):
            load(path, expected=expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "vision"}, "unknown task"),
        ({"files": {"../x.json": b""}}, "a file of this name is not saved"),
        ({"files": {"tokenizer.json": bytes((64 << 20) + 1)}}, "too large to be saved"),
        ({"config": {"a": (1, 2)}}, "JSON would change"),
        ({"selftest": {"a": "x" * (1 << 20)}}, "too large to be saved"),
        ({"tensors": {"x": np.array([np.nan], np.float32)}}, "not finite"),
        ({"tensors": {"x": np.array([0x7F80], np.uint16)}}, "not finite"),
        ({"tensors": {"x": np.zeros(2)}}, "type that cannot be saved"),
    ],
)
def test_what_could_not_be_loaded_is_not_saved(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    before = contents(saved(tmp_path / "model"))
    with pytest.raises(ArtefactError, match=message):
        save(tmp_path / "model", dataclasses.replace(example(), **change))
    assert contents(tmp_path / "model") == before


def test_a_folder_with_anything_else_in_it_is_never_replaced(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "README.md").write_text("my project")
    noted = saved(tmp_path / "noted")
    (noted / "notes.txt").write_text("hours of work")
    file = tmp_path / "file"
    file.write_text("x")
    link = tmp_path / "link"
    link.symlink_to(saved(tmp_path / "model"))
    for folder, found in (
        (mine, "no recurra.json"),
        (noted, "notes.txt"),
        (file, "a file"),
        (link, "a file or a link"),
    ):
        with pytest.raises(ArtefactError, match=f"not the folder of an artefact, so it is not replaced; found {found}"):
            save(folder, example())
    assert (mine / "README.md").read_text() == "my project"
    assert (noted / "notes.txt").read_text() == "hours of work"
    assert link.is_symlink()


def test_an_empty_or_missing_folder_is_free(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "new/and/deep", "a:b\nc"):
        check_target(tmp_path / name)
        save(tmp_path / name, example())
        assert load(tmp_path / name, expected=expected).task == "text"


def test_twenty_megabytes_are_loaded_with_one_copy_of_the_weights(tmp_path: Path) -> None:
    table = np.random.default_rng(1).standard_normal((50_000, 100)).astype("f4")
    save(tmp_path / "model", Artefact("text", {}, {"embedding.weight": table}))
    tracemalloc.start()
    held = load(tmp_path / "model", expected=lambda config, task: {"embedding.weight": (50_000, 100)})
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.array_equal(held.tensors["embedding.weight"], table) and most < 1.5 * table.nbytes


def test_the_reader_printed_in_the_documentation_reads_an_artefact(tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "artefact.md").read_text()
    program = page.split("```python\n")[1].split("```")[0]
    tensors = example().tensors | {"dense.bias": to_bfloat16(example().tensors["dense.bias"])}
    save(tmp_path / "model", dataclasses.replace(example(), tensors=tensors))
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "model")], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == len(tensors)
    for line, (name, bits) in zip(lines, sorted(tensors.items()), strict=True):
        values = from_bfloat16(bits) if bits.dtype == np.uint16 else bits
        assert line.startswith(f"{name} {list(values.shape)} ")
        assert float(line.rsplit(" ", 1)[1]) == pytest.approx(float(values.sum(dtype=np.float64)), abs=1e-9)
