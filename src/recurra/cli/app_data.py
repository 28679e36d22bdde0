"""`recurra data list|get|describe|check`: the options.

Not here: the work (data.py).
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from recurra.cli import options
from recurra.cli.app_fit import LearningChoices, fit_app
from recurra.cli.options import FileChoices, grouped
from recurra.cli.series_options import SeriesChoices

data_app = typer.Typer(help="Data sets known by name, and the check of your own files.", no_args_is_help=True)
SetName = Annotated[str, typer.Argument(metavar="NAME", help="imdb, glove, wikitext-2 or airline.")]


# The name is given, because a function called `list` would hide Python's own.
@data_app.command("list")
def list_(json_: options.Json = False) -> None:
    """List the known data sets and where they lie.

    Example:  recurra data list
    """
    from recurra.cli.data import list_sets

    list_sets(as_json=json_)


@data_app.command()
def get(name: SetName, json_: options.Json = False) -> None:
    """Bring a known data set to this machine; goes on where an earlier try stopped, and checks the checksum.

    Example:  recurra data get imdb
    """
    from recurra.cli.data import fetch_set

    fetch_set(name, as_json=json_)


@data_app.command()
def describe(name: SetName, json_: options.Json = False) -> None:
    """Tell rows, classes, lengths, licence and source of a known data set.

    Example:  recurra data describe imdb
    """
    from recurra.cli.data import tell_set

    tell_set(name, as_json=json_)


@data_app.command()
@grouped
def check(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV, TSV, JSON, Parquet or plain text.")],
    task: Annotated[str, typer.Option("--task", help="text, language or series. [default: told by the columns]")] = "",
    test: options.TestRows = "",
    text: options.TextColumn = "",
    label: options.LabelColumn = "",
    group: options.GroupColumn = "",
    labels_as_written: options.LabelsAsWritten = False,
    tokens: options.Tokens = "",
    vectors: options.VectorsFile = "",
    horizon: options.Horizon = None,
    window: options.Window = None,
    season: options.Season = None,
    validation: options.Validation = None,
    on_error: options.AtBadRow = "stop",
    *,
    written: FileChoices,
    series: SeriesChoices,
    learning: LearningChoices,
    json_: options.Json = False,
) -> None:
    """Check a file before hours of training: exit 0 when a fit with these options would begin to learn, 3 when not.

    It takes the options of the task's fit, which mean what they mean there; --wide of texts adds NB-SVM's log-odds.

    Example:  recurra data check tickets.csv --text body --label queue

              recurra data check sales.csv --horizon 28 --validation 4
    """
    from recurra.cli.data import CheckOptions, check_rows

    names = {"text": text, "label": label, "group": group}
    rows = written.reading(**names, policy=on_error, as_written=labels_as_written)
    words: dict[str, Any] = {"vectors": vectors, "validation": validation}
    sizes: dict[str, Any] = {"horizon": horizon, "window": window, "season": season, "validation": validation}
    of_tasks = {"text": words | {"wide": series.wide}, "language": words | {"tokens": tokens}, "series": sizes}
    asked = CheckOptions(learning, test, of_tasks, _read_by(context))
    check_rows(file, task, rows, series.reading(), asked, as_json=json_)


def _read_by(context: typer.Context) -> dict[str, list[str]]:
    """Return the tasks whose fit has each option that was given."""
    # The options of the fits themselves, so that no list of them can grow old.
    fits = typer.main.get_command(fit_app).commands  # type: ignore[attr-defined]
    options_of = {task: {name for each in fit.params for name in each.opts} for task, fit in fits.items()}
    given = [
        each.opts[0]
        for each in context.command.params
        # These three are no options of a fit, and what has a default was not typed. typer brings a copy of click of its
        # own: its source is known by its word, not by click's type.
        if each.name not in ("file", "task", "json_")
        and getattr(context.get_parameter_source(str(each.name)), "name", "") == "COMMANDLINE"
    ]
    return {name: [task for task, known in options_of.items() if name in known] for name in given}
