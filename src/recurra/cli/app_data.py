"""`recurra data list|get|describe|check`: the options.

Not here: the work (data.py).
"""

from __future__ import annotations

from typing import Annotated

import typer

from recurra.cli import options
from recurra.cli.file_options import FileChoices
from recurra.cli.grouped import grouped
from recurra.cli.series_options import SeriesChoices

data_app = typer.Typer(help="Data sets known by name, and the check of your own files.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="NAME", help="imdb, glove, wikitext-2 or airline.")]


@data_app.command("list")
def list_(json_: options.Json = False) -> None:
    """List the known data sets and where they lie.

    Example:  recurra data list
    """
    from recurra.cli.data import list_sets

    list_sets(as_json=json_)


@data_app.command()
def get(name: Name, json_: options.Json = False) -> None:
    """Bring a known data set to this machine; goes on where an earlier try stopped, and checks the checksum.

    Example:  recurra data get imdb
    """
    from recurra.cli.data import get as work

    work(name, as_json=json_)


@data_app.command()
def describe(name: Name, json_: options.Json = False) -> None:
    """Tell rows, classes, lengths, licence and source of a known data set.

    Example:  recurra data describe imdb
    """
    from recurra.cli.data import describe as work

    work(name, as_json=json_)


@data_app.command()
@grouped
def check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV, TSV, JSON, Parquet or plain text.")],
    task: Annotated[str, typer.Option("--task", help="text, language or series. [default: told by the columns]")] = "",
    text: options.TextColumn = "",
    label: options.LabelColumn = "",
    group: options.GroupColumn = "",
    labels_as_written: options.LabelsAsWritten = False,
    tokens: options.Tokens = "",
    horizon: options.Horizon = None,
    window: options.Window = None,
    validation: options.Validation = None,
    set_: options.Settings = [],  # noqa: B006 - typer copies it
    *,
    written: FileChoices,
    series: SeriesChoices,
    json_: options.Json = False,
) -> None:
    """Check a file before hours of training: exit 0 when a fit with these options would begin to learn, 3 when not.

    Example:  recurra data check tickets.csv --text body --label queue

              recurra data check sales.csv --horizon 28 --validation 4
    """
    from recurra.cli.data import CheckOptions
    from recurra.cli.data import check as work

    rows = written.reading(text=text, label=label, group=group, as_written=labels_as_written)
    asked = CheckOptions(task, set_, tokens, horizon, window, validation)
    work(file, rows, series.reading(), asked, as_json=json_)
