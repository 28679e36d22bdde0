"""A form of file is a function that makes a table and a line in FORMS: every door reads it then.

Not here: the forms that the package brings (test_datasets_tables.py and its neighbours).
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from recurra.datasets import FORMS, plain
from recurra.datasets.tables import Batches, FileTable, Request
from recurra.datasets.texts import read_texts
from recurra.errors import DataError
from recurra.tasks.checking import check_file


def open_shouted(request: Request) -> FileTable:
    """Plain lines, each in capitals."""
    table = plain.open_lines(request)

    def rows(wanted: list[str] | None) -> Batches:
        for batch in table.read(wanted):
            if isinstance(batch, DataError):
                yield batch
            else:
                yield replace(
                    batch, columns={name: [str(c).upper() for c in batch.columns[name]] for name in table.names}
                )

    return replace(table, read=rows)


@pytest.fixture
def shouted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form `shouted`, in a module beside the package's readers."""
    module = ModuleType("recurra.datasets.shouted")
    module.open_shouted = open_shouted  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "recurra.datasets.shouted", module)
    monkeypatch.setitem(FORMS, "shouted", ("shouted.open_shouted", ".loud"))


@pytest.mark.usefixtures("shouted")
def test_a_form_is_read_by_its_ending_and_by_its_name(tmp_path: Path) -> None:
    loud, quiet = tmp_path / "words.loud", tmp_path / "words.txt"
    for path in (loud, quiet):
        path.write_text("good\nbad\n")
    assert read_texts(loud).texts == read_texts(quiet, form="shouted").texts == ["GOOD", "BAD"]
    assert read_texts(quiet).texts == ["good", "bad"]
    assert "read as shouted in utf-8: columns 'text'" in read_texts(loud).note


@pytest.mark.usefixtures("shouted")
def test_the_check_reads_a_new_form_and_errors_name_it(tmp_path: Path) -> None:
    loud, unknown = tmp_path / "words.loud", tmp_path / "words.soft"
    for path in (loud, unknown):
        path.write_text("good\nbad\n")
    assert "2 texts of 3 to 4 characters" in [finding.text for finding in check_file(loud, task="text")]
    with pytest.raises(DataError, match=r"words.soft: unknown kind of file; allowed: .*\.loud.*lines, shouted$"):
        read_texts(unknown)
    loud.write_bytes(b"good\nb\xffd\n")
    with pytest.raises(DataError, match=r"words.loud:2:2: not utf-8 at byte 6 of the file"):
        read_texts(loud)
