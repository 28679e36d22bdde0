"""Checkpoints: what is saved comes back; damage costs one interval, never the run.

Not here: how training resumes.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recurra.errors import ArtefactError, RecurraError, UsageError
from recurra.training.checkpoints import load_checkpoint, save_checkpoint


def state(number: int) -> dict[str, Any]:
    return {"epoch": number, "generator": np.random.PCG64(number).state, "history": [{"loss": 0.5 / (number + 1)}]}


def arrays(number: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(number)
    return {
        "net.weight": random.standard_normal((3, 4)),
        "net.half": random.standard_normal(5).astype(np.float16),
        "optimiser/step": np.array(number),
        "order": random.permutation(10),
        "seen": random.random(9) < 0.5,
        "generator": random.integers(0, 256, 100).astype(np.uint8),
        "words": np.array([65535, 0], np.uint16),
    }


def keep(run: Path, *numbers: int, most: int = 2) -> None:
    for number in numbers:
        save_checkpoint(run, number, state=state(number), tensors=arrays(number), keep=most)


def names_in(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").iterdir())


def check(run: Path, number: int, warnings: list[str] | None = None) -> None:
    """The checkpoint that is loaded is `number`, whole."""
    loaded = load_checkpoint(run, warn=None if warnings is None else warnings.append)
    assert loaded is not None
    assert loaded.number == number
    assert loaded.state == state(number)
    assert loaded.tensors.keys() == arrays(number).keys()
    for name, array in arrays(number).items():
        assert loaded.tensors[name].dtype == array.dtype
        assert loaded.tensors[name].flags.writeable
        np.testing.assert_array_equal(loaded.tensors[name], array)


def test_a_checkpoint_comes_back_equal_with_every_type(tmp_path: Path) -> None:
    keep(tmp_path, 12)
    check(tmp_path, 12)
    assert names_in(tmp_path) == ["checkpoint-000012", "latest"]
    assert (tmp_path / "checkpoints" / "latest").read_bytes() == b"checkpoint-000012\n"
    files = sorted(path.name for path in (tmp_path / "checkpoints" / "checkpoint-000012").iterdir())
    assert files == ["SHA256SUMS", "state.json", "tensors.safetensors"]


def test_the_same_checkpoint_gives_the_same_bytes(tmp_path: Path) -> None:
    keep(tmp_path / "one", 3)
    keep(tmp_path / "two", 3)
    for name in ("SHA256SUMS", "state.json", "tensors.safetensors"):
        one, two = (tmp_path / run / "checkpoints" / "checkpoint-000003" / name for run in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_a_run_without_checkpoints_has_none(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path) is None
    (tmp_path / "checkpoints" / ".recurra-00000000-1-00000000").mkdir(parents=True)
    assert load_checkpoint(tmp_path) is None


@pytest.mark.parametrize("most", [1, 2, 4])
def test_the_newest_few_are_kept(tmp_path: Path, most: int) -> None:
    keep(tmp_path, *range(1, 7), most=most)
    assert names_in(tmp_path) == [f"checkpoint-{number:06}" for number in range(7 - most, 7)] + ["latest"]
    check(tmp_path, 6)


def test_saving_a_number_again_replaces_it(tmp_path: Path) -> None:
    keep(tmp_path, 1, 2)
    save_checkpoint(tmp_path, 2, state={"again": True}, tensors={})
    loaded = load_checkpoint(tmp_path)
    assert loaded == (2, {"again": True}, {})


def test_a_course_that_was_given_up_is_removed(tmp_path: Path) -> None:
    keep(tmp_path, 7, 8)
    keep(tmp_path, 5)
    assert names_in(tmp_path) == ["checkpoint-000005", "latest"]
    check(tmp_path, 5)


@pytest.mark.parametrize("name", ["SHA256SUMS", "state.json", "tensors.safetensors"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "missing"])
def test_a_damaged_latest_is_told_and_the_one_before_is_taken(tmp_path: Path, name: str, damage: str) -> None:
    keep(tmp_path, 1, 2)
    file = tmp_path / "checkpoints" / "checkpoint-000002" / name
    good = file.read_bytes()
    file.unlink()
    if damage != "missing":
        file.write_bytes(good[:-3] if damage == "cut" else good[:50] + bytes([good[50] ^ 1]) + good[51:])
    told: list[str] = []
    check(tmp_path, 1, told)
    assert len(told) == 1
    assert "checkpoint-000002" in told[0]
    assert "the one before it is tried" in told[0]


def test_by_default_damage_is_a_runtime_warning(tmp_path: Path) -> None:
    keep(tmp_path, 1, 2)
    shutil.rmtree(tmp_path / "checkpoints" / "checkpoint-000002")
    with pytest.warns(RuntimeWarning, match="points at no checkpoint"):
        check(tmp_path, 1)


@pytest.mark.parametrize("text", [None, b"", b"checkpoint-000009\n", b"../../etc\n", b"\xff" * 10, b"x" * 100])
def test_a_damaged_pointer_is_told_and_the_highest_number_is_taken(tmp_path: Path, text: bytes | None) -> None:
    keep(tmp_path, 1, 2)
    pointer = tmp_path / "checkpoints" / "latest"
    pointer.unlink()
    if text is not None:
        pointer.write_bytes(text)
    told: list[str] = []
    check(tmp_path, 2, told)
    assert len(told) == 1
    assert "latest" in told[0]


def test_a_crash_before_the_pointer_moved_resumes_where_it_points(tmp_path: Path) -> None:
    keep(tmp_path, 1)
    pointer = (tmp_path / "checkpoints" / "latest").read_bytes()
    keep(tmp_path, 2)
    (tmp_path / "checkpoints" / "latest").write_bytes(pointer)
    check(tmp_path, 1)


def test_checkpoints_that_are_all_damaged_stop_the_run(tmp_path: Path) -> None:
    keep(tmp_path, 1, 2)
    for number in (1, 2):
        (tmp_path / "checkpoints" / f"checkpoint-{number:06}" / "state.json").write_text("{}")
    told: list[str] = []
    with pytest.raises(ArtefactError, match="no checkpoint can be read; remove the folder to start training anew"):
        load_checkpoint(tmp_path, warn=told.append)
    assert len(told) == 2


@pytest.mark.parametrize(
    ("bad_state", "bad_tensors"),
    [({"a": (1,)}, {}), ({"a": float("nan")}, {}), ({}, {"x": np.zeros(1, complex)}), ({}, {"a b": np.zeros(1)})],
)
def test_what_could_not_be_read_back_is_not_saved(
    tmp_path: Path, bad_state: dict[str, Any], bad_tensors: dict[str, np.ndarray]
) -> None:
    keep(tmp_path, 1)
    with pytest.raises(ArtefactError):
        save_checkpoint(tmp_path, 2, state=bad_state, tensors=bad_tensors)
    check(tmp_path, 1)


@pytest.mark.parametrize(("number", "most"), [(-1, 2), (1_000_000, 2), (1, 0)])
def test_numbers_out_of_range_are_refused(tmp_path: Path, number: int, most: int) -> None:
    with pytest.raises(UsageError, match="no such checkpoint"):
        save_checkpoint(tmp_path, number, state={}, tensors={}, keep=most)


def test_values_that_are_not_finite_may_be_checkpointed(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 1, state={}, tensors={"best": np.array([np.inf, np.nan])})
    loaded = load_checkpoint(tmp_path)
    assert loaded is not None
    np.testing.assert_array_equal(loaded.tensors["best"], [np.inf, np.nan])


def test_a_run_that_is_a_file_is_told_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("x")
    with pytest.raises(RecurraError, match="run/checkpoints"):
        save_checkpoint(tmp_path / "run", 1, state={}, tensors={})
