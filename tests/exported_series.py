"""Files of series as exports write them, for tests: their coming times, and how they are refused.

Not here: tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reading import read_series
from recurra.datasets.series.table import SeriesTable
from recurra.errors import DataError, advising_options

DAYS = np.arange("2024-01-25", "2024-03-05", dtype="datetime64[D]")


def write(folder: Path, times: Any, header: str = "ds,y", name: str = "t.csv") -> Path:
    rows = "".join(f"{time},{100 + number % 7}\n" for number, time in enumerate(times))
    (folder / name).write_text(f"{header}\n{rows}", encoding="utf-8")
    return folder / name


def coming(table: SeriesTable, steps: int = 2) -> list[str]:
    """What a forecast would write for the times of the only series."""
    (name,) = table.ids
    return table.notation.write(table.coming(name, steps), table.zone(name))


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught, advising_options():
        read_series(path, **options)
    return str(caught.value).removeprefix(f"{path}:")
