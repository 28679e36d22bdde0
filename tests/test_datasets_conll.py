"""Files of tagged tokens: what is read, and the line that tells what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from recurra.datasets.conll import TaggedSentences, TagReading, read_conll
from recurra.errors import DataError

PLAIN = "-DOCSTART- -X- O\n\nAda NNP B-PER\nsees VBZ O\n\n\nParis NNP B-LOC\n-DOCSTART- -X- O\n\n# NN O\n"


def read(folder: Path, text: str, name: str = "rows.conll", labelled: bool = True, **reading: str) -> TaggedSentences:
    path = folder / name
    path.write_bytes(text.encode("utf-8"))
    return read_conll(path, TagReading(**reading), labelled=labelled)


def test_sentences_documents_and_lines_are_told(tmp_path: Path) -> None:
    found = read(tmp_path, PLAIN)
    assert found.tokens == [["Ada", "sees"], ["Paris"], ["#"]]
    assert found.tags == [["B-PER", "O"], ["B-LOC"], ["O"]]
    assert found.lines == [3, 7, 10] and found.documents == [1, 1, 2]
    assert found.columns == "tokens from column 1, tags from column 3"


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_every_line_end_and_a_byte_order_mark_are_read(tmp_path: Path, end: str) -> None:
    assert read(tmp_path, "\ufeff" + PLAIN.replace("\n", end)).tokens == read(tmp_path, PLAIN).tokens


def test_columns_are_chosen_by_number_from_either_end_and_by_name(tmp_path: Path) -> None:
    assert read(tmp_path, PLAIN, label="2").tags == read(tmp_path, PLAIN, label="-2").tags
    headed = "word pos ner\n\nAda NNP B-PER\n"
    found = read(tmp_path, headed, token="word", label="ner")
    assert found.tokens == [["Ada"]] and found.tags == [["B-PER"]]
    assert found.columns == "tokens from column 'word', tags from column 'ner'"


def test_tabs_part_columns_whose_cells_hold_spaces(tmp_path: Path) -> None:
    found = read(tmp_path, "New York\tB-LOC\nis\tO\n")
    assert found.tokens == [["New York", "is"]]


def test_conll_u_is_read_by_its_names_without_comments_ranges_and_empty_nodes(tmp_path: Path) -> None:
    rest = "\t_\t_\t0\troot\t_\t_\n"
    words = "1-2\tdu\t_\t_" + rest + "1\tde\tde\tADP" + rest + "2\tle\tle\tDET" + rest + "2.1\tx\tx\tVERB" + rest
    found = read(tmp_path, "# newdoc\n# sent_id = 1\n# text = du\n" + words + "\n", "rows.conllu")
    assert found.tokens == [["de", "le"]] and found.tags == [["ADP", "DET"]]
    named = "# global.columns = ID FORM XPOS\n1\tdu\tP\n"
    assert read(tmp_path, named, label="XPOS").tags == [["P"]]


def test_without_tags_one_column_is_enough(tmp_path: Path) -> None:
    found = read(tmp_path, "Ada\nsees\n", labelled=False)
    assert found.tokens == [["Ada", "sees"]] and found.tags is None


@pytest.mark.parametrize(
    ("text", "reading", "told"),
    [
        ("Ada B-PER\nsees\n", {}, "rows.conll:2: a line of another number of columns; found 1; allowed: 2, as line 1"),
        ("Ada B-PER\n\nsees VBZ O\n", {}, "rows.conll:3: a line of another number of columns; found 3"),
        ("Ada\tB-PER\nsees O\n", {}, "rows.conll:2: a line of another number of columns; found 1; .* apart by tabs"),
        ("Ada\tO\n\tO\n", {}, "rows.conll:2: no token; found an empty column 1"),
        ("Ada\tO\nsees\t\n", {}, "rows.conll:2: no tag; found an empty column 2"),
        ("Ada\n", {}, "rows.conll:1: no column of tags; found one column"),
        ("Ada O\n", {"label": "3"}, "rows.conll:1: no column 3; found 2 columns; allowed: 1 to 2, or -1"),
        ("Ada O\n", {"label": "0"}, "no column 0"),
        ("Ada O\n", {"label": "1"}, "tokens and tags are one column"),
        ("Ada O\n", {"label": "ner"}, "rows.conll:1: no column 'ner'; found 2 columns without names"),
        ("\n\n", {}, "rows.conll: no tokens"),
        ("", {}, "rows.conll: no tokens"),
        ("-DOCSTART- O\n", {}, "rows.conll: no tokens"),
        ("Ada\0 O\n", {}, "rows.conll:1.*NUL"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, reading: dict[str, str], told: str) -> None:
    with pytest.raises(DataError, match=told):
        read(tmp_path, text, **reading)
