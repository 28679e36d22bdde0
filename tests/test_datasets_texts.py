"""Texts, labels and groups out of tables, and whether the labels can be learnt from."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from recurra.datasets.labels import (
    check_known_labels,
    check_training_labels,
    conflicting_labels,
    duplicates_across,
    label_variants,
)
from recurra.datasets.texts import read_running_text, read_texts
from recurra.errors import DataError


def write(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


@pytest.mark.parametrize(("text", "label"), [("Review", "Sentiment"), ("body", "queue"), ("sentence", "class")])
def test_obvious_column_names_are_guessed(tmp_path: Path, text: str, label: str) -> None:
    table = read_texts(write(tmp_path, f"id,{label},{text}\n7,pos,good\n8,neg,bad\n"))
    assert (table.texts, table.labels, table.groups, table.lines) == (["good", "bad"], ["pos", "neg"], None, [2, 3])


def test_named_columns_win_over_guessed_ones(tmp_path: Path) -> None:
    table = read_texts(write(tmp_path, "text,label,a,b,g\nx,y,1,2,f\n"), text="a", label="b", group="g")
    assert (table.texts, table.labels, table.groups) == (["1"], ["2"], ["f"])


def test_columns_that_cannot_be_guessed_are_listed(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n1,2\n")
    with pytest.raises(DataError, match="no text column; found columns 'a', 'b'"):
        read_texts(path)
    with pytest.raises(DataError, match="no label column; found columns 'a', 'b'"):
        read_texts(path, text="a", labelled=True)


def test_labels_can_be_absent_or_left_unread(tmp_path: Path) -> None:
    assert read_texts(write(tmp_path, "text,id\ngood,1\n")).labels is None
    assert read_texts(write(tmp_path, "text,label\ngood,\n"), labelled=False).labels is None


@pytest.mark.parametrize("cell", ["", "  ", "NaN", "None"])
def test_a_missing_label_is_a_row_error_with_its_place(tmp_path: Path, cell: str) -> None:
    path = write(tmp_path, f"text,label\nfine,1\ngood,{cell}\n")
    with pytest.raises(DataError, match=r"t\.csv:3:6: label is missing in column 'label'"):
        read_texts(path)
    table = read_texts(path, on_error="reject")
    assert table.texts == ["fine"] and [reject.line for reject in table.rejects] == [3]
    assert "1 rows were refused and left out" in table.warnings


def test_a_null_label_and_a_null_text_in_json_are_row_errors(tmp_path: Path) -> None:
    path = write(
        tmp_path, '{"text": "a", "label": null}\n{"text": null, "label": 1}\n{"text": "b", "label": 1}\n', "t.jsonl"
    )
    table = read_texts(path, on_error="reject")
    assert table.texts == ["b"]
    assert "t.jsonl:1:24: label is missing" in table.rejects[0].reason
    assert "t.jsonl:2:10: 'text' is no text" in table.rejects[1].reason


def test_labels_of_other_kinds_become_exact_texts(tmp_path: Path) -> None:
    rows = "".join(f'{{"text": "a", "label": {cell}}}\n' for cell in ("1", "1.0", "2.5", "true", str(2**60 + 1)))
    assert read_texts(write(tmp_path, rows, "t.jsonl")).labels == ["1", "1", "2.5", "true", str(2**60 + 1)]


def test_empty_texts_are_kept_and_counted(tmp_path: Path) -> None:
    table = read_texts(write(tmp_path, 'text,label\n"",1\n"  ",2\nx,1\n'))
    assert table.texts == ["", "  ", "x"]
    assert "2 texts are empty; they are kept" in table.warnings


def test_a_lone_surrogate_is_refused_in_json_and_in_bytes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"t\.jsonl:1:10: lone surrogate.*U\+D800"):
        read_texts(write(tmp_path, '{"text": "a\\ud800b"}\n', "t.jsonl"))
    with pytest.raises(DataError, match=r"t\.csv:2:2: not utf-8"):
        read_texts(write(tmp_path, "text\na\ud800b\n"))


def test_unusual_characters_are_kept_and_replacements_counted(tmp_path: Path) -> None:
    texts = ["\ufffd", "\ue000", "\ufffe", "\u202eabc\u200b", "👩‍👩‍👧", "a\x1b[31mb", "x\u2028y\x85z\x0bw"]
    table = read_texts(write(tmp_path, "text\n" + "\n".join(texts) + "\n"))
    assert table.texts == texts
    assert table.warnings == ["1 text holds U+FFFD: was it decoded wrongly?"]


def test_plain_lines_are_one_text_each_in_order(tmp_path: Path) -> None:
    table = read_texts(write(tmp_path, "good, really\n\nbad\n", "t.txt"))
    assert (table.texts, table.lines, table.labels) == (["good, really", "", "bad"], [1, 2, 3], None)


def test_stdin_gives_one_text_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(b"one\ntwo")

    monkeypatch.setattr("sys.stdin", Stdin())
    assert read_texts("-").texts == ["one", "two"]


def test_nothing_usable_is_an_error_that_tells_the_first_reason(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no usable row.*label is missing"):
        read_texts(write(tmp_path, "text,label\na,\n"), on_error="reject")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("end", [" ", "\n"])
def test_ten_megabytes_in_one_text_are_read_without_looking_back(tmp_path: Path, end: str) -> None:
    line = 'a "" b ' * 10 + end
    path = write(tmp_path, 'text,label\n"' + line * 150_000 + '",1\n')
    assert len(read_texts(path).texts[0]) == 150_000 * 61


def test_a_whole_text_has_one_kind_of_line_end_and_no_line_cap(tmp_path: Path) -> None:
    assert read_running_text(write(tmp_path, "\ufeffa\r\nb\rc\n", "t.txt")).text == "a\nb\nc\n"
    long = "abc " * 5_000_000
    assert read_running_text(write(tmp_path, long, "t.txt")).text == long


@pytest.mark.parametrize(
    ("data", "wrong"), [(b"", "no text"), (b" \n", "no text"), (b"a\nb\xff", "byte 3"), (b"a\0", "NUL")]
)
def test_what_is_no_whole_text_is_refused(tmp_path: Path, data: bytes, wrong: str) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(data)
    with pytest.raises(DataError, match=wrong):
        read_running_text(path)


def test_one_class_cannot_be_learnt() -> None:
    with pytest.raises(DataError, match="1 class, need 2 or more; found 'a'"):
        check_training_labels(["a", "a"])
    with pytest.raises(DataError, match="no labels to learn from"):
        check_training_labels(None)


def test_too_many_classes_ask_whether_it_is_an_id_column() -> None:
    assert check_training_labels([str(number // 2) for number in range(20_000)]) == []
    with pytest.raises(DataError, match=r"10,001 classes.*is this an id column\?"):
        check_training_labels([str(number) for number in range(10_001)])


def test_a_class_of_one_row_is_named() -> None:
    assert check_training_labels(["a", "a", "b"]) == ["1 class has one row only, which stays in training: 'b'"]


def test_labels_that_differ_by_space_case_or_form_are_shown_together() -> None:
    warnings = label_variants(["Good", " good", "bad", "café", "cafe\u0301", "x\x1b"])
    assert len(warnings) == 2
    assert "'Good', ' good'" in warnings[0] and "café" in warnings[1]


def test_conflicting_labels_are_counted() -> None:
    assert "2 texts have more than one label, such as 'a'" in conflicting_labels(list("aabbc"), list("01011"))[0]
    assert conflicting_labels(["a", "a"], ["1", "1"]) == []


def test_texts_in_both_parts_are_counted_as_a_leak() -> None:
    assert duplicates_across(["a", "b"], ["b", "c", "b"]) == ["leak: 2 of 3 test texts stand in the training part too"]
    assert duplicates_across(["a"], ["b"]) == []


def test_labels_only_outside_training_are_listed() -> None:
    with pytest.raises(
        DataError, match=r"the test part has 1 label that training has not; found 'c'; allowed: 'a', 'b'"
    ):
        check_known_labels(["a", "b"], ["a", "c"], part="test")
    check_known_labels(["a", "b"], ["b"])


@pytest.mark.parametrize("other", ["bad\ufeff", "ba\u200bd", "\u202abad\u202c", "b\u00adad"])
def test_labels_that_differ_by_what_nobody_sees_are_shown_together(other: str) -> None:
    assert label_variants(["bad", other]) == [
        f"labels that differ only by space, case or form are different classes: 'bad', {other!r}"
    ]


@pytest.mark.parametrize("names", [["1", "1.0"], ["0.0", "0", "no"], ["01", "1"], ["+1", "1"], ["１", "1.00"]])
def test_labels_that_are_one_number_are_shown_together(names: list[str]) -> None:
    pair = [repr(name) for name in names if name != "no"]
    assert label_variants(names) == [f"labels that are one number are different classes: {', '.join(pair)}"]


@pytest.mark.parametrize(
    "names", [["1", "10"], ["1.5", "1"], ["1e3", "1000"], ["9007199254740993", "9007199254740992"]]
)
def test_labels_of_different_numbers_are_no_slip(names: list[str]) -> None:
    assert label_variants(names) == []


@pytest.mark.parametrize("names", [["1", "True"], ["0", "false"], ["1", "1,0"], ["0,5", "0.50"], ["1,000", "1000"]])
def test_labels_that_may_be_one_number_or_truth_value_are_shown_together(names: list[str]) -> None:
    told = f"labels that may be one number or truth value are different classes: {names[0]!r}, {names[1]!r}"
    assert label_variants(names) == [told] and check_training_labels(names * 2) == [told]
    assert label_variants(["1", "false", "1,5", "15", "1,2,3", "yes"]) == []
    assert "differ only by space, case or form" in label_variants(["True", "true"])[0]
