"""What stands for "nothing is here" is the same in every format, and never becomes a class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from command_line import recurra, refused
from recurra.datasets.labels import is_missing
from recurra.datasets.series.numbers import NumberForm
from recurra.datasets.splits import split
from recurra.datasets.texts import read_texts
from recurra.errors import DataError

WORDS = [
    "NULL",
    "#N/A",
    "N/A",
    "n/a",
    "NaN",
    "-nan",
    "None",
    "null",
    "nil",
    "NaT",
    "<NA>",
    "(null)",
    "<null>",
    "[NULL]",
    "#DIV/0!",
    "#VALUE!",
    "#REF!",
    "1.#QNAN",
    "\\N",
    "-",
    "–",
    "?",
]
NOTHING = [None, float("nan"), np.float32("nan"), pd.NA, pd.NaT, np.datetime64("NaT"), "", "  ", "\u00a0"]
SMALL = ("--set", "hidden=4", "--set", "embedding_size=4", "--set", "min_count=1", "--epochs", 1, "--quiet")


def rows_of(labels: list[str]) -> str:
    return "text,label\n" + "".join(f"it was so {row},{label}\n" for row, label in enumerate(labels))


@pytest.mark.parametrize("value", [*NOTHING, *WORDS])
def test_every_way_to_write_nothing_is_known(value: Any) -> None:
    assert is_missing(value)
    assert is_missing(value, as_written=True) == (not any(value is word for word in WORDS))


@pytest.mark.parametrize("value", ["nan bread", "nonesuch", "n", "+", "0", 0, 0.0, False, np.int64(0), "Namibia"])
def test_what_is_there_is_there(value: Any) -> None:
    assert not is_missing(value)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_for_missing_is_no_label_in_any_format(tmp_path: Path, word: str) -> None:
    (tmp_path / "t.csv").write_text(f"text,label\nfine,a\ngood,{word}\n")
    line = '{"text": "fine", "label": "a"}\n{"text": "good", "label": "' + word.replace("\\", "\\\\") + '"}\n'
    (tmp_path / "t.jsonl").write_text(line)
    parquet.write_table(pa.table({"text": ["fine", "good"], "label": ["a", word]}), tmp_path / "t.parquet")
    for name in ("t.csv", "t.jsonl", "t.parquet"):
        with pytest.raises(DataError, match=r"label is missing .* where it is a class: labels_as_written=True"):
            read_texts(tmp_path / name)
        assert read_texts(tmp_path / name, labels_as_written=True).labels == ["a", word]
        assert read_texts(tmp_path / name, on_error="reject").labels == ["a"]


@pytest.mark.parametrize("values", [[1.0, None], [1.0, float("nan")], ["a", None], [True, None]])
def test_a_null_of_parquet_is_missing_whatever_its_column_holds(tmp_path: Path, values: list[Any]) -> None:
    parquet.write_table(pa.table({"text": ["fine", "good"], "label": values}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"t\.parquet:2:2: label is missing"):
        read_texts(tmp_path / "t.parquet", labels_as_written=True)


def test_texts_and_series_share_the_words() -> None:
    assert all(np.isnan(NumberForm().parse(word)) for word in WORDS)


def test_a_table_with_missing_labels_is_refused_by_check_and_by_fit_alike(tmp_path: Path) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text(rows_of(["good", "bad"] * 8 + ["NULL"]))
    told = ("tickets.csv:18:14", "label is missing", "found 'NULL'", "--labels-as-written")
    checked = recurra("data", "check", path)
    assert checked.code == 3 and all(part in checked.out for part in told)
    refused(recurra("fit", "text", path, *SMALL, "--out", tmp_path / "run"), 3, *told)


def test_a_class_may_be_named_none_where_that_is_said(tmp_path: Path) -> None:
    path, run = tmp_path / "moods.csv", tmp_path / "run"
    path.write_text(rows_of(["joy", "none"] * 20))
    done = recurra("fit", "text", path, *SMALL, "--labels-as-written", "--out", run)
    assert done.code == 0
    # The model knows the class: nothing needs to be said again, and an empty label is still none.
    assert recurra("evaluate", run, path, "--json").json()["labels"] == ["joy", "none"]
    path.write_text(rows_of(["joy", "none", ""]))
    refused(recurra("evaluate", run, path), 3, "moods.csv:4", "label is missing")


def test_rows_without_a_group_are_groups_of_their_own() -> None:
    groups: list[Any] = ["a"] * 10 + [float("nan"), None, "NULL", pd.NA, np.nan, np.nan] * 5
    held = split(40, groups=groups, share=0.25)
    sides = [set(part.tolist()) for part in (held.train, held.validation)]
    assert all(any(row >= 10 for row in side) for side in sides)
    assert not all(side & set(range(10)) for side in sides)


def test_a_group_numbered_zero_is_a_group() -> None:
    groups: Any = [0] * 10 + [1] * 10
    held = split(20, groups=groups, share=0.5)
    assert {row // 10 for row in held.train.tolist()} != {row // 10 for row in held.validation.tolist()}
    assert len(held.train) == len(held.validation) == 10


def test_texts_that_are_words_for_missing_are_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text,label\nfine,a\nNULL,b\nnan,a\n")
    table = read_texts(tmp_path / "t.csv")
    assert "2 texts are words for missing, such as 'NULL'; they are read as texts" in table.warnings
