"""`recurra predict RUN -` answers each line when it has come, and holds a few rows of a file at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from command_line import environment, recurra, refused
from recurra.cli import predicting
from recurra.tasks.heads.classes.run import RunningClassifier
from small_models import save_all


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return save_all(tmp_path_factory.mktemp("models"))


@contextmanager
def talking(*arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is written to and read from line by line; it is ended when the test is."""
    command = [sys.executable, "-m", "recurra", *map(str, arguments)]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, env=environment(), **pipes) as child:
        try:
            yield child
        finally:
            child.kill()


def ask(child: subprocess.Popen[bytes], line: bytes) -> bytes:
    """Write a line and wait for the one that answers it: without a stream this would wait for ever."""
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(line)
    child.stdin.flush()
    return child.stdout.readline()


def leave(child: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    out, err = child.communicate(timeout=100)
    return child.returncode, out, err


@pytest.mark.parametrize(
    ("options", "begin", "lines"),
    [
        ((), b"", [b"a good film\n", b"\n", b"x\r\n", b"not good\n"]),
        (("--encoding", "utf-16-le"), b"", ["a good film\n".encode("utf-16-le"), "bad\n".encode("utf-16-le")]),
        (("--form", "jsonl"), b"", [b'{"text": "good", "id": 1}\n', b'{"id": 2, "text": "bad"}\n']),
        (("--form", "jsonl", "--column", "note"), b"", [b'{"note": "good"}\n', b'{"note": "bad"}\n']),
        (("--form", "csv"), b"id,text\n", [b"1,good\n", b'2,"not, good"\n', b'3,"over\ntwo lines"\n', b"4,bad\n"]),
        (("--form", "csv"), b"text\n", [b"good\n", b"not good\n"]),
        (("--form", "csv"), b"sep=;\nid;text\n", [b"1;good\n", b"2;bad\n"]),
        (("--form", "tsv"), b"text\tlabel\n", [b"good\tx\n", b"bad\ty\n"]),
    ],
)
def test_each_line_is_answered_before_the_next_is_written(
    models: dict[str, Path], options: tuple[str, ...], begin: bytes, lines: list[bytes]
) -> None:
    with talking("predict", models["text"], "-", "--json", *options) as child:
        answers = [json.loads(ask(child, (b"" if number else begin) + line)) for number, line in enumerate(lines)]
        assert [answer["row"] for answer in answers] == list(range(1, len(lines) + 1))
        assert leave(child)[:2] == (0, b"")
    whole = recurra("predict", models["text"], "-", "--json", *options, stdin=begin + b"".join(lines)).rows()
    assert [answer["label"] for answer in answers] == [row["label"] for row in whole]
    assert [answer["line"] for answer in answers] == [row["line"] for row in whole]


def test_a_bad_line_ends_the_stream_behind_the_answers_or_is_told_at_once(models: dict[str, Path]) -> None:
    with talking("predict", models["text"], "-") as child:
        assert ask(child, b"a good film\n").startswith((b"good", b"bad"))
        assert ask(child, b"caf\xe9\n") == b""
        code, out, err = leave(child)
        assert (code, out) == (3, b"") and err.startswith(b"recurra: <stdin>:2:4: not utf-8 at byte 15")
    with talking("predict", models["text"], "-", "--on-error", "reject", "--json") as child:
        assert json.loads(ask(child, b"a good film\n"))["line"] == 1
        assert json.loads(ask(child, b"caf\xe9\ngood\n"))["line"] == 3
        code, out, err = leave(child)
        assert (code, out) == (0, b"") and b"rejected: <stdin>:2:4" in err and b"1 rows were refused" in err


def test_a_header_that_leaves_a_doubt_is_looked_at_with_the_lines_below(models: dict[str, Path]) -> None:
    table = b"quiet garden\nthe bed broke\nfine enough\n"
    told = recurra("predict", models["text"], "-", "--form", "csv", "--json", stdin=table)
    assert [row["line"] for row in told.rows()] == [2, 3] and "was taken for the column's name" in told.err
    keys = b'{"id": 1}\n{"id": 2, "text": "good"}\n'
    refused(recurra("predict", models["text"], "-", "--form", "jsonl", stdin=keys), 3, "1: no column 'text'")


def test_a_file_is_answered_in_parts_and_warned_of_as_a_whole(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("id,text\n" + "".join(f"{row},{('good', '', 'zzz')[row % 3]}\n" for row in range(30)))
    whole = recurra("predict", models["text"], file)
    sizes: list[int] = []
    answers = RunningClassifier.answers

    def counted(model: Any, texts: Any) -> Any:
        sizes.append(len(texts))
        return answers(model, texts)

    monkeypatch.setattr(predicting, "TOGETHER", 7)
    monkeypatch.setattr(RunningClassifier, "answers", counted)
    done = recurra("predict", models["text"], file)
    assert done == whole and sizes == [7, 7, 7, 7, 2]
    assert "10 texts are empty" in done.err and "10 of 30 texts are unread" in done.err


def test_series_on_stdin_are_read_again_to_find_a_fault(models: dict[str, Path]) -> None:
    rows = b"".join(b"a,2024-01-%02d,%d\n" % (day, day) for day in range(1, 10))
    faults = {
        b"a,2024-01-10,x\n": "11:14: no usable number",
        b"a,2024-01-12,7\n": "10:14: 2 times of series 'a' are missing",
        b"a,2024-01-05,5\n": "11:14: times of series 'a' go back",
    }
    for last, place in faults.items():
        table = b"unique_id,ds,y\n" + rows + last
        refused(recurra("forecast", models["series"], "-", stdin=table), 3, f"recurra: <stdin>:{place}")
        checked = recurra("data", "check", "-", "--form", "csv", "--task", "series", "--recipe", "net", stdin=table)
        assert checked.code == 3 and f"error: <stdin>:{place}" in checked.out, checked


def test_closed_and_full_outputs_and_a_closed_input_are_told_in_one_line(models: dict[str, Path]) -> None:
    command = f"{sys.executable} -m recurra predict {models['text']}"
    told = {
        f"{command} --text good >&-": "standard output is closed",
        f"{command} --text good >/dev/full": "the results cannot be written: No space left on device",
        f"{command} - <&-": "<stdin>: standard input is closed",
        f"{command} - 0>/dev/null": "<stdin>: cannot be read",
    }
    for line, wrong in told.items():
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, env=environment(), check=False)
        assert done.returncode in (1, 3) and not done.stdout, (line, done)
        assert done.stderr.startswith("recurra: ") and done.stderr.count("\n") == 1 and wrong in done.stderr, done
    # Warnings do not come among the results where there is no place for them.
    line = f"{command} --text zzz --json 2>&-"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 1
