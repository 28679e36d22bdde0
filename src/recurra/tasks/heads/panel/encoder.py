"""How a forecaster reads a panel and joins its parts, as the artefact's `panel.json` holds it.

Not here: forecasting (run.py), and how the shares came about (finish.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from recurra.artefact.reading import json_bytes, parse_record
from recurra.config import SeriesConfig
from recurra.datasets.series.holidays import holiday_column
from recurra.panels.blend import NET
from recurra.panels.classics import CLASSICS
from recurra.panels.columns import BesideUnits
from recurra.records import Frozen

FORMAT = 1
MOST_NAMES = 100_000
"""More series are not named in an artefact: any can be forecast all the same."""
_FILE = "panel.json"

Share = Annotated[float, Field(ge=0, le=1)]
Mark = Annotated[int, Field(ge=1, lt=2**32)]
Factor = Annotated[float, Field(gt=0, le=100)]


class _Saved(Frozen):
    """What `panel.json` holds."""

    format: Literal[1]
    config: SeriesConfig
    shares: dict[Literal["net", "pretrained", "linear", "theta", "holt", "ses", "seasonal naive"], Share]
    factors: tuple[Factor, Factor, Factor]
    names: tuple[str, ...]
    beside: BesideUnits | None = None
    marks: tuple[Mark, ...] = ()
    window: Annotated[int, Field(ge=0, le=10_000_000)] = 0


@dataclass(frozen=True)
class PanelEncoder:
    """Season and horizon (`config`), what each forecast counts, how far intervals are stretched, the series' names."""

    config: SeriesConfig
    shares: dict[str, float] = field(default_factory=lambda: {NET: 1.0})
    factors: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Of each third of the horizon."""
    names: tuple[str, ...] = ()
    """Of the series it learnt from; empty where these are very many."""
    beside: BesideUnits | None = None
    """How covariates and the calendar are told; None: the nets read values alone."""
    marks: tuple[int, ...] = ()
    """Of the series that the net of the box learnt from (panels/marks.py); kept with that net alone."""
    window: int = 0
    """How many of the newest values every part reads, where that was chosen; 0: each as many as it likes."""

    @property
    def given(self) -> BesideUnits:
        """The columns that a table has to bring: all but the holidays, which the time stamps tell."""
        units = self.beside or BesideUnits()
        own = holiday_column(self.config.holidays)
        return units.model_copy(update={"future": tuple(each for each in units.future if each.name != own)})

    @property
    def told(self) -> str:
        """What each forecast counts, for people."""
        return ", ".join(f"{name} {share:.2f}" for name, share in self.shares.items() if share)

    @property
    def classics(self) -> list[str]:
        """The classical forecasts that count."""
        return [name for name in CLASSICS if self.shares.get(name)]

    def to_json(self) -> bytes:
        """Return the bytes of `panel.json`; the same encoder gives the same bytes."""
        record = {
            "format": FORMAT,
            "config": self.config.model_dump(mode="json"),
            "shares": self.shares,
            "factors": list(self.factors),
            "names": list(self.names),
            **({"beside": self.beside.model_dump(mode="json")} if self.beside else {}),
            **({"marks": list(self.marks)} if self.marks else {}),
            **({"window": self.window} if self.window else {}),
        }
        return json_bytes(record, file=_FILE)

    @classmethod
    def from_json(cls, data: bytes) -> PanelEncoder:
        """Read what `to_json` wrote; raises ArtefactError for anything else."""
        saved = parse_record(data, _Saved, file=_FILE, called="no panel")
        shares = {str(name): share for name, share in saved.shares.items()}
        return cls(saved.config, shares, saved.factors, saved.names, saved.beside, saved.marks, saved.window)
