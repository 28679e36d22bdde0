"""The commands and their options; each hands over to a function that is imported only when it runs.

Not here: what the commands do. Nothing heavy is imported, so that `recurra --help` answers at once.
"""

from __future__ import annotations

from typing import Annotated

import typer

from recurra.cli import options
from recurra.cli.app_data import data_app
from recurra.cli.app_fit import fit_app
from recurra.cli.app_lab import lab_app
from recurra.cli.options import FileChoices, grouped
from recurra.cli.series_options import SeriesChoices

# Plain text instead of rich boxes: help that can be searched, copied and read aloud.
app = typer.Typer(
    name="recurra",
    help="Recurrent networks made practical: label texts, model language, forecast series.\n\n"
    "First try:  recurra lab sentiment --quick    recurra fit text reviews.csv    recurra doctor",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(fit_app, name="fit")
app.add_typer(lab_app, name="lab")
app.add_typer(data_app, name="data")

Folder = Annotated[str, typer.Argument(metavar="ARTEFACT", help="An artefact's folder, or a run's.")]


def _version(asked: bool) -> None:
    if asked:
        # Imports stand in the functions: `--help` answers before NumPy would be loaded.
        from recurra.runs.versions import installed

        print(f"recurra {installed('recurra')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Recurra's own options come before the command."""


@app.command()
@grouped
def predict(
    artefact: Folder,
    file: Annotated[str, typer.Argument(metavar="[FILE|-]", help="Rows to label, or - for stdin.")] = "",
    text: Annotated[list[str] | None, typer.Option("--text", help="A text to label (may be given again).")] = None,
    column: Annotated[str, typer.Option("--column", help="Column of the texts. [default: guessed]")] = "",
    *,
    written: FileChoices,
    on_error: options.AtBadRow = "stop",
    precision: options.PrecisionName = "",
    json_: options.Json = False,
) -> None:
    """Label texts: every row once and in order.

    Examples:  recurra predict runs/text-reviews --text "not bad at all"

               recurra predict model new.csv --column body --json > labels.jsonl
    """
    from recurra.cli.predicting import label_texts

    # A text from the command line needs no reader; a wrong option of files is refused beside it all the same.
    wanted = file or (written, on_error) != (FileChoices(), "stop")
    reading = written.reading(text=column, policy=on_error) if wanted else None
    # Read before the model is loaded, so that a wrong word is refused at once.
    kind = options.precision(precision)
    label_texts(artefact, file, reading, texts=text or [], as_json=json_, precision=kind)


@app.command()
@grouped
def evaluate(
    artefact: Folder,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Labelled rows.")],
    text: options.TextColumn = "",
    label: options.LabelColumn = "",
    on_error: options.AtBadRow = "stop",
    *,
    written: FileChoices,
    series: SeriesChoices,
    fail_under: options.FailUnder = [],  # noqa: B006 - typer copies it
    report: Annotated[str, typer.Option("--report", help="Write an HTML report there.")] = "",
    # Rivals are learnt anew from the run's rows, which may take minutes: hence the way round them.
    rival: Annotated[bool, typer.Option("--rival/--no-rival", help="Measure the rival on the same rows.")] = True,
    precision: options.PrecisionName = "",
    json_: options.Json = False,
) -> None:
    """Measure a model on labelled rows, running text or series, beside the rival on the same rows.

    Examples:  recurra evaluate runs/text-imdb test.csv --fail-under accuracy=0.9

               recurra evaluate runs/language-wiki wiki.test.tokens --json
    """
    from recurra.cli.judging import evaluate_file

    # Both kinds of reading are checked, whichever task the artefact turns out to have.
    rows, reading = written.reading(text=text, label=label, policy=on_error), series.reading()
    kind = options.precision(precision)
    gates = fail_under
    evaluate_file(
        artefact, file, rows, reading, fail_under=gates, report=report, rival=rival, as_json=json_, precision=kind
    )


@app.command()
@grouped
def forecast(
    artefact: Folder,
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="Series up to now: unique_id, ds, y.")] = "",
    values: Annotated[
        str, typer.Option("--values", metavar="NUMBERS", help="Instead the newest values of the model's only series.")
    ] = "",
    steps: Annotated[
        int | None, typer.Option("--steps", show_default=False, help="Steps ahead. [default: the horizon]")
    ] = None,
    level: Annotated[list[int] | None, typer.Option("--level", help="Interval in percent; may come again.")] = None,
    *,
    written: FileChoices,
    series: SeriesChoices,
    precision: options.PrecisionName = "",
    json_: options.Json = False,
) -> None:
    """Forecast the coming values of every series in a file, as CSV on stdout.

    Examples:  recurra forecast runs/series-sales sales.csv --level 80 --level 95 > forecast.csv

               recurra forecast runs/lab-next-value/runs/improved --values 20,21,22
    """
    from recurra.cli.answering import forecast_series

    forecast_series(
        artefact,
        file,
        series.reading(),
        written.options(),
        values=values,
        steps=steps,
        level=level or [],
        as_json=json_,
        precision=options.precision(precision),
    )


@app.command()
def generate(
    artefact: Folder,
    prompt: Annotated[str, typer.Argument(help="What the text begins with.")],
    tokens: Annotated[int, typer.Option("--tokens", min=1, max=100_000, help="Tokens to write.")] = 50,
    temperature: Annotated[float, typer.Option("--temperature", help="Below 1: safer; above: bolder.")] = 1.0,
    next_words: Annotated[
        int | None, typer.Option("--next", min=1, help="Instead show the N most probable next words.")
    ] = None,
    seed: options.Seed = 0,
    precision: options.PrecisionName = "",
    json_: options.Json = False,
) -> None:
    """Go on from a prompt with a language model.

    Example:  recurra generate runs/language-wiki "the film" --tokens 30 --seed 1
    """
    from recurra.cli.answering import write_on

    write_on(
        artefact,
        prompt,
        tokens=tokens,
        temperature=temperature,
        next_words=next_words,
        seed=seed,
        as_json=json_,
        precision=options.precision(precision),
    )


@app.command()
def inspect(artefact: Folder, json_: options.Json = False) -> None:
    """Tell what an artefact holds: task, layers, parameters, labels, size.

    Example:  recurra inspect runs/text-imdb
    """
    from recurra.cli.answering import tell_artefact

    tell_artefact(artefact, as_json=json_)


@app.command()
def doctor(json_: options.Json = False) -> None:
    """Tell what this machine and installation can do.

    Example:  recurra doctor --json
    """
    from recurra.cli.doctor import tell_machine

    tell_machine(as_json=json_)
