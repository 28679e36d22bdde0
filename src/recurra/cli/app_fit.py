"""`recurra fit text|language|series`: the options.

Not here: the work (fitting.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from recurra.cli import options
from recurra.cli.fit_options import LearningChoices, RunChoices
from recurra.cli.options import FileChoices, grouped
from recurra.cli.series_options import SeriesChoices
from recurra.tasks.names import CALLED

fit_app = typer.Typer(help="Train a model from files: text, language or series.", no_args_is_help=True)


@fit_app.command()
@grouped
def text(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Labelled rows; or imdb, or synthetic.")],
    test: options.TestRows = "",
    # `text` would hide this function; the option is --text all the same, because its type says so.
    text_: options.TextColumn = "",
    label: options.LabelColumn = "",
    group: options.GroupColumn = "",
    labels_as_written: options.LabelsAsWritten = False,
    vectors: options.VectorsFile = "",
    wide: Annotated[bool, typer.Option("--wide", help="Add NB-SVM's log-odds beside the net.")] = False,
    validation: options.Validation = None,
    on_error: options.AtBadRow = "stop",
    *,
    written: FileChoices,
    learning: LearningChoices,
    run: RunChoices,
) -> None:
    """Learn to label texts.

    Examples:  recurra fit text tickets.csv --text body --label queue

               recurra fit text imdb --vectors glove --cell gru --out runs/imdb

               recurra fit text train.jsonl --test test.jsonl --set hidden=128 --fail-under accuracy=0.9
    """
    from recurra.cli.fitting import fit_files
    from recurra.tasks.task import Source

    names = {"text": text_, "label": label, "group": group}
    reading = written.reading(**names, policy=on_error, as_written=labels_as_written)
    source = Source(files, reading, test=test)
    fit_files("text", source, learning, run, vectors=vectors, wide=wide, validation=validation)


@fit_app.command()
@grouped
def language(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Running text, or a table of texts; or wikitext-2.")],
    text: options.TextColumn = "",
    tokens: options.Tokens = "",
    vectors: options.VectorsFile = "",
    validation: options.Validation = None,
    *,
    written: FileChoices,
    learning: LearningChoices,
    run: RunChoices,
) -> None:
    """Learn a language model; the last twentieth of the lines is held out.

    Examples:  recurra fit language book.txt --tokens character --epochs 3

               recurra fit language wikitext-2 --vectors glove
    """
    from recurra.cli.fitting import fit_files
    from recurra.tasks.task import Source

    # Of a table its texts alone are learnt: ids, quotes and labels are no language.
    source = Source([file], written.reading(text=text))
    fit_files("language", source, learning, run, tokens=tokens, vectors=vectors, validation=validation)


@fit_app.command()
@grouped
def series(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Series: unique_id, ds, y; or airline.")],
    horizon: options.Horizon = None,
    window: options.Window = None,
    season: options.Season = None,
    validation: options.Validation = None,
    *,
    written: FileChoices,
    given: SeriesChoices,
    learning: LearningChoices,
    run: RunChoices,
) -> None:
    """Learn to forecast; the last horizon of every series is the test part, beside naive and seasonal naive.

    Examples:  recurra fit series sales.csv --horizon 28 --season 7

               recurra fit series airline --horizon 12 --window 24 --season 12 --set log=true --set difference=true
    """
    from recurra.cli.fitting import fit_files
    from recurra.tasks.task import Source

    # How a file is written (form, delimiter, header) is told once, in the reading of texts, and serves series too.
    source = Source([file], written.reading(), given.reading())
    fit_files("series", source, learning, run, horizon=horizon, window=window, season=season, validation=validation)


def _plain_fit(task: str) -> Callable[..., None]:
    """Return the command of a task that has no options of its own."""

    @grouped
    def command(
        files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Rows to learn from.")],
        test: options.TestRows = "",
        validation: options.Validation = None,
        *,
        written: FileChoices,
        learning: LearningChoices,
        run: RunChoices,
    ) -> None:
        from recurra.cli.fitting import fit_files
        from recurra.tasks.task import Source

        fit_files(task, Source(files, written.reading(), test=test), learning, run, validation=validation)

    return command


# A task that is added to names.CALLED has this command; nothing need be written here.
for _task, _called in CALLED.items():
    if _task not in ("text", "language", "series"):
        fit_app.command(_task, help=f"Learn {_called.noun}.")(_plain_fit(_task))
