"""How a column writes its times, kept so that coming times are written alike.

Not here: reading them (moments.py).
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.periods import write_periods
from recurra.datasets.zones import Zone, wall
from recurra.errors import DataError

Epoch = Literal["s", "ms", "us", "ns", "excel", "step"]
"""What whole numbers count: units since 1970, a spreadsheet's days since 1899-12-30, or plain steps."""

EXCEL_BEGINS = np.datetime64("1899-12-30", "D")
LAST_YEAR = 9999


@dataclass(frozen=True)
class Notation:
    """A strptime format, quarters or weeks, a unit of whole numbers, or else ISO 8601 like an example.

    Plain steps have none of them.
    """

    example: str = ""
    date_format: str = ""
    epoch: Epoch | None = None
    period: str = ""
    """The template of quarters or weeks (periods.py)."""

    def write(self, times: NDArray[Any], zone: Zone | None = None) -> list[str]:
        """Return the times (rows,) as the column would write them; instants are shown by the clocks of their zone.

        Raises DataError for what no notation holds: years after 9999.
        """
        if not np.issubdtype(times.dtype, np.datetime64):
            return [str(step) for step in times.tolist()]
        if times.size and times.max().astype("datetime64[Y]") > np.datetime64(str(LAST_YEAR), "Y"):
            raise DataError(f"coming times pass the year {LAST_YEAR}", advice="forecast fewer steps")
        if self.period:
            return write_periods(times, self.period)
        if self.epoch is not None:
            return _counted(times, self.epoch)
        ahead = zone.seconds(times) if zone is not None else None
        if self.date_format:
            return _formatted(wall(times, zone), self.date_format, ahead)
        return _iso(wall(times, zone), self.example, ahead)


def _counted(times: NDArray[Any], epoch: Epoch) -> list[str]:
    if epoch != "excel":
        return [str(number) for number in times.astype(f"datetime64[{epoch}]").astype(np.int64).tolist()]
    days = (times - EXCEL_BEGINS) / np.timedelta64(1, "D")
    return [f"{day:.10f}".rstrip("0").rstrip(".") for day in days.tolist()]


def _formatted(shown: NDArray[Any], date_format: str, ahead: NDArray[np.int64] | None) -> list[str]:
    moments: list[datetime.datetime] = shown.astype("datetime64[us]").tolist()
    if ahead is None:
        return [moment.strftime(date_format) for moment in moments]
    zones = [datetime.timezone(datetime.timedelta(seconds=second)) for second in ahead.tolist()]
    return [moment.replace(tzinfo=zone).strftime(date_format) for moment, zone in zip(moments, zones, strict=True)]


def _iso(shown: NDArray[Any], example: str, ahead: NDArray[np.int64] | None) -> list[str]:
    """Write dates and times as exactly as the example does, with its separator, and its kind of offset."""
    if len(example) <= 10:
        return _texts(shown, {4: "Y", 7: "M"}.get(len(example), "D"))
    clock = example[11:].removesuffix("Z")
    clock = clock[:-6] if clock[-6:-5] in ("+", "-") else clock
    digits = len(clock) - 9 if len(clock) > 8 else 0
    unit = "m" if len(clock) == 5 else "s" if not digits else "ms" if digits <= 3 else "us" if digits <= 6 else "ns"
    written = _texts(shown, unit)
    cut = 11 + len(clock)
    offsets = _offsets(ahead, example) if ahead is not None and len(example) > cut else [""] * len(written)
    return [f"{text[:10]}{example[10]}{text[11:cut]}{offset}" for text, offset in zip(written, offsets, strict=True)]


def _texts(shown: NDArray[Any], unit: str) -> list[str]:
    return [str(text) for text in shown.astype(f"datetime64[{unit}]").astype(str)]


def _offsets(ahead: NDArray[np.int64], example: str) -> list[str]:
    return ["Z" if example.endswith("Z") and not second else _offset(second) for second in ahead.tolist()]


def _offset(seconds: int) -> str:
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02d}:{minutes:02d}"
