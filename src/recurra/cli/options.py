"""The options that several commands share, with their help.

Not here: commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from recurra.cells import CELLS
from recurra.errors import UsageError

if TYPE_CHECKING:
    from recurra.config import Precision

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
CellOption = Annotated[str, typer.Option("--cell", help=f"{', '.join(CELLS)}.")]
PrecisionName = Annotated[
    str, typer.Option("--precision", help="Multiply in float32, bf16 or int8. [default: what the model learnt in]")
]
Epochs = Annotated[
    int | None,
    typer.Option("--epochs", min=1, show_default=False, help="Passes over the training part. [default: the task's]"),
]
Tokens = Annotated[str, typer.Option("--tokens", help="word, character, or space (tokenised beforehand).")]
Validation = Annotated[
    float | None,
    typer.Option(
        "--validation",
        show_default=False,
        help="Held out to choose the epoch on: a share, or a number of texts, lines or windows. [default: the task's]",
    ),
]
Vectors = Annotated[str, typer.Option("--vectors", help="Word vectors: a GloVe, word2vec or fastText file, or glove.")]
TestRows = Annotated[str, typer.Option("--test", help="Labelled rows to measure on, untouched by training.")]
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
