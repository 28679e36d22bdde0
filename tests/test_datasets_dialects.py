"""Delimiter, quoting and header are told by a file's first lines, and what was taken for them is said."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from delimited_files import read, refused, write
from reading import read_rows, read_series
from recurra.datasets import formats
from recurra.datasets.tables import open_table, read_columns
from recurra.datasets.texts import read_texts
from recurra.errors import DataError, UsageError

# Headers


def test_a_list_of_texts_without_a_header_keeps_its_first_text_and_says_so(tmp_path: Path) -> None:
    for name in ("t.csv", "t.tsv"):
        table = read(tmp_path, "a quiet little garden\nthe bed broke\nfine\n", name)
        assert table.texts == ["a quiet little garden", "the bed broke", "fine"] and table.lines == [1, 2, 3]
        (warning,) = table.warnings
        assert f"{name}:1: taken for data, not for a header" in warning and "header=True" in warning


def test_a_first_line_that_could_be_either_is_named(tmp_path: Path) -> None:
    table = read(tmp_path, "quiet garden\nthe bed broke\nfine enough\n")
    assert table.texts == ["the bed broke", "fine enough"]
    assert "t.csv:1: 'quiet garden' was taken for the column's name, not for data" in table.warnings[0]
    assert "'fine' was taken for the column's name" in refused(tmp_path, "fine\n")


def test_what_the_caller_says_of_the_header_is_done_without_a_word(tmp_path: Path) -> None:
    text = "quiet garden\nthe bed broke\n"
    assert read(tmp_path, text, header=False).texts == ["quiet garden", "the bed broke"]
    assert read(tmp_path, "a quiet little garden\nthe bed broke\n", header=True).texts == ["the bed broke"]
    assert not read(tmp_path, text, header=False).warnings and not read(tmp_path, text, header=True).warnings
    assert read(tmp_path, "text,label\na,b\n", header=False, text="1").texts == ["text", "a"]


@pytest.mark.parametrize("first", ["text", "Review", " body "])
def test_a_usual_name_is_a_header_without_a_word(tmp_path: Path, first: str) -> None:
    table = read(tmp_path, f"{first}\nfine\n")
    assert table.texts == ["fine"] and not table.warnings


def test_a_name_above_numbers_is_a_header_and_a_number_above_numbers_is_none(tmp_path: Path) -> None:
    assert read_series(write(tmp_path, "T1\n5\n6\n")).warnings == []
    table = read_series(write(tmp_path, "5\n6\n7\n"))
    assert table.values["t"].tolist() == [5, 6, 7] and "taken for data" in table.warnings[0]
    dated = write(tmp_path, "2024-01-01,5\n2024-01-02,6\n")
    with pytest.raises(DataError, match=r"columns '1', '2'.*header=True: line 1 was taken for data"):
        read_series(dated)
    assert read_series(dated, ds="1", y="2").values["t"].tolist() == [5, 6]


@pytest.mark.parametrize("text", ["0,1\na b,good\nc,bad\n", ",0,1\n0,a b,good\n1,c,bad\n"])
def test_columns_counted_from_0_are_a_header_as_frames_without_names_write_it(tmp_path: Path, text: str) -> None:
    table = read(tmp_path, text, text="0", label="1")
    assert (table.texts, table.labels) == (["a b", "c"], ["good", "bad"])


@pytest.mark.parametrize(("first", "lost"), [("10/10", False), ("time", True), ("0", True), ("0.5", False)])
def test_a_list_of_texts_may_begin_with_a_number_or_a_usual_word(tmp_path: Path, first: str, lost: bool) -> None:
    table = read(tmp_path, f"{first}\nfine garden\nthe bed broke\n")
    assert len(table) == 3 - lost and f"t.csv:1: {repr(first) + ' was ' if lost else ''}taken for" in table.warnings[0]


def test_columns_named_by_number_stay_the_same_in_the_next_file(tmp_path: Path) -> None:
    learnt = read(tmp_path, "great,good\nbad,bad\n", header=False, text="1", label="2").columns
    again = read(tmp_path, "fine,bad\nnice,good\n", header=False, learnt=learnt)
    assert (again.texts, again.labels, again.warnings) == (["fine", "nice"], ["bad", "good"], [])


def test_years_as_columns_are_a_header(tmp_path: Path) -> None:
    assert read_columns(write(tmp_path, "region,2019,2020\nnorth,5,6\nsouth,7,8\n")) == ["region", "2019", "2020"]


def test_a_first_line_of_data_among_labelled_rows_is_told_by_its_label(tmp_path: Path) -> None:
    rows = "a quiet little garden,good\nthe bed broke,bad\nfine,good\n"
    table = read(tmp_path, rows, text="1", label="2")
    assert table.texts[0] == "a quiet little garden" and table.labels == ["good", "bad", "good"]
    assert "columns '1', '2'" in refused(tmp_path, rows)
    short = "great,good\nbad,bad\nfine,good\n"
    assert "header=False if line 1 is data" in refused(tmp_path, short)
    assert read(tmp_path, short, header=False, text="1", label="2").texts == ["great", "bad", "fine"]


def test_a_header_that_stands_again_amid_the_rows_is_no_row(tmp_path: Path) -> None:
    marked = read(tmp_path, "\ufefftext,label\na,x\n\ufefftext,label\nb,y\n")
    table = read(tmp_path, "text,label\na,x\ntext,label\nb,y\n")
    assert table.texts == marked.texts == ["a", "b"] and table.lines == [2, 4]
    assert "1 lines repeat the header, left out; the first is line 3" in table.warnings


def test_how_a_file_is_read_is_told_in_one_line(tmp_path: Path) -> None:
    told = open_table(write(tmp_path, 'sep=;\ntext;label\n"a;b";x\n')).note
    assert "delimiter ';' (told by the file)" in told and "quoting csv (told by the file)" in told
    assert "header on line 2 (told by the file): columns 'text', 'label'" in told
    told = open_table(write(tmp_path, "a\tb\n"), delimiter="tab", quoting="none", header=False, encoding="cp1252").note
    assert "in cp1252, delimiter '\\t' (asked for), quoting none (asked for), no header (asked for)" in told


# Delimiters


@pytest.mark.parametrize("mark", [*formats.DELIMITERS, "^", "~", ":", "::", "||", "§"])
@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
def test_any_delimiter_between_usual_names_is_taken(tmp_path: Path, mark: str, name: str) -> None:
    table = read(tmp_path, f"text{mark}label\na b{mark}x\nc d{mark}y\n", name)
    assert (table.texts, table.labels) == (["a b", "c d"], ["x", "y"])
    assert bool(table.warnings) == (mark[0] not in formats.DELIMITERS)


def test_the_delimiter_that_cuts_all_rows_alike_wins_over_commas_in_numbers(tmp_path: Path) -> None:
    rows = [tuple(row.values.values()) for row in read_rows(write(tmp_path, "a;b\n1,5;2,5\n2,5;3,5\n"))]
    assert rows == [("1,5", "2,5"), ("2,5", "3,5")]
    assert read_columns(write(tmp_path, "1,5;2,5\n2,5;3,5\n")) == ["1", "2"]


def test_quoted_names_may_hold_delimiters(tmp_path: Path) -> None:
    assert read_columns(write(tmp_path, '"text, whole";label\na,b;x\n')) == ["text, whole", "label"]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;", "\ufeffsep=;"])
def test_the_line_by_which_spreadsheets_name_the_delimiter_is_no_row(tmp_path: Path, first: str) -> None:
    for end in ("\n", "\r\n", "\r"):
        table = read(tmp_path, end.join([first, "text;label", "a,b;x", ""]))
        assert (table.texts, table.labels, table.lines) == (["a,b"], ["x"], [3]) and not table.warnings


def test_the_delimiters_line_is_seen_in_utf_16_in_gzip_and_for_series(tmp_path: Path) -> None:
    assert read_texts(write(tmp_path, "sep=;\ntext\na\n", encoding="utf-16"), encoding="utf-16").texts == ["a"]
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"sep=|\ntext|label\na|x\n"))
    assert read_texts(tmp_path / "t.csv.gz").labels == ["x"]
    assert read_series(write(tmp_path, "sep=;\nds;y\n1;5\n2;6\n")).values["t"].tolist() == [5, 6]
    assert read(tmp_path, "sep=;\ntext,label\na;b,x\n", delimiter=",").texts == ["a;b"]
    assert "no rows" in refused(tmp_path, "sep=;\n")


def test_a_title_above_the_header_is_named(tmp_path: Path) -> None:
    assert "remove line 1 if it is a title" in refused(tmp_path, "Sales\ntext,label\na,x\n")


def test_a_row_cut_by_another_delimiter_names_it(tmp_path: Path) -> None:
    assert "delimiter= if it is ';'" in refused(tmp_path, "text,label\na;x\n")
    assert "short row" in refused(tmp_path, "text|label\na\n")


# Blank columns and rows


def test_columns_without_a_name_are_no_reason_to_refuse(tmp_path: Path) -> None:
    table = read(tmp_path, 'v1,v2,,,\nbad,"a, b",,,\ngood,c,,,\n', text="v2", label="v1")
    assert (table.texts, table.labels, table.warnings) == (["a, b", "c"], ["bad", "good"], [])
    assert [row.values for row in read_rows(tmp_path / "t.csv")][1] == {"v1": "good", "v2": "c"}
    with pytest.raises(DataError, match="no column ''; found columns 'v1', 'v2'"):
        list(read_rows(tmp_path / "t.csv", columns=[""]))


def test_values_in_columns_without_a_name_are_counted_but_a_frames_index_is_not(tmp_path: Path) -> None:
    table = read(tmp_path, "v1,v2,,\nbad,a,,\ngood,b,more,\n", text="v2", label="v1")
    assert "1 rows hold values in columns without a name, left out; the first on line 3" in table.warnings
    assert not read(tmp_path, ",text,label\n0,a,x\n1,b,y\n").warnings


@pytest.mark.parametrize("index", ["2024-01-01", "20240101", "shop 1", "2.5"])
def test_times_and_names_in_a_first_column_without_a_name_are_told(tmp_path: Path, index: str) -> None:
    told = "1 rows hold values in columns without a name, left out; the first on line 2"
    assert any(told in warning for warning in read(tmp_path, f",text\n{index},a\n").warnings)
    assert any(told in warning for warning in read_series(write(tmp_path, f",y\n{index},5\n,6\n")).warnings)


@pytest.mark.parametrize("index", ["0", "1048576", "7.0", " "])
def test_a_frames_count_of_its_rows_in_a_column_without_a_name_says_nothing(tmp_path: Path, index: str) -> None:
    assert not read(tmp_path, f",text,label\n{index},a,b\n").warnings


@pytest.mark.parametrize(("mark", "name"), [(",", "t.csv"), (";", "t.csv"), ("\t", "t.tsv")])
def test_rows_of_delimiters_alone_are_nothing_at_the_end_and_an_error_inside(
    tmp_path: Path, mark: str, name: str
) -> None:
    head = f"text{mark}label\r\na{mark}x\r\n"
    assert read(tmp_path, head + f"{mark}\r\n {mark} \r\n\r\n{mark}\r\n", name).texts == ["a"]
    assert refused(tmp_path, head + f"{mark}\r\nb{mark}y\r\n", name).startswith("3: blank line inside the table")
    table = read(tmp_path, head + f"{mark}\r\nb{mark}y\r\n", name, on_error="reject")
    assert table.texts == ["a", "b"] and [reject.line for reject in table.rejects] == [3]


def test_empty_quotes_are_a_value_and_series_end_before_empty_rows(tmp_path: Path) -> None:
    assert read(tmp_path, 'id,text\n1,a\n"",""\n').texts == ["a", ""]
    assert read_series(write(tmp_path, "ds,y\n1,5\n2,6\n,\n,\n")).values["t"].tolist() == [5, 6]


# Options and forms


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"delimiter": "ab"}, "--delimiter; found 'ab'"),
        ({"delimiter": '"'}, "--delimiter"),
        ({"quoting": "single"}, "--quoting; found 'single'; allowed: csv, none, backslash"),
        ({"form": "xls"}, "--form; found 'xls'"),
    ],
)
def test_an_option_that_is_none_is_a_usage_error(tmp_path: Path, options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told.replace("(", r"\(")):
        read(tmp_path, "text\na\n", **options)
    with pytest.raises(TypeError):
        read(tmp_path, "text\na\n", delimeter=",")


@pytest.mark.parametrize("option", [{"delimiter": ","}, {"quoting": "none"}, {"header": False}])
def test_an_option_that_the_form_does_not_read_is_refused(tmp_path: Path, option: dict[str, Any]) -> None:
    for name, text in (("t.txt", "a\n"), ("t.jsonl", '{"text": "a"}\n')):
        with pytest.raises(UsageError, match="is for tables"):
            read(tmp_path, text, name, **option)


def test_a_form_can_be_named_whatever_the_ending(tmp_path: Path) -> None:
    assert read(tmp_path, "text,label\na,x\n", "t.data", form="csv").labels == ["x"]
    assert read(tmp_path, '{"text": "a"}\n', "t.csv", form="jsonl").texts == ["a"]
    assert "form='…'" in refused(tmp_path, "text\na\n", "t.data")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("text\tlabel\na b\tx\nc d\ty\n", "look like a table cut by '\\t'"),
        ("text,label\na b,x\nc d,y\n", "look like a table cut by ','"),
        ('{"text": "a"}\n{"text": "b"}\n', "looks like a JSON object"),
        ("text\na b\n", "t.txt:1: 'text' is taken for a text"),
    ],
)
def test_lines_that_look_like_a_table_are_told(tmp_path: Path, text: str, told: str) -> None:
    table = read(tmp_path, text, "t.txt")
    assert len(table) == text.count("\n") and told in table.warnings[0] and "form=" in table.warnings[0]
    assert not read(tmp_path, "Well, then\nText, body, soul\n", "t.txt").warnings


@pytest.mark.parametrize(
    ("text", "told"),
    [('{"text": "a"}\n', "JSON"), ('[{"text": "a"}]', "JSON"), ("<!DOCTYPE html>\n<p>", "an HTML page")],
)
def test_what_is_no_delimited_table_is_named(tmp_path: Path, text: str, told: str) -> None:
    assert f"1: not a delimited table; found {told}" in refused(tmp_path, text)
