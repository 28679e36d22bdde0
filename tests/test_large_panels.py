"""A large panel is read, held and answered in a few bytes a row: nothing stands twice.

Not here: what is read (test_series_files.py) and forecast (test_panels.py).
"""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recurra.cli import series_tables
from recurra.cli.series_tables import write_table
from recurra.datasets import parquet, sources
from recurra.datasets.series.files import read_series
from recurra.datasets.series.grown import Grown, part_of
from recurra.panels.series import panel_of

DAYS = 250


def panel(series: int, *, shuffled: bool = False) -> pd.DataFrame:
    """Series of days, one below the other, or their rows mixed."""
    rows = series * DAYS
    names = np.repeat([f"shop_{number:04}" for number in range(series)], DAYS)
    times = np.tile(pd.date_range("2024-01-01", periods=DAYS), series)
    frame = pd.DataFrame({"unique_id": names, "ds": times, "y": np.arange(rows) % 97 / 4 + 1})
    # By time: the rows of a series stay in order, and stand apart.
    return frame.sort_values("ds", kind="stable") if shuffled else frame


def peak(file: Path) -> int:
    """The most bytes that reading a file held; once read, nothing is loaded or kept any more."""
    read_series(file)
    tracemalloc.start()
    read_series(file)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@pytest.mark.parametrize(("form", "shuffled", "bound"), [("parquet", False, 48), ("csv", False, 48), ("csv", True, 48)])
def test_reading_takes_a_few_bytes_for_each_further_row(
    form: str, shuffled: bool, bound: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A batch must be small beside these files.
    monkeypatch.setattr(sources, "CHUNK", 1 << 15)
    monkeypatch.setattr(parquet, "BATCH", 1024)
    peaks = []
    for series in (20, 80):
        file = tmp_path / f"{series}.{form}"
        made = panel(series, shuffled=shuffled)
        made.to_parquet(file) if form == "parquet" else made.to_csv(file, index=False)
        peaks.append(peak(file))
    assert (peaks[1] - peaks[0]) / (60 * DAYS) < bound


def test_series_of_a_file_in_order_are_views_of_one_column(tmp_path: Path) -> None:
    panel(3).to_csv(tmp_path / "panel.csv", index=False)
    table = read_series(tmp_path / "panel.csv")
    assert all(values.base is not None for values in table.values.values())
    assert len({id(values.base) for values in table.values.values()}) == 1
    mixed = tmp_path / "mixed.csv"
    panel(3, shuffled=True).to_csv(mixed, index=False)
    again = read_series(mixed)
    for name, values in table.values.items():
        assert np.array_equal(values, again.values[name]) and np.array_equal(table.times[name], again.times[name])


def test_a_column_grows_by_any_parts_and_stays_what_was_put_in() -> None:
    column, parts = Grown(np.float64, 2), [np.full((size, 2), float(size)) for size in (0, 1, 5, 0, 300, 2)]
    for part in parts:
        column.add(part)
    assert np.array_equal(column.whole, np.concatenate(parts))
    assert Grown(np.int32).whole.shape == (0,)


def test_rows_that_stand_together_are_a_view() -> None:
    column = np.arange(10.0)
    assert part_of(column, np.array([3, 4, 5])).base is column
    assert part_of(column, np.array([3, 5, 6])).tolist() == [3, 5, 6]
    assert part_of(column, np.array([], np.int64)).size == 0


def test_a_panel_that_is_taken_whole_is_no_copy_and_a_cut_one_is_right() -> None:
    series = panel_of([np.arange(5.0), np.array([1.0]), np.array([np.nan, 2, np.nan, 4])])
    assert series.taken(np.arange(3)) is series
    cut = series.without_last(2)
    assert cut.lengths.tolist() == [3, 0, 1] and cut.flat.tolist() == [0, 1, 2, 2] and cut.known.all()


def test_answers_are_written_part_by_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyarrow.parquet import ParquetFile, read_table

    columns = {"unique_id": np.repeat(["a", "b"], 5), "ds": np.arange(10), "Recurra": np.arange(10) / 3}
    whole = tmp_path / "whole.csv"
    write_table(columns, str(whole))
    monkeypatch.setattr(series_tables, "TOGETHER", 4)
    for name in ("parts.csv", "parts.parquet"):
        write_table(columns, str(tmp_path / name))
    assert whole.read_bytes() == (tmp_path / "parts.csv").read_bytes()
    assert ParquetFile(tmp_path / "parts.parquet").num_row_groups == 3
    assert read_table(tmp_path / "parts.parquet").to_pydict() == {n: c.tolist() for n, c in columns.items()}
    write_table({name: cells[:0] for name, cells in columns.items()}, str(tmp_path / "none.csv"))
    assert (tmp_path / "none.csv").read_text() == "unique_id,ds,Recurra\n"
