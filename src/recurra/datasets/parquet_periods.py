"""pandas' periods in Parquet files, where they lie as ordinals: they become the times at which they begin.

Not here: other columns (parquet_rows.py), and periods in pandas' frames (frame_times.py).
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from recurra.errors import DataError, Place

NAME = "pandas.period"
UNITS = {
    **{"Y": "Y", "Y-DEC": "Y", "A-DEC": "Y", "Q": "Q", "Q-DEC": "Q", "M": "M", "W": "W", "W-SUN": "W", "D": "D"},
    **{"h": "h", "H": "h", "min": "m", "T": "m", "s": "s", "S": "s"},
    **{"ms": "ms", "L": "ms", "us": "us", "U": "us", "ns": "ns", "N": "ns"},
}
"""pandas' frequencies, old names among them, whose ordinals count NumPy's units from 1970 on; Q counts three months."""
WEEK_0 = -10
"""The day, from 1970 on, with which pandas' week 0 begins: a Monday."""


def frequency_of(field: Any) -> str:
    """Return the frequency of a column of periods, as the schema tells it whether pandas is loaded or not; else ''."""
    if getattr(field.type, "extension_name", "") == NAME:
        return str(field.type.freq)
    told = field.metadata or {}
    if told.get(b"ARROW:extension:name") != NAME.encode():
        return ""
    written = json.loads(told.get(b"ARROW:extension:metadata", b"{}"))
    return str(written["freq"]) if isinstance(written, dict) and "freq" in written else "unknown"


def check_no_ordinals(frame: Any, name: str, place: Place) -> None:
    """Raise DataError for periods in a column of an Arrow or a polars frame, in which they are ordinals."""
    schema = getattr(frame, "schema", {name: ""})
    if frequency_of(schema.field(name)) if hasattr(schema, "field") else NAME in str(schema[name]):
        raise DataError(
            f"column {name!r} holds the ordinals of pandas' periods",
            place=place,
            advice="read them by pandas: pandas.read_parquet(FILE)",
        )


def begun(column: Any, frequency: str, name: str, place: Place) -> Any:
    """Return an Arrow column of dates or times at which the periods begin; raises DataError for other calendars."""
    import pyarrow

    if frequency not in UNITS:
        raise DataError(
            f"column {name!r} holds pandas' periods of frequency {frequency}",
            place=place,
            allowed="periods of calendar years, quarters, months, weeks from Monday, days, hours, minutes or seconds",
            advice=f"write them as times: frame[{name!r}].dt.to_timestamp()",
        )
    column = getattr(column, "storage", column).cast("int64")
    missing = column.is_null().to_numpy(zero_copy_only=False)
    ordinals = column.fill_null(0).to_numpy(zero_copy_only=False)
    return pyarrow.array(_times(ordinals, UNITS[frequency]), mask=missing)


def _times(ordinals: Any, unit: str) -> Any:
    if unit == "Q":
        return (3 * ordinals).astype("datetime64[M]").astype("datetime64[D]")
    if unit == "W":
        return (WEEK_0 + 7 * ordinals).astype("datetime64[D]")
    times = ordinals.astype(f"datetime64[{unit}]")
    return times.astype("datetime64[D]" if unit in "YMD" else np.promote_types(times.dtype, "datetime64[s]"))
