"""Columns read at once are the same as rows read one by one, and what is wrong is found at the same place."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reading import read_series
from recurra.datasets import delimited, records, sources
from recurra.datasets.series.numbers import NumberForm, cell_number, column_numbers
from recurra.datasets.tables import Reject, RowBatch, open_table
from recurra.datasets.texts import read_texts
from recurra.errors import DataError, Place

MANY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
LINES = st.lists(
    st.text('ab1 ,;é"\ufeff', max_size=8)
    | st.sampled_from(
        ["", ",", " ,", "a,b", "x,y", '"x","y"', "a,b,c", '"a",b', '"a,b",c', 'a,"b""c"', '"a', 'b",c', ' "a",b']
    ),
    max_size=12,
)


def nothing(*_: Any) -> None:
    """Leaves every block, and every line with quotes, to the reader that goes character by character."""


def read_as(whole: bool, path: Path, **options: Any) -> Any:
    """The rows, rejects and warnings of a file, cut at once where that can be, or record by record."""
    with pytest.MonkeyPatch.context() as patch:
        if not whole:
            patch.setattr(delimited.Cutting, "_at_once", nothing)
            patch.setattr(records.RecordReader, "on_one_line", nothing)
        rejects: list[Reject] = []
        try:
            table = open_table(path, **options)
            batches = list(table.batches(on_error="reject", rejects=rejects))
        except DataError as problem:
            return str(problem), rejects
        rows = [row for batch in batches for row in batch.rows()]
        places = [str(row.place(name)) for row in rows for name in row.values]
        return [(row.line, row.values, row.raw) for row in rows], places, rejects, table.warnings


@MANY
@given(
    lines=LINES,
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([None, "none", "backslash"]),
    size=st.integers(1, 60),
)
def test_blocks_cut_at_once_give_the_rows_that_records_give(
    tmp_path: Path, lines: list[str], end: str, quoting: str | None, size: int
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(end.join(["x,y", *lines]).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "CHUNK", size)
        options = {"delimiter": ",", "quoting": quoting, "header": True}
        assert read_as(True, path, **options) == read_as(False, path, **options)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x,y\n" + "1,2\n" * 300 + "1\n" + "3,4\n" * 300, "302:1: short row"),
        ("x,y\n" + "1,2\n" * 300 + "\n" + "3,4\n" * 300, "302: blank line inside"),
        ("x,y\n" + "1,2\n" * 300 + '1,"2\n' + "3,4\n" * 300, "302:3: quote opened here is never closed"),
        ("x,y\n" + "1,2\n" * 300 + "\ufffe\0,1\n" + "3,4\n" * 300, "302:2: NUL"),
    ],
)
def test_a_fault_amid_plain_rows_has_its_line_and_the_rows_above_come_first(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    rows = 0
    with pytest.raises(DataError) as caught:
        for batch in open_table(path, header=True).batches():
            rows += len(batch)
    assert str(caught.value).startswith(f"{path}:{told}") and rows == 300
    rejects: list[Reject] = []
    assert sum(map(len, open_table(path, header=True).batches(on_error="reject", rejects=rejects))) == 600
    assert [reject.line for reject in rejects] == [302]


def batch_of(cells: list[Any]) -> RowBatch:
    return RowBatch(range(1, len(cells) + 1), {"y": cells}, lambda row, name: Place("t", row + 1, 1))


def asked_one_by_one(cells: list[Any], form: NumberForm) -> list[float] | None:
    try:
        return [cell_number(cell, place=lambda: Place("t"), column="y", form=form) for cell in cells]
    except DataError:
        return None


CELLS = st.lists(
    st.text("0123456789+-.,eE '\t\n;_\u00a0\u202f", max_size=7)
    | st.sampled_from(
        ["", " 5", "5\u00a0", "NA", "nan", "-", "inf", "1e400", "1e200", "-999", "1.234,5", "1,234.5", "٣"]
    )
    | st.integers(-2000, 2000).map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr),
    min_size=1,
    max_size=6,
)
FORMS = [
    NumberForm(),
    NumberForm(","),
    NumberForm(".", ","),
    NumberForm(",", "."),
    NumberForm(",", " "),
    NumberForm(".", "'"),
    NumberForm(missing_words=("-999", "5;")),
]


@MANY
@given(
    cells=CELLS | st.lists(st.none() | st.booleans() | st.integers() | st.floats(), min_size=1),
    form=st.sampled_from(FORMS),
)
def test_a_column_of_numbers_is_what_its_cells_are(cells: list[Any], form: NumberForm) -> None:
    at_once, one_by_one = column_numbers(batch_of(cells), "y", form), asked_one_by_one(cells, form)
    if at_once is not None:
        assert one_by_one is not None
        np.testing.assert_array_equal(at_once, one_by_one)


@pytest.mark.parametrize("form", FORMS)
def test_usual_columns_are_read_at_once(form: NumberForm) -> None:
    mark = form.thousands or ""
    cells = ["1", "-2", f"3{form.decimal}25", f"1{mark}234", " 7 ", "", "NA", "-"]
    values = column_numbers(batch_of(cells), "y", form)
    assert values is not None
    np.testing.assert_array_equal(values, [1, -2, 3.25, 1234, 7, math.nan, math.nan, math.nan])


SERIES: list[tuple[str, str, str]] = [
    ("a,2024-01-01,5\n", "a,2024-01-02,x\n", "t.csv:302:14: no usable number"),
    ("a,2024-01-01,5\n", ",2024-01-02,6\n", "t.csv:302:1: series id is missing"),
    ("a,2024-01-01,5\n", ",2024-01-02,x\n", "t.csv:302:1: series id is missing"),
    ("a,2024-01-01,5\n", "a,2024-13-02,6\n", "t.csv:302:3: no usable time"),
    ("a,2024-01-01,5\n", "a,2024-01-02,True\n", "t.csv:302:14: no usable number"),
]


@pytest.mark.parametrize(("good", "bad", "told"), SERIES)
def test_the_first_cell_at_fault_is_told_whatever_column_it_is_in(
    tmp_path: Path, good: str, bad: str, told: str
) -> None:
    path = tmp_path / "t.csv"
    for later in ("", ",2024-01-03,y\n", "a,2024-01-03,y\n"):
        path.write_text("unique_id,ds,y\n" + good * 300 + bad + later)
        if "time" in told and later:
            continue  # times are looked at when every number is known
        with pytest.raises(DataError) as caught:
            read_series(path, sort=True, duplicates="first")
        assert str(caught.value).removeprefix(f"{tmp_path}/").startswith(told)


def test_cells_that_are_equal_but_written_otherwise_name_other_series(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    names = ["1", "true", '"1 "', "1.0"]
    path.write_text("".join(f'{{"unique_id": {name}, "ds": {step}, "y": {step}}}\n' for step, name in enumerate(names)))
    assert read_series(path, gaps="ignore").ids == ["1", "True"]


def test_texts_of_a_batch_with_a_fault_are_looked_at_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    rows = [
        '{"text": "a", "label": 1}',
        '{"text": 5, "label": 1}',
        '{"text": "\\ud800", "label": 0}',
        '{"text": "b", "label": null}',
    ]
    path.write_text("\n".join([*rows, '{"text": "c", "label": true}']))
    with pytest.raises(DataError, match=r"t\.jsonl:2:10: 'text' is no text; found int 5"):
        read_texts(path)
    table = read_texts(path, on_error="reject")
    assert (table.texts, table.labels, table.lines) == (["a", "c"], ["1", "true"], [1, 5])
    assert [reject.line for reject in table.rejects] == [2, 3, 4]


def memory_of(read: Callable[[], object]) -> int:
    import tracemalloc

    tracemalloc.start()
    read()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_is_bounded_by_the_batch(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    row = "a text of fifty characters, more or less, in a row\n".replace(",", " ")

    def read() -> None:
        for batch in open_table(path, header=True).batches():
            assert len(batch)

    path.write_text("text\n" + row * 40_000)
    small = memory_of(read)
    path.write_text("text\n" + row * 400_000)
    assert memory_of(read) < 1.5 * small
