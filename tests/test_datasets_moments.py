"""Times are read strictly; missing values are filled from the training part only."""

from __future__ import annotations

import numpy as np
import pytest

from recurra.datasets.series.moments import parse_moments
from recurra.datasets.series.table import Impute, impute
from recurra.errors import DataError, Place, UsageError


def parsed(*cells: str, **options: object) -> np.ndarray:
    return parse_moments(cells, place=lambda row: Place("t.csv", row + 2, 1), **options).times  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cells", "dtype", "last"),
    [
        (["2023", "2024"], "datetime64[Y]", "2024"),
        (["2023-11", "2023-12"], "datetime64[M]", "2023-12"),
        (["2024-02-28", "2024-02-29"], "datetime64[D]", "2024-02-29"),
        (["2024-01-01", "2024-01-01T12:30"], "datetime64[s]", "2024-01-01T12:30:00"),
        (["2024-01-01 00:00:00.5"], "datetime64[us]", "2024-01-01T00:00:00.500000"),
        (["2024-01-01 00:00:00.123456789"], "datetime64[ns]", "2024-01-01T00:00:00.123456789"),
        (["2024-01-01T23:00:00Z", "2024-01-02T03:00:00+02:00"], "datetime64[s]", "2024-01-02T01:00:00"),
        (["2024-01-01T23:00:00-05:30"], "datetime64[s]", "2024-01-02T04:30:00"),
        (["0001-01-01", "9999-12-31"], "datetime64[D]", "9999-12-31"),
        (["0001-01-01 00:00", "9999-12-31 23:59"], "datetime64[s]", "9999-12-31T23:59:00"),
        (["0", "1", "1000"], "int64", "1000"),
        (["-3", "12345"], "int64", "12345"),
    ],
)
def test_iso_times_and_steps_are_read(cells: list[str], dtype: str, last: str) -> None:
    times = parsed(*cells)
    assert times.dtype == dtype and str(times[-1]) == last


@pytest.mark.parametrize(
    "cell",
    [
        "2024-02-30", "2024-13-01", "2024-01-01T24:00", "2016-12-31T23:59:60", "01/02/2024", "2024/01/02", "2024-1-2",
        "today", "now", "NaT", "", "20240101T00", "2024-01-01T00", "2024-01-01 00:00 UTC", "٢٠٢٤-01-01", "2024-W01",
        "2024-01-01T00:00+99:00", "2024-01-01T00:00:00+02", "1e3", "1.5",
    ],
)  # fmt: skip
def test_everything_else_is_refused_with_its_line(cell: str) -> None:
    with pytest.raises(DataError, match=r"^t\.csv:[23]:1: (no usable time|times with and without)"):
        parsed("2024-01-01", cell)


def test_times_with_and_without_offset_do_not_mix() -> None:
    with pytest.raises(DataError, match=r"t\.csv:3:1: times with and without an offset"):
        parsed("2024-01-01T00:00Z", "2024-01-02T00:00")


def test_nanoseconds_do_not_overflow() -> None:
    with pytest.raises(DataError, match="out of the range of nanoseconds"):
        parsed("2024-01-01T00:00:00.123456789", "1600-01-01T00:00:00")


def test_epoch_numbers_are_asked_about_and_read_when_named() -> None:
    with pytest.raises(DataError, match="epoch"):
        parsed("1700000000", "1700003600")
    assert str(parsed("1700000000", epoch="s")[0]) == "2023-11-14T22:13:20"
    assert str(parsed("1700000000000", epoch="ms")[0]) == "2023-11-14T22:13:20.000"


def test_another_notation_is_read_when_named_and_only_then() -> None:
    assert str(parsed("31/01/2024", date_format="%d/%m/%Y")[0]) == "2024-01-31"
    assert str(parsed("31/01/2024 10:30", date_format="%d/%m/%Y %H:%M")[0]) == "2024-01-31T10:30:00.000000"
    assert str(parsed("2024-01-01 00:00 +0100", date_format="%Y-%m-%d %H:%M %z")[0]) == "2023-12-31T23:00:00.000000"
    with pytest.raises(DataError, match=r"t\.csv:2:1: not a time of the given format"):
        parsed("2024-31-01", date_format="%d/%m/%Y")


VALUES = np.array([np.nan, 1.0, np.nan, np.nan, 4.0, np.nan, np.nan, 9.0])


@pytest.mark.parametrize(
    ("how", "filled"),
    [
        ("zero", [0, 1, 0, 0, 4, 0, 0, 9]),
        ("ffill", [1, 1, 1, 1, 4, 4, 4, 9]),
        ("linear", [1, 1, 2, 3, 4, 4, 4, 9]),
    ],
)
def test_filling_sees_the_training_part_only_and_gives_its_mask(how: Impute, filled: list[float]) -> None:
    given, mask = impute(VALUES, how, train=6)
    assert given.tolist() == filled and mask.tolist() == np.isnan(VALUES).tolist()
    later = VALUES.copy()
    later[7] = -1000.0
    assert impute(later, how, train=6)[0][:7].tolist() == filled[:7]


def test_a_training_part_without_values_cannot_fill() -> None:
    with pytest.raises(DataError, match="no known value in the training part"):
        impute(VALUES, "ffill", train=1)
    assert impute(VALUES, "zero", train=1)[0][0] == 0


def test_an_unknown_way_to_fill_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="allowed: ffill, linear, zero"):
        impute(VALUES, "mean", train=6)  # type: ignore[arg-type]
