"""JSON as exports write it: lines or one array, whatever the ending, columns missing here and there."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reading import read_rows, read_series
from recurra.datasets import json_objects, sources
from recurra.datasets.tables import Reject, read_columns
from recurra.datasets.texts import read_running_text, read_texts
from recurra.errors import DataError

ROWS = [{"text": "a ] } , [", "label": "x"}, {"text": 'b \\ "c"', "label": "y"}]


def write(folder: Path, text: str | bytes, name: str = "t.json") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        list(read_rows(path, **options))
    return str(caught.value).removeprefix(f"{path}:")


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("name", ["t.json", "t.jsonl", "t.json.gz"])
def test_an_array_of_objects_is_told_by_its_first_character(tmp_path: Path, indent: int | None, name: str) -> None:
    text = ("\n " + json.dumps(ROWS, indent=indent) + "\n").encode()
    table = read_texts(write(tmp_path, gzip.compress(text) if name.endswith("gz") else text, name))
    assert (table.texts, table.labels) == ([row["text"] for row in ROWS], ["x", "y"])
    assert table.lines == ([2, 2] if indent is None else [3, 7])


def test_json_lines_named_json_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, "".join(json.dumps(row) + "\n" for row in ROWS))
    assert read_texts(path).labels == ["x", "y"]
    assert read_running_text(path).text == 'a ] } , [\nb \\ "c"'


def test_series_are_read_from_an_array(tmp_path: Path) -> None:
    assert read_series(write(tmp_path, '[{"ds": 1, "y": 5}, {"ds": 2, "y": 6}]')).values["t"].tolist() == [5, 6]


def test_a_fault_in_an_element_has_its_line_and_column_and_can_be_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, '[{"text": "a"},\n {"text": tru},\n {"text": [1]}, {"text":\n  5},\n7, {"text": "b"}]')
    rejects: list[Reject] = []
    rows = list(read_rows(path, columns=["text"], on_error="reject", rejects=rejects))
    assert [(row.line, row.values["text"]) for row in rows] == [(1, "a"), (3, 5), (5, "b")]
    places = [reject.reason.removeprefix(f"{path}:").split(": ")[0] for reject in rejects]
    assert places == ["2:11", "3:11", "5:1"]
    with pytest.raises(DataError, match=r"t\.json:4:3: 'text' is no text"):
        read_texts(write(tmp_path, '[{"text": "a"},\n\n {"text":\n  5}]'))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[{"a": 1},\n{"a": 1}', "2:1: the array never ends"),
        ('[{"a": 1}, {"a": "', "1:12: the array never ends"),
        ('[{"a": 1}]\n x', "2:2: text behind the array"),
        ('[{"a": 1}]\n[{"a": 1}]', "2:1: text behind the array"),
        ('[{"a": 1},]', "1:11: Expecting value"),
        ('[{"a": 1}}]', "1:11: text behind the array"),
        ('["a"]', "1:2: a row must be an object, found a text"),
        ("[[1]]", "1:2: a row must be an object, found an array"),
        ("[ ]", "no rows"),
        ("", "no rows"),
        ("[" * 100_000, "the array never ends"),
        ('[{"a": ' + "[" * 100_000 + "]" * 100_000 + "}]", "1:71: nested deeper"),
        ('[{"a": 1, "a": 2}]', "1:11: key 'a' twice"),
        ('[{"a": NaN}]', "1:8: NaN"),
    ],
)
def test_what_is_no_array_of_objects_is_refused_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    assert told in refused(write(tmp_path, text))


@pytest.mark.parametrize(
    "table",
    [
        {"text": {"0": "a"}, "label": {"0": "x"}},
        {"columns": ["text"], "index": [0], "data": [["a"]]},
        {"0": {"text": "a"}, "1": {"text": "b"}},
        {"text": ["a", "b"]},
    ],
)
def test_an_object_that_holds_a_whole_table_is_named(tmp_path: Path, table: dict[str, Any]) -> None:
    assert "1: one object that holds the whole table" in refused(write(tmp_path, json.dumps(table)))


def test_a_byte_that_is_not_in_the_encoding_is_its_rows_fault(tmp_path: Path) -> None:
    path = write(tmp_path, b'[{"text": "don\x92t"},\n{"text": "b"}]')
    assert refused(path).startswith("1:15: not utf-8; found byte 0x92; pass --encoding cp1252")
    assert [row.line for row in read_rows(path, on_error="reject")] == [2]
    assert [row.values["text"] for row in read_rows(path, encoding="cp1252")] == ["don’t", "b"]


def test_an_element_has_a_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_objects, "LONGEST", 100)
    assert len(list(read_rows(write(tmp_path, "[" + ",".join(['{"a": 1}'] * 100) + "]")))) == 100
    assert "element too long" in refused(write(tmp_path, '[{"a": "' + "b" * 100 + '"}]'))


def test_columns_are_those_of_the_first_objects_together(tmp_path: Path) -> None:
    path = write(tmp_path, '{"text": "a", "id": 3}\n{"text": "b", "label": "x"}\n{"label": "y"}\n', "t.jsonl")
    assert read_columns(path) == ["text", "id", "label"]
    with pytest.raises(DataError, match=r"t\.jsonl:1: no column 'label' in this row; found columns 'text', 'id'"):
        read_texts(path)
    table = read_texts(path, on_error="reject")
    assert table.texts == ["b"] and [reject.line for reject in table.rejects] == [1, 3]


def test_a_broken_first_object_is_one_bad_row(tmp_path: Path) -> None:
    path = write(tmp_path, '{"text"\n{"text": "b", "label": "x"}\n', "t.jsonl")
    assert refused(path).startswith("1:8: ")
    assert read_texts(path, on_error="reject").texts == ["b"]


VALUES = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(['"', "\\", "]", "},{", "\n"])
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.dictionaries(st.text(max_size=3), VALUES, min_size=1), min_size=1, max_size=5),
    indent=st.none() | st.integers(0, 2),
    ascii_only=st.booleans(),
    chunk=st.integers(1, 40),
)
def test_arrays_agree_with_the_json_module_whatever_the_chunks(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: list[dict[str, Any]],
    indent: int | None,
    ascii_only: bool,
    chunk: int,
) -> None:
    monkeypatch.setattr(sources, "CHUNK", chunk)
    path = write(tmp_path, json.dumps(rows, indent=indent, ensure_ascii=ascii_only))
    assert [row.values for row in read_rows(path)] == rows


@pytest.mark.parametrize("form", ["lines", "array"])
def test_a_named_column_that_first_stands_far_below_is_a_column(form: str, tmp_path: Path) -> None:
    rows = [{"text": f"t{row}"} | ({"label": "ab"[row % 2]} if row >= 120 else {}) for row in range(150)]
    written = json.dumps(rows) if form == "array" else "".join(json.dumps(row) + "\n" for row in rows)
    path = write(tmp_path, written)
    with pytest.raises(DataError, match=r":1: no column 'label' in this row; .*or leave the row out"):
        read_texts(path, label="label")
    table = read_texts(path, label="label", on_error="reject")
    assert table.labels == ["a", "b"] * 15 and len(table.rejects) == 120
    with pytest.raises(DataError, match="no column 'lable'; found columns 'text'"):
        read_texts(path, label="lable")
    steps = [{"ds": row, "y": row} | ({"shop": "a"} if row > 110 else {}) for row in range(150)]
    with pytest.raises(DataError, match=":1: no column 'shop' in this row"):
        read_series(write(tmp_path, "".join(json.dumps(row) + "\n" for row in steps)), unique_id="shop")
