"""Saving under bad luck: kill -9, a full disc, dead processes' leftovers, readers at the same time, `python -O`.

Not here: damage that is already on the disc (test_artefact_damage.py).
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artefact_examples import config, example, expected, saved
from recurra.artefact import Artefact, resolve, write_atomically, writing
from recurra.artefact import load_artefact as load
from recurra.artefact import save_artefact as save
from recurra.artefact.reading import OpenFolder
from recurra.errors import ArtefactError, RecurraError

SAVE_FOREVER = """
import sys
from pathlib import Path
import numpy as np
from recurra.artefact import Artefact, save_artefact as save
number = 0
while True:
    number += 1
    tensors = {"x": np.full(20_000, number, np.float32)}
    save(Path(sys.argv[1]), Artefact("text", {"number": number}, tensors, {}, {}, str(number)))
    if number == 1:
        print("begun", flush=True)
"""


def number_in(folder: Path) -> int:
    """The number of a consistent artefact; a mix of two saves would differ between its files."""
    artefact = load(folder, expected=lambda config, task: {"x": (20_000,)})
    assert set(artefact.tensors["x"]) == {artefact.config["number"]}
    assert artefact.card == str(artefact.config["number"])
    return int(artefact.config["number"])


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("delay", [0.0, 0.013, 0.05, 0.171])
def test_a_reader_and_a_kill_see_the_old_or_the_new_artefact_never_a_mix(tmp_path: Path, delay: float) -> None:
    folder = tmp_path / "model"
    command = [sys.executable, "-c", SAVE_FOREVER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"begun\n"
            seen = [number_in(folder) for _ in range(20)]
            time.sleep(delay)
        finally:
            process.send_signal(signal.SIGKILL)
    assert seen == sorted(seen)
    assert number_in(folder) >= seen[-1]
    save(folder, example())
    assert names_in(tmp_path) == ["model"]
    load(folder, expected=expected)


def test_a_folder_that_was_replaced_and_lost_its_card_first_is_not_read_as_one_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, names = tmp_path / "model", OpenFolder.names
    save(folder, example())

    def replaced(opened: OpenFolder) -> list[str]:
        if not (old := tmp_path / "old").exists():
            # Another process has saved, and begun to remove what was there.
            folder.rename(old)
            save(folder, example())
            (old / "README.md").unlink()
        return names(opened)

    monkeypatch.setattr(OpenFolder, "names", replaced)
    assert load(folder, expected=expected).card == example().card != ""


def test_the_attacks_are_refused_under_python_o_too() -> None:
    here = Path(__file__).parent
    files = [str(here / f"test_artefact_{name}.py") for name in ("attacks", "headers")]
    # Plain assertion rewriting would put the assertions back that -O removes.
    options = ["-x", "--assert=plain", "-p", "no:cacheprovider", "-W", "ignore", "--rootdir", str(here.parent)]
    done = subprocess.run(
        [sys.executable, "-O", "-m", "pytest", *options, *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert " passed" in done.stdout
    assert "failed" not in done.stdout


def limited(kind: int, limit: int, action: Any) -> str:
    """Run an action under a limit of the system and return the message it is refused with."""
    before = resource.getrlimit(kind)
    try:
        resource.setrlimit(kind, (limit, before[1]))
        try:
            action()
        except RecurraError as problem:
            return str(problem)
    finally:
        resource.setrlimit(kind, before)
    return "not refused"


def test_no_room_for_a_file_leaves_the_old_artefact_and_no_rubbish(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")
    large = Artefact("text", config(), {"x": np.zeros(50_000, np.float32)})
    message = limited(resource.RLIMIT_FSIZE, 100_000, lambda: save(folder, large))
    assert message.startswith(f"{folder}: cannot be written: File too large; what stood there before is untouched")
    assert names_in(tmp_path) == ["model"]
    assert load(folder, expected=expected).card == "# A model\n"


def test_too_many_open_files_are_told_with_the_path(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")
    message = limited(resource.RLIMIT_NOFILE, 3, lambda: save(folder, example(1)))
    assert f"{folder}: cannot be " in message
    assert "Too many open files" in message
    assert load(folder, expected=expected).tensors["dense.bias"].tolist() == example().tensors["dense.bias"].tolist()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("step", ["mkdir", "fsync", "rename"])
def test_whatever_the_disc_refuses_leaves_the_old_artefact(
    tmp_path: Path, step: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(tmp_path / "model")

    def refuse(*arguments: object, **options: object) -> None:
        if "parents" in options or (step == "mkdir" and ".recurra-" not in str(arguments[0])):
            return
        raise OSError(number, os.strerror(number))

    target: Any = os if step == "fsync" else Path
    monkeypatch.setattr(target, step, refuse)
    with pytest.raises(RecurraError, match=os.strerror(number)) as caught:
        save(folder, example(1))
    monkeypatch.undo()
    assert str(caught.value).startswith(f"{folder}: cannot be written")
    assert names_in(tmp_path) == ["model"]
    bias = load(folder, expected=expected).tensors["dense.bias"]
    np.testing.assert_array_equal(bias, example().tensors["dense.bias"])


def test_a_path_that_is_too_long_or_below_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path, reason in (
        (tmp_path / ("x" * 300), "File name too long"),
        (tmp_path / "file" / "model", "Not a directory"),
        (Path("a\0b"), "null"),
        (Path("/proc/none/model"), "No such file"),
    ):
        with pytest.raises(RecurraError, match=reason):
            save(path, example())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux exchanges two names in one step")
def test_an_older_artefact_is_replaced_by_a_single_exchange_of_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(tmp_path / "model")
    monkeypatch.delattr(writing, "_park_and_rename")
    save(folder, example(1))
    bias = load(folder, expected=expected).tensors["dense.bias"]
    np.testing.assert_array_equal(bias, example(1).tensors["dense.bias"])


def test_without_an_exchange_of_names_two_renames_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_exchange", lambda new, target: False)
    for seed in range(3):
        folder = tmp_path / "model"
        save(folder, example(seed))
        bias = load(folder, expected=expected).tensors["dense.bias"]
        np.testing.assert_array_equal(bias, example(seed).tensors["dense.bias"])
        assert names_in(tmp_path) == ["model"]


def test_without_an_exchange_a_refused_second_rename_brings_the_old_artefact_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(tmp_path / "model")
    genuine = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if writing.TEMPORARY.fullmatch(self.name) and writing.parked(folder).exists():
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return genuine(self, target)

    monkeypatch.setattr(writing, "_exchange", lambda new, target: False)
    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(RecurraError, match="Input/output error"):
        save(folder, example(1))
    monkeypatch.undo()
    assert names_in(tmp_path) == ["model"]
    np.testing.assert_array_equal(
        load(folder, expected=expected).tensors["dense.bias"], example().tensors["dense.bias"]
    )


def test_a_crash_between_two_renames_is_explained_and_loses_nothing(tmp_path: Path) -> None:
    waiting = saved(tmp_path / "model").rename(writing.parked(tmp_path / "model"))
    with pytest.raises(ArtefactError, match=f"an interrupted save left the previous one at {waiting}: rename it back"):
        resolve(tmp_path / "model")
    saved(tmp_path / "other")
    waiting.rename(tmp_path / "model")
    load(tmp_path / "model", expected=expected)


def test_what_dead_processes_left_is_removed_and_what_living_ones_write_is_not(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    machine = writing.temporary_name().split("-")[1]
    old = time.time() - 2 * 24 * 3600
    stays = [
        f".recurra-{machine}-{os.getpid()}-00000000",
        f".recurra-{machine}-1-00000000",
        ".recurra-00000000-4000000-00000000",
        ".recurra-notes",
        "recurra-00000000-4000000-00000000",
    ]
    goes = [
        f".recurra-{machine}-{dead.pid}-00000000",
        f".recurra-{machine}-9999999999-00000000",
        ".recurra-00000000-4000001-00000000",
    ]
    for name in stays + goes:
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights.safetensors").write_bytes(b"half")
    os.utime(tmp_path / goes[2], (old, old))
    (tmp_path / f".recurra-{machine}-{dead.pid}-11111111").write_bytes(b"a file")
    save(tmp_path / "model", example())
    assert names_in(tmp_path) == sorted([*stays, "model"])


def test_saving_many_at_once_leaves_one_of_them(tmp_path: Path) -> None:
    command = SAVE_FOREVER.replace("while True", "while number < 25")
    arguments = [sys.executable, "-c", command, str(tmp_path / "model")]
    processes = [subprocess.Popen(arguments, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert number_in(tmp_path / "model") == 25
    assert names_in(tmp_path) == ["model"]


def test_a_single_file_is_replaced_in_one_step_and_keeps_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "report.html"
    write_atomically(path, "ä\n")
    assert path.read_bytes() == b"\xc3\xa4\n"
    path.chmod(0o600)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert names_in(path.parent) == ["report.html"]


def test_a_single_file_is_not_written_over_anything_but_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for path, reason in (
        (tmp_path / "folder", "not a regular file"),
        (tmp_path / "link", "not a regular file"),
        (Path("/dev/null"), "not a regular file"),
        (tmp_path / ("x" * 300), "File name too long"),
        (Path("/"), "not a regular file"),
    ):
        with pytest.raises(RecurraError, match=reason):
            write_atomically(path, "x")
    with pytest.raises(RecurraError, match="half of a surrogate pair at character 1"):
        write_atomically(tmp_path / "text", "a\ud800")
    assert names_in(tmp_path) == ["folder", "link"]


def test_no_room_for_a_single_file_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_atomically(path, "old")
    message = limited(resource.RLIMIT_FSIZE, 10_000, lambda: write_atomically(path, "x" * 20_000))
    assert message.startswith(f"{path}: cannot be written: File too large")
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["report.html"]
