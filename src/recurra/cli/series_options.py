"""The options of reading and forecasting series, shared by `fit series`, `forecast`, `evaluate` and `data check`.

Not here: what they do (datasets/).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from recurra.cli import options
from recurra.cli.options import one_of
from recurra.errors import UsageError

if TYPE_CHECKING:
    from recurra.datasets.series.table import Gaps, SeriesReading


@dataclass(frozen=True)
class ForecastChoices:
    """The options of how far is forecast, and where the answers go."""

    steps: Annotated[
        int | None,
        typer.Option("--steps", "--horizon", show_default=False, help="Steps ahead. [default: the horizon]"),
    ] = None
    level: Annotated[list[int], typer.Option("--level", help="Interval in percent; may come again.")] = field(
        default_factory=list
    )
    season: options.Season = None
    future: Annotated[
        str,
        typer.Option("--future", metavar="FILE", help="Coming rows of the columns that were learnt as known ahead."),
    ] = ""
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Write there instead of stdout.")] = ""


@dataclass(frozen=True)
class SeriesChoices:
    """The options of reading series as they were given; an empty text leaves a choice open."""

    unique_id: Annotated[
        list[str],
        typer.Option("--id", metavar="COLUMN", help="Column of the series' names; several name them together."),
    ] = field(default_factory=list)
    ds: Annotated[
        list[str], typer.Option("--time", metavar="COLUMN", help="Column of the times; several are joined by a space.")
    ] = field(default_factory=list)
    y: Annotated[
        list[str],
        typer.Option("--value", metavar="COLUMN", help="Column of the values; of several each is a series of its own."),
    ] = field(default_factory=list)
    wide: Annotated[bool, typer.Option("--wide", help="Each column beside the times is a series.")] = False
    date_format: Annotated[
        str, typer.Option("--date-format", metavar="FORMAT", help="Notation of times, e.g. %d/%m/%Y.")
    ] = ""
    time_unit: Annotated[
        str,
        typer.Option("--time-unit", help="Times are whole numbers: s, ms, us or ns since 1970, excel days, or step."),
    ] = ""
    zone: Annotated[
        str, typer.Option("--zone", metavar="ZONE", help="Whose clocks the times are: Europe/Berlin, …")
    ] = ""
    decimal: Annotated[str, typer.Option("--decimal", metavar="MARK", help="Decimal mark of the values: . or ,")] = ""
    thousands: Annotated[
        str, typer.Option("--thousands", metavar="MARK", help="Mark between thousands of the values.")
    ] = ""
    missing: Annotated[
        list[str], typer.Option("--missing", metavar="WORD", help="A word for missing values; may come again.")
    ] = field(default_factory=list)
    # Three answers: yes, no, and nothing said, which leaves it to what a model has learnt, else to the default.
    sort: Annotated[
        bool | None, typer.Option("--sort/--no-sort", show_default=False, help="Sort each series by time.")
    ] = None
    duplicates: Annotated[
        str, typer.Option("--duplicates", help="Times that stand twice: error, first or mean. [default: error]")
    ] = ""
    fill_gaps: Annotated[
        bool | None,
        typer.Option("--fill-gaps/--no-fill-gaps", show_default=False, help="Add missing times, also doubtful ones."),
    ] = None
    rows_as_steps: Annotated[
        bool, typer.Option("--rows-as-steps", help="Take rows in their order, whatever their times.")
    ] = False
    impute: Annotated[
        str,
        typer.Option(
            "--impute", help="Fill missing values: ffill, linear, zero, or none to refuse. [default: unknown]"
        ),
    ] = ""

    def reading(self) -> SeriesReading:
        """Check the choices; raises UsageError that names the option."""
        # Reading of series is loaded where series are read, and the choices there are with it.
        from recurra.datasets.series.notations import Epoch
        from recurra.datasets.series.table import Duplicates, Impute, SeriesReading

        if self.fill_gaps and self.rows_as_steps:
            raise UsageError("--fill-gaps and --rows-as-steps", allowed="one of them: plain steps have no gaps")
        # Neither given leaves the choice open: as a model has learnt it, else gaps are refused.
        gaps: dict[bool | None, Gaps | None] = {True: "fill", False: "refuse", None: None}
        return SeriesReading(
            unique_id=tuple(self.unique_id) or None,
            ds=tuple(self.ds) or None,
            y=_one_or_all(self.y),
            wide=self.wide,
            date_format=self.date_format or None,
            epoch=one_of("--time-unit", self.time_unit, get_args(Epoch)),
            zone=self.zone or None,
            decimal=self.decimal or None,
            thousands=self.thousands or None,
            missing_words=tuple(self.missing),
            sort=self.sort,
            duplicates=one_of("--duplicates", self.duplicates, get_args(Duplicates)),
            gaps="ignore" if self.rows_as_steps else gaps[self.fill_gaps],
            # none is a choice too: it refuses gaps where a model would fill them as in its training.
            impute=one_of("--impute", self.impute, (*get_args(Impute), "none")),
        )


def _one_or_all(names: Sequence[str]) -> str | tuple[str, ...] | None:
    return names[0] if len(names) == 1 else tuple(names) or None


@dataclass(frozen=True)
class LearntSeriesChoices(SeriesChoices):
    """The same of series to learn from, with the columns beside the values: each may come again, or name several."""

    past: Annotated[
        list[str], typer.Option("--past", metavar="COLUMN", help="Column of numbers known up to now; a,b names two.")
    ] = field(default_factory=list)
    future: Annotated[
        list[str], typer.Option("--future", metavar="COLUMN", help="Column of numbers known ahead: holidays, prices.")
    ] = field(default_factory=list)
    static: Annotated[
        list[str], typer.Option("--static", metavar="COLUMN", help="Column that tells one thing of each series.")
    ] = field(default_factory=list)

    def named(self) -> dict[str, Any]:
        """Return the columns by their option; an option that was not given names none."""
        given = {"past": self.past, "future": self.future, "static": self.static}
        return {
            option: tuple(name.strip() for text in texts for name in text.split(",") if name.strip())
            for option, texts in given.items()
        }

    def reading(self) -> SeriesReading:
        """As above, with these columns."""
        return replace(super().reading(), **self.named())
