"""The options that several commands share, with their help.

Not here: commands.
"""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from recurra.errors import UsageError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout instead of text.")]
Out = Annotated[str, typer.Option("--out", metavar="RUN", help="Folder of the run. [default: the next free runs/…]")]
Settings = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="Any configuration key, e.g. --set dropout=0.3.")
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything random.")]
Threads = Annotated[int, typer.Option("--threads", help="Processor threads. [default: all]")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run that lies in --out.")]
CellName = Annotated[str, typer.Option("--cell", help="rnn, gru or lstm.")]
Epochs = Annotated[int, typer.Option("--epochs", help="Passes over the training part. [default: the task's]")]
Vectors = Annotated[str, typer.Option("--vectors", help="Word vectors: a GloVe, word2vec or fastText file, or glove.")]
FailUnder = Annotated[
    list[str], typer.Option("--fail-under", metavar="METRIC=VALUE", help="Exit with 5 when the figure is not reached.")
]
OnError = Annotated[str, typer.Option("--on-error", help="stop at a bad row, or reject it and go on.")]
Encoding = Annotated[str, typer.Option("--encoding", help="Text encoding of the file.")]
TextColumn = Annotated[str, typer.Option("--text", metavar="COLUMN", help="Column of the texts. [default: guessed]")]
LabelColumn = Annotated[str, typer.Option("--label", metavar="COLUMN", help="Column of the labels. [default: guessed]")]
GroupColumn = Annotated[
    str, typer.Option("--group", metavar="COLUMN", help="Rows of one group stay on one side of the split.")
]


def on_error(given: str) -> Literal["stop", "reject"]:
    """Read --on-error; raises UsageError."""
    if given == "stop":
        return "stop"
    if given == "reject":
        return "reject"
    raise UsageError("--on-error", found=repr(given), allowed="stop, reject")
