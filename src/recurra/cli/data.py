"""`recurra data list|get|describe|check`: known data sets, and the check of a user's file.

What reads and downloads is imported only when a command runs: `recurra --help` loads this file too.

Not here: reading and downloading (datasets/), and what is checked (tasks/checking.py).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli import options
from recurra.cli.app_fit import LearningChoices
from recurra.cli.console import emit_json, emit_table, say
from recurra.cli.fit_kinds import kinds_app
from recurra.cli.options import FileChoices, grouped, one_of
from recurra.cli.recipes import RecipeChoices
from recurra.cli.series_options import LearntSeriesChoices
from recurra.errors import DataError, UsageError
from recurra.tasks.names import CALLED

if TYPE_CHECKING:
    from recurra.datasets.targets import TargetReading
    from recurra.tasks.checking import Finding, Needs
    from recurra.tasks.task import Source

SEVERAL = ("regression", "multilabel")
"""Tasks whose targets may stand in several columns."""
data_app = typer.Typer(help="Data sets known by name, and the check of your own files.", no_args_is_help=True)
SetName = Annotated[str, typer.Argument(metavar="NAME", help="imdb, glove, wikitext-2 or airline.")]


# The name is given, because a function called `list` would hide Python's own.
@data_app.command("list")
def list_(json_: options.Json = False) -> None:
    """List the known data sets and where they lie.

    Example:  recurra data list
    """
    from recurra.datasets.known.sets import SETS

    rows = [{"name": name, "task": one.task, "title": one.title, "place": _place(name)} for name, one in SETS.items()]
    if json_:
        emit_json({"sets": rows})
    else:
        emit_table(("name", "task", "title", "place"), [tuple(row.values()) for row in rows])


def _place(name: str) -> str:
    from recurra.datasets.known.sets import find, known_set

    if not known_set(name).files:
        return "in the package"
    return str(find(name) or f"not here: recurra data get {name}")


@data_app.command()
def get(name: SetName, json_: options.Json = False) -> None:
    """Bring a known data set to this machine; goes on where an earlier try stopped, and checks the checksum.

    Example:  recurra data get imdb
    """
    from recurra.datasets.known.download import fetch

    place = fetch(name, progress=_progress) or "in the package"
    if json_:
        emit_json({"name": name, "place": str(place)})
    else:
        print(place)


def _progress(file: str, here: int, whole: int) -> None:
    # A log has no use for a line that is written over and over.
    if sys.stderr.isatty():
        share = f"{100 * here / whole:5.1f} %" if whole else f"{here / 1e6:.1f} MB"
        print(f"\r{file}: {share}", end="", file=sys.stderr, flush=True)


@data_app.command()
def describe(name: SetName, json_: options.Json = False) -> None:
    """Tell rows, classes, lengths, licence and source of a known data set.

    Example:  recurra data describe imdb
    """
    from recurra.datasets.known.sets import known_set

    # Places and files are for the machine; the texts are what a reader asks for.
    texts = {key: value for key, value in asdict(known_set(name)).items() if isinstance(value, str)}
    told = {**texts, "place": _place(name)}
    if json_:
        emit_json(told)
    else:
        for key, value in told.items():
            print(f"{key:10} {value}")


@dataclass(frozen=True)
class TaskChoices:
    """The options that are not of all tasks; what is empty is left to the task."""

    separator: options.Separator = "|"
    order: options.Order = ""
    tokens: options.Tokens = ""
    vectors: options.VectorsFile = ""
    horizon: options.Horizon = None
    window: options.Window = None
    season: options.Season = None
    holidays: options.Holidays = ""
    validation: options.Validation = None

    def targets(self, labels: list[str]) -> TargetReading:
        """Return how targets are read; raises UsageError for an order that is none."""
        from recurra.datasets.targets import TargetReading

        return TargetReading(tuple(labels), self.separator, options.order_of(self.order))

    def by_task(self, recipe: RecipeChoices, **of_texts: Any) -> dict[str, dict[str, Any]]:
        """Return what each task's estimator is asked for.

        Of labelled texts: further choices, and what is held out where no option says so.
        """
        held: dict[str, Any] = {"validation": self.validation}
        words = held | {"vectors": self.vectors}
        of_texts |= recipe.given(self.validation)
        sizes = held | {"horizon": self.horizon, "window": self.window, "season": self.season}
        sizes["holidays"] = self.holidays
        sizes["recipe"] = recipe.recipe or None
        return {"text": words | of_texts, "language": words | {"tokens": self.tokens}, "series": sizes, "tags": held}


@data_app.command()
@grouped
def check(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV, TSV, JSON, Parquet or plain text.")],
    task: Annotated[str, typer.Option("--task", help="The task of its fit. [default: told by the file]")] = "",
    test: options.TestRows = "",
    unlabelled: options.Unlabelled = "",
    text: options.TextColumn = "",
    token: options.TokenColumn = "",
    label: options.LabelColumns = [],  # noqa: B006 - typer copies it
    group: options.GroupColumn = "",
    labels_as_written: options.LabelsAsWritten = False,
    on_error: options.AtBadRow = "stop",
    *,
    of_task: TaskChoices,
    written: FileChoices,
    series: LearntSeriesChoices,
    recipe: RecipeChoices,
    learning: LearningChoices,
    json_: options.Json = False,
) -> None:
    """Check a file before hours of training: exit 0 when a fit with these options would begin to learn, 3 when not.

    It takes the options of the task's fit, which mean what they mean there; --wide of texts adds NB-SVM's log-odds.

    Example:  recurra data check tickets.csv --text body --label queue

              recurra data check sales.csv --horizon 28 --validation 4
    """
    from recurra.datasets.conll import TagReading
    from recurra.tasks.task import Source

    # Only targets may stand in several columns; who reads one alone refuses more of them.
    names = {"text": text, "label": label[-1] if label else "", "group": group}
    rows = written.reading(**names, policy=on_error, as_written=labels_as_written)
    # Of all tasks, because which one it is may be known only when the file has been looked at.
    preset, of_tasks = recipe.named(), of_task.by_task(recipe, wide=series.wide)
    tags, targets = TagReading(token, rows.label or "", written.encoding), of_task.targets(label)
    source = Source([file], rows, series.reading(), tags, targets, test, unlabelled or preset.free_of([file]))
    asked = _Asked(source, learning.behind(preset.settings), of_tasks, _read_by(context))
    _tell(file, _findings(asked, task), as_json=json_)


@dataclass(frozen=True)
class _Asked:
    """What a file is checked for."""

    source: Source
    learning: LearningChoices
    of_tasks: dict[str, dict[str, Any]]
    read_by: dict[str, list[str]]

    def needs(self, task: str) -> Needs:
        """Return what the task's fit asks of what was read of the file; raises UsageError as it does."""
        from recurra.cli.judging import read_gates
        from recurra.tasks.checking import needs_of

        _refuse_unread(task, self.read_by)
        if len(self.source.targets.labels) > 1 and task not in SEVERAL:
            raise UsageError(
                "--label", found=f"{len(self.source.targets.labels)} columns", allowed=f"one of task {task}"
            )
        read_gates(self.learning.fail_under, task=task)
        estimator = self.learning.estimator(task, self.source.files[0], **self.of_tasks.get(task, {}))
        return needs_of(estimator.task, estimator.asked(), self.source)


def _findings(asked: _Asked, given: str) -> list[Finding]:
    from recurra.tasks.checking import check_known, check_source, known_rows

    task = one_of("--task", given, (*CALLED,))
    # A known set needs no look at its columns, unless another task is named.
    known = known_rows(asked.source.files[0], test=asked.source.test)
    if known is not None and task in (None, known[0]):
        return check_known(*known, asked.needs)
    return check_source(asked.source, task=task, needs=asked.needs)


def _refuse_unread(task: str, read_by: dict[str, list[str]]) -> None:
    """Raise UsageError for an option that the task's fit has not: it would do nothing, in silence."""
    for option, tasks in read_by.items():
        if task not in tasks:
            allowed, advice = f"the options of `recurra fit {task}`", f"fit {' and '.join(tasks)} has it"
            raise UsageError(f"{option} is not read here", allowed=allowed, advice=advice)


def _tell(file: str, findings: Sequence[Finding], *, as_json: bool) -> None:
    """Tell findings on stdout; exit 3 when one of them is an error."""
    if as_json:
        emit_json({"file": file, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            print(f"{finding.level}: {finding.text}")
    # All findings are told before the command fails.
    errors = sum(finding.level == "error" for finding in findings)
    if errors:
        raise DataError(f"{file} cannot be learnt from", found=f"{errors} error{'s' * (errors > 1)}")
    say(f"{file} can be learnt from")


def _read_by(context: typer.Context) -> dict[str, list[str]]:
    """Return the tasks whose fit has each option that was given."""
    # The options of the fits themselves, so that no list of them can grow old.
    fits = typer.main.get_command(kinds_app).commands  # type: ignore[attr-defined]
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
