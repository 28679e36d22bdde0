"""`recurra fit text|language|series`: the options.

Not here: the work (fitting.py).
"""

from __future__ import annotations

from typing import Annotated

import typer

from recurra.cli import options
from recurra.cli.file_options import FileChoices
from recurra.cli.grouped import grouped
from recurra.cli.series_options import SeriesChoices

fit_app = typer.Typer(help="Train a model from files: text, language or series.", no_args_is_help=True)


@fit_app.command()
@grouped
def text(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Labelled rows; or imdb, or synthetic.")],
    out: options.Out = "",
    test: Annotated[str, typer.Option("--test", help="Labelled rows to measure on, untouched by training.")] = "",
    text_: options.TextColumn = "",
    label: options.LabelColumn = "",
    group: options.GroupColumn = "",
    labels_as_written: options.LabelsAsWritten = False,
    cell: options.CellName = "",
    vectors: options.Vectors = "",
    wide: Annotated[bool, typer.Option("--wide", help="Add NB-SVM's log-odds beside the net.")] = False,
    epochs: options.Epochs = None,
    validation: options.Validation = None,
    seed: options.Seed = 0,
    set_: options.Settings = [],  # noqa: B006 - typer copies it
    on_error: options.OnError = "stop",
    *,
    written: FileChoices,
    fail_under: options.FailUnder = [],  # noqa: B006
    device: options.Device = "",
    threads: options.Threads = 0,
    resume: options.Resume = False,
    quiet: options.Quiet = False,
    json_: options.Json = False,
) -> None:
    """Learn to label texts.

    Examples:  recurra fit text tickets.csv --text body --label queue

               recurra fit text imdb --vectors glove --cell gru --out runs/imdb

               recurra fit text train.jsonl --test test.jsonl --set hidden=128 --fail-under accuracy=0.9
    """
    from recurra.cli.fitting import FitOptions, fit_text

    names = {"text": text_, "label": label, "group": group}
    reading = written.reading(**names, policy=on_error, as_written=labels_as_written)
    common = FitOptions(out, cell, epochs, seed, set_, fail_under, device, threads, resume, quiet, json_, validation)
    fit_text(files, reading, common, test=test, vectors=vectors, wide=wide)


@fit_app.command()
@grouped
def language(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Running text, or a table of texts; or wikitext-2.")],
    out: options.Out = "",
    text: options.TextColumn = "",
    tokens: options.Tokens = "",
    cell: options.CellName = "",
    vectors: options.Vectors = "",
    epochs: options.Epochs = None,
    validation: options.Validation = None,
    seed: options.Seed = 0,
    set_: options.Settings = [],  # noqa: B006
    *,
    written: FileChoices,
    fail_under: options.FailUnder = [],  # noqa: B006
    device: options.Device = "",
    threads: options.Threads = 0,
    resume: options.Resume = False,
    quiet: options.Quiet = False,
    json_: options.Json = False,
) -> None:
    """Learn a language model; the last twentieth of the lines is held out.

    Examples:  recurra fit language book.txt --tokens character --epochs 3

               recurra fit language wikitext-2 --vectors glove
    """
    from recurra.cli.fitting import FitOptions, fit_language

    common = FitOptions(out, cell, epochs, seed, set_, fail_under, device, threads, resume, quiet, json_, validation)
    fit_language(file, written.reading(text=text), common, tokens=tokens, vectors=vectors)


@fit_app.command()
@grouped
def series(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Series: unique_id, ds, y; or airline.")],
    out: options.Out = "",
    horizon: options.Horizon = None,
    window: options.Window = None,
    season: options.Season = None,
    *,
    written: FileChoices,
    given: SeriesChoices,
    cell: options.CellName = "",
    epochs: options.Epochs = None,
    validation: options.Windows = None,
    seed: options.Seed = 0,
    set_: options.Settings = [],  # noqa: B006
    fail_under: options.FailUnder = [],  # noqa: B006
    device: options.Device = "",
    threads: options.Threads = 0,
    resume: options.Resume = False,
    quiet: options.Quiet = False,
    json_: options.Json = False,
) -> None:
    """Learn to forecast; the last horizon of every series is the test part, beside naive and seasonal naive.

    Examples:  recurra fit series sales.csv --horizon 28 --season 7

               recurra fit series airline --horizon 12 --window 24 --season 12 --set log=true --set difference=true
    """
    from recurra.cli.fitting import FitOptions, fit_series

    common = FitOptions(out, cell, epochs, seed, set_, fail_under, device, threads, resume, quiet, json_, validation)
    fit_series(file, given.reading(), written.options(), common, horizon=horizon, window=window, season=season)
