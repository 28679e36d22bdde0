"""Reading the plain record of a run: rows, numbers and settings, each checked where it is read.

Not here: what is made of them (run_sections.py and the sections of each task).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from recurra.errors import UsageError
from recurra.report.numbers import Shown

RunRecord = Mapping[str, Any]
RunRows = Sequence[RunRecord]


def part(record: RunRecord, key: str) -> RunRecord:
    """Return a part that is a table of names, empty where it is missing. Raises UsageError if it is something else."""
    # A part that is missing is empty: what the record lacks is left out of the page.
    value = record.get(key) or {}
    if not isinstance(value, Mapping):
        raise UsageError(f"record.{key}", found=type(value).__name__, allowed="names and values")
    return value


def rows(record: RunRecord, key: str) -> RunRows:
    """Return a part that is a list of such tables, empty where it is missing. Raises UsageError otherwise."""
    value = record.get(key)
    # Not `or []`: an array has no truth value, and an empty text must not pass for a list.
    value = [] if value is None else value
    if not isinstance(value, list | tuple) or not all(isinstance(row, Mapping) for row in value):
        raise UsageError(f"record.{key}", found=type(value).__name__, allowed="a list of rows with names and values")
    return value


def listed(record: RunRecord, key: str) -> list[Any]:
    """Return a part that is a list or an array as a list, empty where it is missing. Raises UsageError otherwise."""
    value: Any = record.get(key)
    if hasattr(value, "tolist"):
        value = value.tolist()
    if value is not None and not isinstance(value, list | tuple):
        raise UsageError(f"record, {key}", found=type(value).__name__, allowed="a list")
    return list(value or ())


def column(table: RunRows, key: str) -> list[float | None]:
    """Return one column of numbers, None where a row lacks it or has something else."""
    return [measured(row.get(key)) for row in table]


def measured(value: Any) -> float | None:
    """Return a number as a float; a truth value, a text or nothing is None."""
    # A scalar of NumPy is a number too, known by what it can do: nothing here imports NumPy.
    if hasattr(value, "item"):
        value = value.item()
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def counted(value: Any) -> int | None:
    """Return a finite number as a count; anything else is None."""
    found = measured(value)
    # NaN and infinity have no count; `int` would raise on both.
    return int(found) if found is not None and math.isfinite(found) else None


def has(table: RunRows, key: str) -> bool:
    """Tell whether any row has a number under the key."""
    return any(value is not None for value in column(table, key))


def cell(value: Any) -> Shown:
    """Return a value as a table shows it: numbers as they are, lists joined, nothing as None."""
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or isinstance(value, int | float | str):
        return value
    if isinstance(value, list | tuple):
        return ", ".join(str(cell(item)) for item in value)
    return str(value)


def flattened(settings: RunRecord, prefix: str = "") -> list[tuple[str, Shown]]:
    """Return settings as pairs; those of a part are named `part.name`."""
    pairs: list[tuple[str, Shown]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping):
            # `part.name`, as the command line's `--set` and error lines name a setting.
            pairs += flattened(value, f"{prefix}{name}.")
        else:
            pairs.append((f"{prefix}{name}", cell(value)))
    return pairs
