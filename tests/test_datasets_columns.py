"""Which columns are taken is told, and so is what else would fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import recurra
from recurra.datasets.texts import read_texts

SMALL = ("--set", "hidden=4", "--set", "embedding_size=4", "--set", "min_count=1", "--epochs", 1, "--quiet")


@pytest.fixture
def stay(tmp_path: Path) -> Path:
    """A table in which two columns could be the texts, and two the labels."""
    rows = [f"nice room {row},see note,{'ab'[row % 2]},{'cd'[row // 10]}\n" for row in range(20)]
    (tmp_path / "stay.csv").write_text("text,comment,class,category\n" + "".join(rows))
    return tmp_path / "stay.csv"


def test_a_guess_tells_what_else_would_fit(stay: Path) -> None:
    table = read_texts(stay)
    assert str(table.columns) == "texts from column 'text', labels from column 'class'"
    assert table.warnings == [
        "texts were taken from column 'text'; 'comment' would fit too: name the column with text=",
        "labels were taken from column 'class'; 'category' would fit too: name the column with label=",
    ]


def test_what_is_named_is_no_guess(stay: Path) -> None:
    assert read_texts(stay, text="comment", label="category").warnings == []
    (one,) = read_texts(stay, text="comment").warnings
    assert one.startswith("labels were taken from column 'class'")
    assert read_texts(stay, text="text", labelled=False).warnings == []


def test_check_and_fit_tell_the_columns(stay: Path, tmp_path: Path) -> None:
    also = "'category' would fit too: name the column with --label"
    checked = recurra("data", "check", stay)
    assert "note: texts from column 'text', labels from column 'class'\n" in checked.out
    assert (
        "warning: texts were taken from column 'text'; 'comment' would fit too" in checked.out and also in checked.out
    )
    done = recurra("fit", "text", stay, *SMALL, "--out", tmp_path / "run")
    assert done.code == 0 and also in done.err
    assert "note: texts from column 'text', labels from column 'class'" in done.err.splitlines()
    named = recurra("fit", "text", stay, "--text", "text", "--label", "class", *SMALL, "--out", tmp_path / "named")
    assert named.code == 0 and "would fit" not in named.err and "note: texts from" not in named.err
