"""`recurra stream`: each line is answered when it has come, and a state for each key goes on; without torch.

Not here: the states and what they answer (streams/).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.artefact import resolve
from recurra.cli import options
from recurra.cli.console import emit_json, say, say_warnings
from recurra.cli.options import FileChoices, grouped
from recurra.cli.series_options import SeriesChoices
from recurra.cli.series_tables import rows_of
from recurra.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recurra.datasets.formats import OnError
    from recurra.datasets.tables import Reject
    from recurra.streams.lines import Line, Lines, Waiting
    from recurra.streams.slots import Slots

MOST_WARNINGS = 100
"""Different warnings that are told, at most: a stream has no end."""


@dataclass(frozen=True)
class StreamChoices:
    """What is read of a line, and how much is told."""

    key: Annotated[
        str, typer.Option("--key", metavar="COLUMN", help="Column that tells streams apart. [default: all are one]")
    ] = ""
    column: Annotated[
        str, typer.Option("--column", help="Column of the texts, or of the observations. [default: guessed]")
    ] = ""
    most: Annotated[
        int, typer.Option("--most", min=1, help="Keys that are kept; the one read longest ago goes first.")
    ] = 10_000
    words: Annotated[
        int | None, typer.Option("--next", min=1, show_default=False, help="Next words that are told. [default: 5]")
    ] = None
    generate: Annotated[
        int, typer.Option("--generate", min=0, metavar="N", help="Go on by N tokens instead of telling next words.")
    ] = 0
    seed: options.Seed = 0
    steps: options.Horizon = None
    level: Annotated[list[int], typer.Option("--level", help="Interval in percent; may come again.")] = field(
        default_factory=list
    )
    history: Annotated[
        str, typer.Option("--history", metavar="FILE", help="Rows of series that came before the first line.")
    ] = ""


@grouped
def stream(
    artefact: options.Folder,
    file: Annotated[str, typer.Argument(metavar="[FILE|-]", help="Lines to read on, or - for stdin.")] = "-",
    *,
    choices: StreamChoices,
    written: FileChoices,
    series: SeriesChoices,
    on_error: options.AtBadRow = "stop",
    precision: options.PrecisionName = "",
) -> None:
    """Read lines on and answer each as a line of JSON, as soon as it has come: a state for each key goes on.

    Texts go on line by line: a classifier answers to all that its stream has read, a language model tells the next
    words. An imported net reads one observation a line, a forecaster one row of a series. On stdin, lines without a key
    are plain texts, all others JSON objects, or what --form says.

    Examples:  tail -f chat.jsonl | recurra stream runs/tickets --key user

               recurra stream runs/language-wiki --generate 20 --seed 1

               recurra stream runs/voice frames.jsonl --key call --column samples

               tail -f sales.csv | recurra stream runs/sales - --form csv --level 80

               recurra stream runs/sales --history sales.csv < today.jsonl
    """
    from recurra.model import load_any

    policy, reading = options.on_error(on_error), series.reading()
    given = _Given(file, choices, written, reading, policy)
    model = load_any(resolve(Path(artefact)), precision=options.precision(precision))
    require = _series if model.task == "series" else _observations if model.task == "sequence" else _texts
    streams, lines = require(model, given)
    keyed = streams.keyed if model.task == "series" else bool(choices.key)
    _Telling(choices.most, keyed, reject=policy == "reject").answer(lines, streams)


@dataclass(frozen=True)
class _Given:
    file: str
    choices: StreamChoices
    written: FileChoices
    reading: Any
    policy: OnError

    def form(self, unsaid: str) -> Any:
        """How the file is written; lines on stdin are of the form `unsaid` where nothing was said."""
        form = self.written.options()
        if self.file == "-":
            form["form"] = form.get("form") or unsaid
        return form

    def only(self, task: str, *read: str) -> None:
        """Raise UsageError for a choice that this model does not read."""
        given = {"--key": self.choices.key, "--column": self.choices.column, "--next": self.choices.words,
                 "--generate": self.choices.generate, "--horizon": self.choices.steps,
                 "--level": self.choices.level, "--history": self.choices.history}  # fmt: skip
        unread = next((name for name, value in given.items() if value and name not in read), None)
        if unread:
            allowed = ", ".join(read)
            raise UsageError(unread, found=f"an artefact of the task {task}", allowed=allowed, advice="leave it out")


def _series(model: Any, given: _Given) -> tuple[Any, Lines]:
    from recurra.datasets.series.files import open_series
    from recurra.streams.series import SeriesStreams

    given.only(model.task, "--horizon", "--level", "--history")
    form, streamed = given.form("jsonl"), given.file == "-"
    opened = open_series(given.file, given.reading.keeping(), learnt=model.learnt, streamed=streamed, **form)
    past = None
    if file := given.choices.history:
        if file == "-":
            raise UsageError("--history", found="-", allowed="a file: standard input brings the lines")
        written = given.written.options()
        # Its own ending tells its form; --form speaks of the lines that come.
        written["form"] = None
        past = open_series(file, given.reading.keeping(), learnt=model.learnt, **written)
    steps = model.horizon if given.choices.steps is None else given.choices.steps
    streams = SeriesStreams(model, opened, steps, given.choices.level, past)
    return streams, streams.lines(given.policy)


def _texts(model: Any, given: _Given) -> tuple[Any, Lines]:
    from recurra.datasets.formats import TextReading
    from recurra.datasets.texts import open_texts
    from recurra.streams.lines import text_lines
    from recurra.streams.texts import Ahead, NetStreams

    choices, language = given.choices, model.task == "language"
    given.only(model.task, "--key", "--column", *(("--next", "--generate") if language else ()))
    if choices.words and choices.generate:
        raise UsageError("--next and --generate", allowed="one of them")
    ahead = Ahead(words=choices.words or Ahead.words, generate=choices.generate, seed=choices.seed)
    streams = NetStreams(model, choices.most, ahead)
    form = given.form("jsonl" if choices.key or choices.column else "lines")
    reading = TextReading(text=choices.column or None, group=choices.key or None, on_error=given.policy, **form)
    streamed = given.file == "-"
    opened = open_texts(given.file, reading, labelled=False, learnt=model.origin.columns, streamed=streamed)
    say_warnings(opened.guesses)
    return streams, text_lines(opened)


def _observations(model: Any, given: _Given) -> tuple[Any, Lines]:
    from recurra.datasets.tables import open_table
    from recurra.streams.lines import observation_lines, observed
    from recurra.streams.texts import NetStreams

    choices = given.choices
    given.only(model.task, "--key", "--column")
    streams = NetStreams(model, choices.most)
    asked = [name for name in (choices.key, choices.column) if name]
    table = open_table(given.file, asked=asked, streamed=True, lists=True, **given.form("jsonl"))
    columns = observed(table, choices.column, choices.key)
    return streams, observation_lines(table, columns, given.policy, key=choices.key)


@dataclass
class _Telling:
    """Tells answers, refused lines and streams that were let go, each when it happens."""

    most: int
    keyed: bool
    reject: bool
    _said: set[str] = field(default_factory=set)
    _refused: int = 0

    def answer(self, lines: Lines, streams: Any) -> None:
        """Answer the lines in their order; those that are there together are read together."""
        from recurra.streams.slots import Slots

        slots = Slots(self.most)
        if history := getattr(streams, "history", None):
            self._remember(history.table.file, slots, streams)
        for some in lines:
            waiting: list[Waiting] = []
            for line in some:
                self._take(line, waiting, slots, streams)
            self._tell(waiting, streams)
        self._end(slots)

    def _remember(self, file: str, slots: Slots, streams: Any) -> None:
        """Let the streams of a history's series begin with it."""
        from recurra.streams.lines import Line, Waiting

        rows = 0
        for line in (line for some in streams.past_lines("reject" if self.reject else "stop") for line in some):
            if isinstance(line, Line):
                streams.remember(Waiting(line, self._slot(line.key, slots, streams, []), line.item))
                rows += 1
            else:
                self._refuse(line.reason)
        streams.check(len(slots))
        say(f"note: {len(slots):,} series begin with their history: {rows:,} rows of {file}; others begin empty")

    def _take(self, line: Line | Reject, waiting: list[Waiting], slots: Slots, streams: Any) -> None:
        """Put a line to those that wait; they are answered first where it would change what they read."""
        from recurra.streams.lines import Line, Waiting

        if not isinstance(line, Line):
            return self._refuse(line.reason)
        try:
            item = streams.item(line)
        except DataError as problem:
            # Told behind the answers to the lines before.
            self._tell(waiting, streams)
            return self._reject(problem)
        slot = self._slot(line.key, slots, streams, waiting)
        if not streams.repeats and any(slot == each.slot for each in waiting):
            self._tell(waiting, streams)
        waiting.append(Waiting(line, slot, item))
        if len(waiting) == streams.together:
            self._tell(waiting, streams)
        return None

    def _slot(self, key: str, slots: Slots, streams: Any, waiting: list[Waiting]) -> int:
        slot = slots.of(key)
        if slot.begins:
            if any(slot.number == each.slot for each in waiting):
                self._tell(waiting, streams)
            streams.begin(slot.number)
        if slot.gone is not None and slots.gone == 1:
            say(f"note: more than {self.most:,} keys: {slot.gone!r}, read longest ago, is let go and would begin anew")
        return slot.number

    def _tell(self, waiting: list[Waiting], streams: Any) -> None:
        """Answer those that wait."""
        if not waiting:
            return
        try:
            answers = streams.push(waiting)
        except DataError as problem:
            self._reject(problem)
            answers = []
        for (line, _, _), (begins, told, warnings) in zip(waiting, answers, strict=bool(answers)):
            self._warn(warnings)
            answer = {"rows": rows_of(told["columns"])} if "columns" in told else told
            emit_json({"line": line.number, **({"key": line.key} if self.keyed else {}), "begins": begins, **answer})
        # Whoever wrote the lines waits for their answers.
        sys.stdout.flush()
        waiting.clear()

    def _reject(self, problem: DataError) -> None:
        if not self.reject:
            raise problem
        self._refuse(str(problem))

    def _refuse(self, reason: str) -> None:
        self._refused += 1
        say(f"rejected: {reason}")

    def _warn(self, lines: Sequence[str]) -> None:
        """Say each warning once."""
        for line in lines:
            if line not in self._said and len(self._said) < MOST_WARNINGS:
                say_warnings([line])
                self._said.add(line)
                if len(self._said) == MOST_WARNINGS:
                    say("note: these were many warnings; others are not told")

    def _end(self, slots: Slots) -> None:
        """Tell what was left out, and how many streams were let go."""
        if self._refused:
            say(f"warning: {self._refused:,} lines were refused and left out")
        if slots.gone:
            say(f"note: {slots.gone:,} streams were let go; {len(slots):,} are kept")
