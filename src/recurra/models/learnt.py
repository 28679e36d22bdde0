"""What an artefact tells of the series its model learnt from, as JSON: written, and read without being believed.

Not here: what it is for (datasets/series_learnt.py).
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field, ValidationError

from recurra.config import Frozen, problem_line
from recurra.datasets.series.imputing import Impute
from recurra.datasets.series.learnt import Learnt
from recurra.datasets.series.notations import Epoch
from recurra.datasets.series.rhythms import Step
from recurra.datasets.series.table import SeriesReading
from recurra.errors import ArtefactError

Unit = Literal["step", "Y", "M", "business day", "D", "h", "m", "s", "ms", "us", "ns"]
Columns = str | tuple[str, ...] | None


class StepRecord(Frozen):
    """One step of the series."""

    unit: Unit
    every: int = Field(ge=1, le=10**12)
    week: str = Field(default="", pattern="^([01]{7})?$")
    day: int = Field(default=0, ge=0, le=33)


class SeriesRecord(Frozen):
    """Rhythm, names, notation, and what was mended."""

    step: StepRecord | None = None
    unnamed: bool | None = None
    unique_id: Columns = None
    ds: Columns = None
    y: str | None = None
    wide: bool = False
    date_format: str | None = None
    epoch: Epoch | None = None
    zone: str | None = None
    decimal: Literal[".", ","] | None = None
    thousands: str | None = Field(default=None, max_length=1)
    missing_words: tuple[str, ...] = ()
    counted: bool = False
    """Rows are plain steps."""
    filled: bool = False
    """Missing times were added."""
    sort: Literal[True] | None = None
    duplicates: Literal["first", "mean"] | None = None
    impute: Impute | None = None


KEPT = ("unique_id", "ds", "y", "wide", "date_format", "epoch", "zone", "decimal", "thousands", "missing_words",
    "sort", "duplicates", "impute",
)  # fmt: skip


def written_learnt(learnt: Learnt) -> dict[str, Any]:
    """Return the record of what was learnt from; what says nothing is left out."""
    step, reading = learnt.step, learnt.reading
    record = SeriesRecord(
        step=StepRecord(unit=step.unit, every=step.every, week=step.week, day=step.day) if step else None,  # type: ignore[arg-type]
        unnamed=learnt.unnamed,
        counted=reading.gaps == "ignore",
        filled=reading.gaps == "fill",
        **{name: getattr(reading, name) for name in KEPT},
    )
    return record.model_dump(mode="json", exclude_defaults=True)


def read_learnt(record: Any) -> Learnt:
    """Return what an artefact tells of its series, nothing where it tells nothing; raises ArtefactError."""
    if record is None:
        return Learnt()
    try:
        series = SeriesRecord.model_validate_json(json.dumps(record))
    except ValidationError as problem:
        raise ArtefactError(f"recurra.json: series.{problem_line(problem)}") from None
    step = Step(**series.step.model_dump()) if series.step else None
    reading = SeriesReading(
        **{name: getattr(series, name) for name in KEPT},
        gaps="ignore" if series.counted else "fill" if series.filled else None,
    )
    return Learnt(step, series.unnamed, reading)
