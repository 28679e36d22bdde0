"""`recurra fit text|language|series`: the options, those that all fits share, and the estimator that they ask for.

`data check` takes the same. Not here: further kinds of answers (fit_kinds.py), the work (judging.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli import options
from recurra.cli.options import FileChoices, grouped, one_of
from recurra.cli.recipes import OF_SERIES, RecipeChoices, SeriesMinutes, SeriesRecipe
from recurra.cli.series_options import LearntSeriesChoices
from recurra.errors import UsageError

if TYPE_CHECKING:
    from recurra.config import Settings
    from recurra.estimators.estimator import Estimator
    from recurra.tasks.task import Source

fit_app = typer.Typer(help="Train a model from files: text, language, series and others.", no_args_is_help=True)


@dataclass(frozen=True)
class LearningChoices:
    """The options of learning that all tasks share; what is empty is left to the task."""

    cell: options.CellOption = ""
    epochs: options.Epochs = None
    seed: options.Seed = 0
    settings: options.SetOption = field(default_factory=list)
    device: options.DeviceName = ""
    fail_under: options.FailUnder = field(default_factory=list)

    def behind(self, settings: Sequence[str]) -> LearningChoices:
        """Return the same behind other settings, which give way to those that were given."""
        return replace(self, settings=[*settings, *self.settings])

    def changed(self, settings: Settings, task: str) -> Settings:
        """Put the options into a task's settings.

        Raises UsageError for a bad one, for one that the task does not read, and for a device that is not there.
        """
        from recurra.engine.devices import device_of
        from recurra.tasks.reads import check_read

        changes: dict[str, Any] = options.read_settings(self.settings)
        # Behind --set, so that an option of its own wins over the same setting there.
        changes |= {"cell": self.cell} if self.cell else {}
        changes |= {"epochs": self.epochs} if self.epochs else {}
        changes |= {"device": self.device} if self.device else {}
        changed = settings.changed(changes)
        check_read(changed, task, begun=settings)
        # Asked now: a GPU that is not there is told before the rows are read.
        device_of(changed.training.device)
        return changed

    def estimator(self, task: str, file: str, *, vectors: str = "", **asked: Any) -> Estimator:
        """Return the estimator that is asked for, of the rows of a file; what is empty is left to the task.

        Raises UsageError, and DataError for vectors that are not there.
        """
        from recurra.estimators.estimator import estimator_of
        from recurra.runs.sources import settings_of, vectors_path

        made = estimator_of(task)
        # A known set may need settings of its own; --set and the task's options still change them.
        netless = bool(self.cell) and self.cell == made.no_net
        settings = (replace(self, cell="") if netless else self).changed(
            made.task.settings.changed(settings_of(file)), task
        )
        # By identity: 0 equals False, and --validation 0 is a choice.
        given = {
            name: value for name, value in asked.items() if value is not None and value is not False and value != ""
        }
        if netless:
            given["cell"] = self.cell
        if vectors:
            given["vectors"] = vectors_path(vectors)
        if "validation" in given:
            given["validation"] = _whole_or_share(given["validation"])
        estimator: Estimator = made(config=settings, random_state=self.seed, **given)
        return estimator


def _whole_or_share(number: float) -> float:
    """Return a number of units as a whole one: the command line knows numbers with a point alone."""
    return int(number) if number >= 1 and number == int(number) else number


@dataclass(frozen=True)
class RunChoices:
    """The options that say where and how a run goes."""

    out: options.Out = ""
    threads: options.Threads = 0
    resume: options.Resume = False
    quiet: options.Quiet = False
    json_: options.Json = False

    def folder(self, name: str) -> Path:
        """Make or find the run's folder."""
        from recurra.runs.run import new_run

        # Without --out the next free folder would be taken, and training begin anew in silence.
        if self.resume and not self.out:
            raise UsageError("--resume needs --out", advice="name the run to go on with")
        if self.resume and not Path(self.out).is_dir():
            raise UsageError(f"--resume: there is no run at {self.out}")
        return new_run(name, out=self.out, resume=self.resume)


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
    unlabelled: options.Unlabelled = "",
    validation: options.Validation = None,
    on_error: options.AtBadRow = "stop",
    *,
    written: FileChoices,
    recipe: RecipeChoices,
    learning: LearningChoices,
    run: RunChoices,
) -> None:
    """Learn to label texts: the encoder in the box among linear models, each weighed by what it is worth.

    A setting of nets, --vectors or --wide makes it one net alone.

    Examples:  recurra fit text tickets.csv --text body --label queue

               recurra fit text imdb --vectors glove --cell gru --out runs/imdb

               recurra fit text train.jsonl --test test.jsonl --set hidden=128 --fail-under accuracy=0.9
    """
    from recurra.tasks.task import Source

    names = {"text": text_, "label": label, "group": group}
    reading = written.reading(**names, policy=on_error, as_written=labels_as_written)
    preset = recipe.named()
    source = Source(files, reading, test=test, unlabelled=unlabelled or preset.free_of(files))
    asked = {"vectors": vectors, "wide": wide, **recipe.given(validation)}
    fit_task("text", source, learning.behind(preset.settings), run, **asked)


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
    from recurra.tasks.task import Source

    # Of a table its texts alone are learnt: ids, quotes and labels are no language.
    source = Source([file], written.reading(text=text))
    fit_task("language", source, learning, run, tokens=tokens, vectors=vectors, validation=validation)


@fit_app.command()
@grouped
def series(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Series: unique_id, ds, y; or airline.")],
    horizon: options.Horizon = None,
    window: options.Window = None,
    season: options.Season = None,
    holidays: options.Holidays = "",
    validation: options.Validation = None,
    recipe: SeriesRecipe = "",
    minutes: SeriesMinutes = None,
    *,
    written: FileChoices,
    given: LearntSeriesChoices,
    learning: LearningChoices,
    run: RunChoices,
) -> None:
    """Learn to forecast; the last horizon of every series is the test part, beside naive and seasonal naive.

    Examples:  recurra fit series sales.csv --horizon 28

               recurra fit series sales.csv --horizon 28 --season 7 --minutes 2

               recurra fit series sales.csv --horizon 28 --season 7 --cell none

               recurra fit series visits.csv --horizon 14 --holidays DE-BY

               recurra fit series demand.csv --horizon 48 --past price --future temperature,holiday --static region

               recurra fit series airline --horizon 12 --window 24 --season 12 --set log=true --set difference=true
    """
    from recurra.tasks.task import Source

    # How a file is written (form, delimiter, header) is told once, in the reading of texts, and serves series too.
    source = Source([file], written.reading(), given.reading())
    sizes = {"horizon": horizon, "window": window, "season": season, "validation": validation}
    how = {"recipe": one_of("--recipe", recipe, OF_SERIES), "minutes": minutes, "holidays": holidays}
    fit_task("series", source, learning, run, **how, **sizes, **given.named())


def fit_task(task: str, source: Source, learning: LearningChoices, run: RunChoices, **asked: Any) -> None:
    """Learn from a source as all tasks do."""
    from recurra.cli.judging import fit_files, read_gates
    from recurra.engine.processors import prepare_training

    prepare_training(run.threads)
    # What can be refused without the rows comes first: a misspelt gate must not be told after hours.
    gates = read_gates(learning.fail_under, task=task)
    estimator = learning.estimator(task, source.files[0], **asked)
    fit_files(estimator, source, gates, folder=run.folder, quiet=run.quiet, as_json=run.json_)
