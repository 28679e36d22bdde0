"""Tables of text are read whole or refused with file, line and column."""

from __future__ import annotations

import csv
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reading import read_rows
from recurra.datasets import lines, records, sources
from recurra.datasets.tables import Reject, read_columns
from recurra.errors import DataError, UsageError

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


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "gone.csv")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "d.csv"
    folder.mkdir()
    assert "found a folder" in refused(folder)


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    assert "no rows" in refused(write(tmp_path, b""))


def test_a_header_alone_is_told_as_zero_rows(tmp_path: Path) -> None:
    assert "0 rows after the header" in refused(write(tmp_path, HEADER))


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xef\xbb\xbf" + HEADER + b"good,1\n")
    assert read_columns(path) == ["text", "label"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_other_encodings_are_told_by_their_mark_and_read_when_named(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, "text,label\nbon été,1\n".encode(encoding))
    assert f"pass --encoding {encoding}" in refused(path)
    assert [row.values["text"] for row in read_rows(path, encoding=encoding)] == ["bon été"]


def test_utf_16_without_a_mark_is_guessed_from_its_nul_characters(tmp_path: Path) -> None:
    message = refused(write(tmp_path, "text,label\ngood,1\n".encode("utf-16-le")))
    assert "--encoding utf-16" in message


def test_a_fault_in_named_utf_16_tells_its_byte(tmp_path: Path) -> None:
    path = write(tmp_path, "text\nab\n".encode("utf-16") + b"\x00\xdc\x61\x00")
    assert "byte 18" in refused(path, encoding="utf-16")


def test_an_invalid_byte_has_line_column_offset_and_value(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + b"good,1\ncaf\xe9,0\nfine,1\n")
    message = refused(path)
    assert message.startswith("3:4: not utf-8 at byte 21") and "0xe9" in message


def test_rejecting_goes_on_after_a_bad_row_and_loses_nothing_good(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + b"good,1\ncaf\xe9,0\n\nx\na,b,c\nn\0l,1\nfine,1\n")
    rejects: list[Reject] = []
    rows = list(read_rows(path, on_error="reject", rejects=rejects))
    assert [(row.line, row.values["text"]) for row in rows] == [(2, "good"), (8, "fine")]
    assert [reject.line for reject in rejects] == [3, 4, 5, 6, 7]


def test_latin_1_is_read_when_named(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + b"caf\xe9,0\n")
    assert [row.values["text"] for row in read_rows(path, encoding="latin-1")] == ["café"]


def test_an_unknown_encoding_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown encoding"):
        list(read_rows(write(tmp_path, HEADER + b"a,b\n"), encoding="utf-9"))
    with pytest.raises(UsageError, match="unknown encoding"):
        list(read_rows(write(tmp_path, HEADER + b"a,b\n"), encoding="base64"))


def test_a_nul_character_has_line_and_column(tmp_path: Path) -> None:
    assert refused(write(tmp_path, HEADER + b"a\0b,1\n")).startswith("2:2: NUL")


def test_an_unclosed_quote_is_named_where_it_opened(tmp_path: Path) -> None:
    message = refused(write(tmp_path, HEADER + b'good,1\nbad,"op\n' + b"more,1\n" * 50))
    assert message.startswith("3:5: quote opened here is never closed")


def test_rejecting_an_unclosed_quote_keeps_the_rows_below(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + b'good,1\n"bad,1\nmore,1\nlast,0\n')
    rejects: list[Reject] = []
    rows = list(read_rows(path, on_error="reject", rejects=rejects))
    assert [(row.line, row.values["text"]) for row in rows] == [(2, "good"), (4, "more"), (5, "last")]
    assert [reject.line for reject in rejects] == [3]


def test_a_quote_closed_by_a_later_quote_is_named_where_it_opened(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + b'"bad,1\nmore,1\n"last",0\n')
    assert refused(path).startswith("2:1: quote opened here ends amid text on line 4, column 2")
    rows = list(read_rows(path, on_error="reject", rejects=(rejects := [])))
    assert [(row.line, row.values["text"]) for row in rows] == [(3, "more"), (4, "last")]
    assert [reject.line for reject in rejects] == [2]


def test_text_after_a_closing_quote_is_refused(tmp_path: Path) -> None:
    assert refused(write(tmp_path, HEADER + b'"a"b,1\n')).startswith("2:4: text after a closing quote")


def test_lines_stay_physical_over_quoted_line_ends(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + b'"a\n\nb",1\nc,0\n"d ""e""\r\nf",1\nx\n')
    rows = list(read_rows(path, on_error="reject", rejects=(rejects := [])))
    assert [(row.line, row.values["text"]) for row in rows] == [(2, "a\n\nb"), (5, "c"), (6, 'd "e"\nf')]
    assert rejects[0].line == 8


def test_a_cell_of_a_quoted_row_is_found_on_its_own_line(tmp_path: Path) -> None:
    row = next(read_rows(write(tmp_path, b'a,b,c\n"x\ny","z\n",1\n')))
    assert str(row.place("b")).endswith(":3:4") and str(row.place("c")).endswith(":4:3")


def test_a_field_over_128_kib_is_taken_and_one_over_the_cap_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, HEADER + b'"' + b"word\n" * 60_000 + b'",1\nshort,0\n')
    assert [len(str(row.values["text"])) for row in read_rows(path)] == [300_000, 5]
    monkeypatch.setattr(records, "LARGEST_FIELD", 200_000)
    assert refused(path).startswith("2:1: a quoted field grows over")


def test_a_line_without_end_stops_at_the_cap_without_growing_memory(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with path.open("wb") as stream:
        stream.truncate(200 << 20)
    tracemalloc.start()
    message = refused(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "line too long" in message
    assert peak < 6 * lines.LONGEST


@pytest.mark.parametrize(
    ("row", "column", "word", "fields"),
    [(b"only\n", 1, "short", 1), (b"a,b,c\n", 5, "long", 3), (b'"a",b,c\n', 7, "long", 3)],
)
def test_a_short_or_long_row_tells_found_and_due_fields(
    tmp_path: Path, row: bytes, column: int, word: str, fields: int
) -> None:
    message = refused(write(tmp_path, HEADER + row))
    assert message.startswith(f"2:{column}: {word} row; found {fields} fields; allowed: 2")


def test_a_column_name_twice_lists_both_positions(tmp_path: Path) -> None:
    assert "positions 1, 3" in refused(write(tmp_path, b"a,b,a\n1,2,3\n"))


def test_a_missing_column_lists_those_found_and_the_nearest(tmp_path: Path) -> None:
    message = refused(write(tmp_path, b"Text,labels\na,b\n"), columns=["label"])
    assert "did you mean 'labels'?" in message and "columns 'Text', 'labels'" in message


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", None])
@pytest.mark.parametrize("final", [True, False])
@pytest.mark.parametrize("chunk", [3, 1 << 20])
def test_all_line_ends_give_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: bytes | None, final: bool, chunk: int
) -> None:
    monkeypatch.setattr(sources, "CHUNK", chunk)
    ends = [end] * 4 if end else [b"\r\n", b"\n", b"\r", b"\n"]
    data = b"".join(line + each for line, each in zip([b"text,label", b"a,1", b'"b', b'c",2'], ends, strict=True))
    path = write(tmp_path, data if final else data.rstrip(b"\r\n"))
    assert [(row.line, *row.values.values()) for row in read_rows(path)] == [(2, "a", "1"), (3, "b\nc", "2")]


@pytest.mark.parametrize("mark", [";", "\t", "|", ","])
def test_the_delimiter_is_told_from_the_header(tmp_path: Path, mark: str) -> None:
    path = write(tmp_path, f"text{mark}label\na;b,c|d\t{mark}1\n".replace(f"{mark}{mark}", mark).encode())
    if mark == "|":
        rows = list(read_rows(path, columns=["text", "label"], on_error="reject", rejects=(rejects := [])))
        assert not rows and "long row" in rejects[0].reason
    else:
        assert read_columns(path) == ["text", "label"]


def test_the_delimiter_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path, b"text|x;label|y\na|b;c|d\n")
    assert read_columns(path, delimiter="|") == ["text", "x;label", "y"]


def test_blank_lines_at_the_end_are_nothing_and_inside_an_error(tmp_path: Path) -> None:
    assert cells(write(tmp_path, HEADER + b"a,1\n\n \n\r\n")) == [("a", "1")]
    assert refused(write(tmp_path, HEADER + b"a,1\n\n\nb,1\n")).startswith("3: blank line inside")
    assert refused(write(tmp_path, b'{"a":1}\n\n{"a":2}\n', "t.jsonl")).startswith("2: blank line inside")


def test_endless_blank_lines_are_refused(tmp_path: Path) -> None:
    assert "blank lines after one another" in refused(write(tmp_path, HEADER + b"a,1\n" + b"\n" * 20_000))


def test_formulas_are_data(tmp_path: Path) -> None:
    assert cells(write(tmp_path, HEADER + b"=cmd(),1\n")) == [("=cmd()", "1")]


def test_only_wanted_columns_are_given(tmp_path: Path) -> None:
    rows = list(read_rows(write(tmp_path, b"a,b,c\n1,2,3\n"), columns=["c", "a"]))
    assert rows[0].values == {"c": "3", "a": "1"}


def test_an_unknown_ending_lists_those_allowed(tmp_path: Path) -> None:
    assert ".parquet" in refused(write(tmp_path, b"x", "t.pkl"))


def test_zip_and_parquet_in_disguise_are_told(tmp_path: Path) -> None:
    assert "a zip archive" in refused(write(tmp_path, b"PK\x03\x04" + b"0" * 40))
    assert "a Parquet file" in refused(write(tmp_path, b"PAR1" + b"0" * 40))


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12) | st.sampled_from(
    ['"', '""', 'a"b', ",", "\n", '"\n,', "x\n\ny", " "]
)


def holds_something(row: tuple[str, str, str]) -> bool:
    """Rows without any value are nothing at the end of a file, and an error inside."""
    return any(cell.strip(" ") for cell in row)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(TEXT, TEXT, TEXT).filter(holds_something), min_size=1, max_size=8), chunk=st.integers(1, 40)
)
def test_what_the_csv_module_writes_comes_back_whatever_the_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, str, str]], chunk: int
) -> None:
    monkeypatch.setattr(sources, "CHUNK", chunk)
    path = tmp_path / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["a", "b", "c"])
        writer.writerows(rows)
    assert cells(path) == rows


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.text('ab",\n;\t', max_size=30).map(str.encode) | st.binary(max_size=60))
def test_no_bytes_break_the_reader_and_no_line_is_lost(tmp_path: Path, data: bytes) -> None:
    path = write(tmp_path, b"a,b\n" + data)
    rejects: list[Reject] = []
    try:
        rows = list(read_rows(path, on_error="reject", rejects=rejects, delimiter=","))
    except DataError:
        return
    known = sorted({row.line for row in rows} | {reject.line for reject in rejects})
    assert known and known[0] >= 2
    spans = sum(row.raw.count("\n") + 1 for row in rows)
    assert spans + len(rejects) <= len(data.splitlines())
