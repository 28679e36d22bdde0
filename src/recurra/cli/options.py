"""The options that several commands share, with their help.

Not here: commands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from recurra.errors import UsageError

if TYPE_CHECKING:
    from recurra.config import Precision
    from recurra.datasets.imputing import Impute as Filling
    from recurra.datasets.moments import Epoch
    from recurra.datasets.series_checks import Duplicates
    from recurra.runs.tables import SeriesReading

Choice = TypeVar("Choice", bound=str)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout instead of text.")]
Out = Annotated[str, typer.Option("--out", metavar="RUN", help="Folder of the run. [default: the next free runs/…]")]
Settings = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="Any configuration key, e.g. --set dropout=0.3.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of everything random.")]
Threads = Annotated[int, typer.Option("--threads", min=0, show_default=False, help="Processor threads. [default: all]")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")]
Device = Annotated[str, typer.Option("--device", help="Where to learn: auto, cpu or cuda. [default: auto]")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run that lies in --out.")]
CellName = Annotated[str, typer.Option("--cell", help="rnn, gru, lstm, mingru or sru.")]
PrecisionName = Annotated[
    str, typer.Option("--precision", help="Multiply in float32, bf16 or int8. [default: what the model learnt in]")
]
Epochs = Annotated[
    int | None,
    typer.Option("--epochs", min=1, show_default=False, help="Passes over the training part. [default: the task's]"),
]
Vectors = Annotated[str, typer.Option("--vectors", help="Word vectors: a GloVe, word2vec or fastText file, or glove.")]
Horizon = Annotated[
    int | None, typer.Option("--horizon", min=1, show_default=False, help="Steps to forecast. [default: 1]")
]
Window = Annotated[
    int | None, typer.Option("--window", min=1, show_default=False, help="Past steps the net reads. [default: 12]")
]
Season = Annotated[
    int | None, typer.Option("--season", min=1, show_default=False, help="Steps of one season. [default: 1]")
]
FailUnder = Annotated[
    list[str], typer.Option("--fail-under", metavar="METRIC=VALUE", help="Exit with 5 when the figure is not reached.")
]
OnError = Annotated[str, typer.Option("--on-error", help="stop at a bad row, or reject it and go on.")]
TextColumn = Annotated[str, typer.Option("--text", metavar="COLUMN", help="Column of the texts. [default: guessed]")]
LabelColumn = Annotated[str, typer.Option("--label", metavar="COLUMN", help="Column of the labels. [default: guessed]")]
GroupColumn = Annotated[
    str, typer.Option("--group", metavar="COLUMN", help="Rows of one group stay on one side of the split.")
]
LabelsAsWritten = Annotated[
    bool, typer.Option("--labels-as-written", help="Labels such as none or NA are classes, not missing ones.")
]
IdColumn = Annotated[str, typer.Option("--id", metavar="COLUMN", help="Column of the series' names.")]
TimeColumn = Annotated[str, typer.Option("--time", metavar="COLUMN", help="Column of the times.")]
ValueColumn = Annotated[str, typer.Option("--value", metavar="COLUMN", help="Column of the values.")]
DateFormat = Annotated[str, typer.Option("--date-format", metavar="FORMAT", help="Notation of times, e.g. %d/%m/%Y.")]
TimeUnit = Annotated[str, typer.Option("--time-unit", help="Times are epoch numbers in s, ms, us or ns.")]
Sort = Annotated[bool, typer.Option("--sort", help="Sort each series by time.")]
Doubles = Annotated[str, typer.Option("--duplicates", help="Times that stand twice: error, first or mean.")]
FillGaps = Annotated[bool, typer.Option("--fill-gaps", help="Add missing times; needs --impute.")]
Impute = Annotated[str, typer.Option("--impute", help="Fill missing values: ffill, linear or zero.")]


@dataclass(frozen=True)
class SeriesChoices:
    """The options of reading series as they were given; an empty text leaves a choice open."""

    unique_id: str
    ds: str
    y: str
    date_format: str
    time_unit: str
    sort: bool
    duplicates: str
    fill_gaps: bool
    impute: str

    def reading(self) -> SeriesReading:
        """Check the choices; raises UsageError that names the option."""
        from recurra.runs.tables import SeriesReading

        units: tuple[Epoch, ...] = ("s", "ms", "us", "ns")
        fillings: tuple[Filling, ...] = ("ffill", "linear", "zero")
        doubles: tuple[Duplicates, ...] = ("error", "first", "mean")
        return SeriesReading(
            unique_id=self.unique_id or None,
            ds=self.ds or None,
            y=self.y or None,
            date_format=self.date_format or None,
            time_unit=one_of("--time-unit", self.time_unit, units),
            sort=self.sort,
            duplicates=one_of("--duplicates", self.duplicates, doubles) or "error",
            fill_gaps=self.fill_gaps,
            impute=one_of("--impute", self.impute, fillings),
        )


def one_of(option: str, given: str, allowed: tuple[Choice, ...]) -> Choice | None:
    """Return the choice that was given, None where none was; raises UsageError for another."""
    for choice in allowed:
        if choice == given:
            return choice
    if not given:
        return None
    raise UsageError(option, found=repr(given), allowed=", ".join(allowed))


def precision(given: str) -> Precision | None:
    """Read --precision; raises UsageError."""
    allowed: tuple[Precision, ...] = ("float32", "bf16", "int8")
    return one_of("--precision", given, allowed)


def on_error(given: str) -> Literal["stop", "reject"]:
    """Read --on-error; raises UsageError."""
    return one_of("--on-error", given, ("stop", "reject")) or "stop"
