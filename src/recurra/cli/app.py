"""The commands and their options; each hands over to a function that is imported only when it runs.

Not here: what the commands do. Nothing heavy is imported, so that `recurra --help` answers at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from recurra.cli import answering, backtesting, comparing, explaining, exporting, importing, options, streaming, tuning
from recurra.cli.app_fit import LearningChoices, RunChoices, fit_task
from recurra.cli.data import data_app
from recurra.cli.fit_kinds import kinds_app
from recurra.cli.labs import lab_app
from recurra.cli.options import FileChoices, grouped
from recurra.cli.series_options import SeriesChoices
from recurra.tasks.names import CALLED

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
app.add_typer(kinds_app, name="fit")
app.add_typer(lab_app, name="lab")
app.add_typer(data_app, name="data")


def _version(asked: bool) -> None:
    if asked:
        # Imports stand in the functions: `--help` answers before NumPy would be loaded.
        from recurra.engine.processors import installed

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
    artefact: options.Folder,
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
    artefact: options.Folder,
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
    dynamic: Annotated[
        bool, typer.Option("--dynamic", help="Beside it, a language model that learns from what it scored (torch).")
    ] = False,
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
    kind, gates = options.precision(precision), fail_under
    told: dict[str, Any] = {"report": report, "rival": rival, "dynamic": dynamic, "as_json": json_}
    evaluate_file(artefact, file, rows, reading, fail_under=gates, precision=kind, **told)


app.command()(answering.forecast)
app.command()(backtesting.backtest)
app.command()(answering.generate)
app.command()(answering.score)
app.command()(streaming.stream)
app.command()(answering.inspect)
app.command()(exporting.export)
app.command("import")(importing.import_)
app.command()(explaining.explain)
app.command()(exporting.export)
app.command()(comparing.compare)
app.command()(tuning.tune)


@app.command()
def doctor(json_: options.Json = False) -> None:
    """Tell what this machine and installation can do.

    Example:  recurra doctor --json
    """
    from recurra.cli.doctor import tell_machine

    tell_machine(as_json=json_)


def _plain_fit(task: str) -> Callable[..., None]:
    """Return the command of a task that has no options of its own."""

    @grouped
    def command(
        files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Rows to learn from.")],
        test: options.TestRows = "",
        text: options.TextColumn = "",
        validation: options.Validation = None,
        *,
        written: FileChoices,
        learning: LearningChoices,
        run: RunChoices,
    ) -> None:
        from recurra.tasks.task import Source

        fit_task(task, Source(files, written.reading(text=text), test=test), learning, run, validation=validation)

    return command


# A task that is added to names.CALLED has this command; nothing need be written here.
_OWN = {each.name or getattr(each.callback, "__name__", "") for each in kinds_app.registered_commands}
for _task, _called in CALLED.items():
    if _task not in _OWN:
        kinds_app.command(_task, help=f"Learn {_called.noun}.")(_plain_fit(_task))
