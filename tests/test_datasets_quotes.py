"""Quotes that are plain text, that swallow rows, that backslashes escape: each is read as meant, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from delimited_files import read, refused, write
from reading import read_series
from recurra.datasets.texts import read_running_text
from recurra.errors import DataError

LITERAL = 'label\ttext\ngood\t"best stay\nbad\tcold soup\nbad\tonly 19"\ngood\thelped\n'


def test_a_quote_that_swallows_rows_is_refused_where_it_opened(tmp_path: Path) -> None:
    message = refused(tmp_path, LITERAL, "t.tsv")
    assert message.startswith("2:6: quote opened here closes on line 4, and each line up to there is a row of its own")
    assert "quoting='none'" in message and "quoting='csv'" in message
    table = read(tmp_path, LITERAL, "t.tsv", on_error="reject")
    assert table.lines == [3, 4, 5] and [reject.line for reject in table.rejects] == [2]


def test_quotes_are_plain_text_or_meant_when_the_caller_says_so(tmp_path: Path) -> None:
    plain = read(tmp_path, LITERAL, "t.tsv", quoting="none")
    assert plain.texts == ['"best stay', "cold soup", 'only 19"', "helped"] and plain.lines == [2, 3, 4, 5]
    meant = read(tmp_path, LITERAL, "t.tsv", quoting="csv")
    assert meant.texts == ["best stay\nbad\tcold soup\nbad\tonly 19", "helped"] and not meant.warnings


@pytest.mark.parametrize("quote", ['"best" stay', '"best stay'])
def test_a_quote_that_ends_amid_text_or_never_names_the_way_out(tmp_path: Path, quote: str) -> None:
    text = f"label\ttext\ngood\t{quote}\nbad\tcold soup\n"
    assert "pass quoting='none'" in refused(tmp_path, text, "t.tsv")
    assert read(tmp_path, text, "t.tsv", quoting="none").texts == [quote, "cold soup"]


def test_swallowed_rows_are_seen_far_down_in_one_column_in_series_and_in_running_text(tmp_path: Path) -> None:
    far = "label\ttext\n" + "".join(f"good\tday {day}\n" for day in range(300)) + LITERAL.split("\n", 1)[1]
    assert refused(tmp_path, far, "t.tsv").startswith("302:6: quote opened here closes on line 304")
    column = 'text\nfine\n"best stay\ncold soup\nonly 19"\n'
    assert refused(tmp_path, column).startswith("3:1: quote opened here closes on line 5")
    with pytest.raises(DataError, match="quote opened here closes on line 5"):
        read_running_text(tmp_path / "t.csv")
    with pytest.raises(DataError, match=r":2:1: quote opened here closes on line 3"):
        read_series(write(tmp_path, 'unique_id,ds,y\n"a,1,5\na",2,6\n'))


def test_rows_swallowed_into_a_row_of_another_width_are_read_all_the_same(tmp_path: Path) -> None:
    text = 'id\tlabel\ttext\n1\tgood\t"best\n2\tbad\t"worst"\n3\t"good"\tfine\n4\tbad\t"cold\n5\tbad"\tsoup\n'
    table = read(tmp_path, text, "t.tsv", on_error="reject")
    assert table.lines == [3, 4, 6] and table.texts == ["worst", "fine", "soup"]
    assert [reject.line for reject in table.rejects] == [2, 5]
    assert "4:3: quote" not in table.rejects[0].reason and "quote opened here" in table.rejects[1].reason


def test_fields_over_several_lines_stay_where_quotes_are_seen_to_be_meant(tmp_path: Path) -> None:
    letters = 'label,text\nham,"Hi John\nThanks, bye"\nspam,"win, now"\nham,"a\n\nb"\n'
    table = read(tmp_path, letters)
    assert table.texts == ["Hi John\nThanks, bye", "win, now", "a\n\nb"]
    assert table.warnings == [
        "1 quoted fields hold lines that would be rows themselves, the first on line 2; "
        "if quotes are plain text, pass quoting='none'"
    ]
    assert read(tmp_path, 'label,text\nham,"Dear Sir,\nI write"\n').texts == ["Dear Sir,\nI write"]


def test_backslashes_before_quotes_are_told_by_the_file(tmp_path: Path) -> None:
    rows = '"id"\t"review"\n"1"\t"he said \\"no\\" twice"\n"2"\t"C:\\\\ \\"x\\""\n'
    table = read(tmp_path, rows, "t.tsv")
    assert table.texts == ['he said "no" twice', 'C:\\ "x"'] and "quoting backslash (told by the file)" in table.note
    commas = 'text,label\n"a, \\"b, c\\"",x\n"d ""e""",y\n'
    assert read(tmp_path, commas).texts == ['a, "b, c"', 'd "e"']


def test_backslashes_beyond_the_first_lines_are_named_and_read_when_asked_for(tmp_path: Path) -> None:
    rows = "text,label\n" + "fine,x\n" * 200 + '"he said \\"no\\"",y\n'
    message = refused(tmp_path, rows)
    assert message.startswith("202:") and "quoting='backslash'" in message
    assert read(tmp_path, rows, quoting="backslash").texts[-1] == 'he said "no"'


def test_a_backslash_before_the_closing_quote_is_text_unless_said_otherwise(tmp_path: Path) -> None:
    assert read(tmp_path, 'text,label\n"C:\\",x\n"a, b",y\n').texts == ["C:\\", "a, b"]


def test_quotes_behind_a_space_are_told_to_be_part_of_the_value(tmp_path: Path) -> None:
    table = read(tmp_path, 'text,label\n"a, b", "x"\nc, "y"\n')
    assert table.labels == [' "x"', ' "y"']
    assert "2 fields keep their quotes, since spaces stand before them, the first on line 2" in table.warnings
