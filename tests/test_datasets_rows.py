"""JSON Lines, Parquet, plain lines, gzip and stdin give the same rows as CSV does, as strictly."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reading import read_rows
from recurra.datasets.tables import Reject
from recurra.errors import DataError

HEADER = b"text,label\n"


def write(folder: Path, data: bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def refused(path: Path, **options: object) -> str:
    with pytest.raises(DataError) as caught:
        list(read_rows(path, **options))  # type: ignore[arg-type]
    assert caught.value.exit_code == 3
    return str(caught.value).removeprefix(f"{path}:")


def cells(path: Path) -> list[tuple[object, ...]]:
    return [tuple(row.values.values()) for row in read_rows(path)]


def test_large_row_numbers_stay_as_written(tmp_path: Path) -> None:
    assert cells(write(tmp_path, b"id\n9007199254740993\n")) == [("9007199254740993",)]
    assert cells(write(tmp_path, b'{"id": 9007199254740993}\n', "t.jsonl")) == [(9007199254740993,)]


@pytest.mark.parametrize(
    ("line", "column", "wrong"),
    [
        (b'{"a": 1', 8, "Expecting"),
        (b"[1]", 1, "an array"),
        (b"null", 1, "null"),
        (b'"x"', 1, "a text"),
        (b'{"a": 1, "a": 2}', 10, "key 'a' twice"),
        (b'{"a": NaN}', 7, "NaN is not JSON"),
        (b'{"a": -Infinity}', 7, "-Infinity is not JSON"),
        (b'{"a": 1e400}', 7, "beyond what a float holds"),
        (b'{"a": ' + b"7" * 5000 + b"}", 7, "integer of 5,000 digits"),
        (b'{"a": ' + b"[" * 100_000 + b"}", 70, "nested deeper"),
        (b'{"a": [1]}', 7, "'a' holds list"),
        (b'{"a": tru}', 7, "Expecting"),
        (b'{"b": 1}', 0, "no column 'a'"),
        (b'{"a": 1} x', 10, "Extra data"),
    ],
)
def test_what_is_no_strict_json_line_has_line_and_column(tmp_path: Path, line: bytes, column: int, wrong: str) -> None:
    path = write(tmp_path, b'{"a": 0}\n' + line + b"\n", "t.jsonl")
    message = refused(path, columns=["a"])
    assert message.startswith(f"2:{column}: " if column else "2: ") and wrong in message


def test_keys_nobody_asked_for_are_left_out_but_named_when_one_is_missing(tmp_path: Path) -> None:
    path = write(tmp_path, b'{"label": 1, "note": "x"}\n{"lable": 1}\n', "t.jsonl")
    rejects: list[Reject] = []
    rows = list(read_rows(path, columns=["label"], on_error="reject", rejects=rejects))
    assert [row.values for row in rows] == [{"label": 1}]
    assert rejects[0].line == 2 and "did you mean 'lable'?" in rejects[0].reason


def test_plain_lines_are_rows_and_blank_ones_stay(tmp_path: Path) -> None:
    assert cells(write(tmp_path, b'good\n\nbad, "x\n', "t.txt")) == [("good",), ("",), ('bad, "x',)]


def test_gzipped_tables_read_the_same(tmp_path: Path) -> None:
    assert cells(write(tmp_path, gzip.compress(HEADER + b"a,1\n"), "t.csv.gz")) == [("a", "1")]
    assert cells(write(tmp_path, gzip.compress(b'{"a": "x"}\n'), "t.jsonl.gz")) == [("x",)]


def test_stdin_is_read_only_as_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(b"text,label\ngood,1\n")

    monkeypatch.setattr("sys.stdin", Stdin())
    rows = list(read_rows("-", columns=["label"], form="csv"))
    assert [(row.line, row.values) for row in rows] == [(2, {"label": "1"})]


def test_parquet_gives_the_rows_and_their_kinds(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "t.parquet"
    table = pyarrow.table({"text": ["a", None], "y": [1.5, float("nan")], "n": [2**60 + 1, 2], "l": [[1], [2]]})
    parquet.write_table(table, path)
    assert [row.values for row in read_rows(path, columns=["n", "text", "y"])] == [
        {"n": 2**60 + 1, "text": "a", "y": 1.5},
        {"n": 2, "text": None, "y": None},
    ]
    assert "holds list" in refused(path)
    path.write_bytes(path.read_bytes()[:-30])
    assert "cannot be read as Parquet" in refused(path)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.dictionaries(
        st.text(max_size=4), st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    )
)
def test_json_lines_agree_with_the_json_module(tmp_path: Path, value: dict[str, object]) -> None:
    path = write(tmp_path, json.dumps(value, ensure_ascii=True).encode(), "t.jsonl")
    assert [row.values for row in read_rows(path)] == [value]
