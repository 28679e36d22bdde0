"""`recurra stream`: each line is answered when it has come, and a state for each key goes on; without torch.

Not here: the states and what they answer (streams/).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.artefact import require_task, resolve
from recurra.cli import options
from recurra.cli.console import emit_json, say, say_warnings
from recurra.cli.options import FileChoices, grouped
from recurra.cli.series_options import SeriesChoices
from recurra.cli.series_tables import rows_of
from recurra.errors import DataError

if TYPE_CHECKING:
    from recurra.datasets.tables import RowBatch
    from recurra.streams.slots import Slot, Slots

MOST_WARNINGS = 100
"""Different warnings that are told, at most: a stream has no end."""


@grouped
def stream(
    artefact: options.Folder,
    file: Annotated[str, typer.Argument(metavar="[FILE|-]", help="Lines to read on, or - for stdin.")] = "-",
    most: Annotated[
        int, typer.Option("--most", min=1, help="Keys that are kept; the one read longest ago goes first.")
    ] = 10_000,
    steps: options.Horizon = None,
    level: Annotated[list[int], typer.Option("--level", help="Interval in percent; may come again.")] = [],  # noqa: B006
    *,
    written: FileChoices,
    series: SeriesChoices,
    on_error: options.AtBadRow = "stop",
    precision: options.PrecisionName = "",
) -> None:
    """Read lines on and answer each as a line of JSON, as soon as it has come: a state for each key goes on.

    A forecaster takes rows of series, and tells the coming values after each. On stdin they are JSON lines, or what
    --form says.

    Examples:  recurra stream runs/series-sales < new-rows.jsonl

               tail -f sales.csv | recurra stream runs/series-sales - --form csv --level 80
    """
    from recurra.model import load_any

    policy, form, reading = options.on_error(on_error), written.options(), series.reading()
    model = load_any(resolve(Path(artefact)), precision=options.precision(precision))
    require_task(model.task, "series")
    if file == "-":
        form["form"] = form.get("form") or "jsonl"
    streams = _series(model, file, reading, form, steps, level)
    telling = _Telling(most, reject=policy == "reject")
    for batch in telling.batches(streams.opened.table, streams.columns):
        telling.tell(batch, streams)
    telling.end()


def _series(model: Any, file: str, reading: Any, form: Any, steps: int | None, level: list[int]) -> Any:
    from recurra.datasets.series.files import open_series
    from recurra.streams.series import SeriesStreams

    opened = open_series(file, reading.keeping(), learnt=model.learnt, streamed=file == "-", **form)
    return SeriesStreams(model, opened, model.horizon if steps is None else steps, level)


@dataclass
class _Telling:
    """Tells answers, refused rows and streams that were let go, each when it happens."""

    most: int
    reject: bool
    _said: set[str] = field(default_factory=set)
    _rejects: list[Any] = field(default_factory=list)
    _refused: int = 0

    def __post_init__(self) -> None:
        from recurra.streams.slots import Slots

        self._slots: Slots = Slots(self.most)

    def batches(self, table: Any, columns: list[str]) -> Iterator[RowBatch]:
        """Yield rows as they come; what the reader refused is told before them."""
        policy = "reject" if self.reject else "stop"
        for batch in table.batches(columns, on_error=policy, rejects=self._rejects):
            self._tell_rejects()
            yield batch
        self._tell_rejects()
        self.warn(table.warnings)

    def _tell_rejects(self) -> None:
        for reject in self._rejects:
            self._refuse(reject.reason)
        # Told and forgotten: a stream has no end.
        self._rejects.clear()

    def _refuse(self, reason: str) -> None:
        self._refused += 1
        say(f"rejected: {reason}")

    def tell(self, batch: RowBatch, streams: Any) -> None:
        """Answer the rows one after the other."""
        for row, key in enumerate(streams.keys(batch)):
            slot = self._slots.of(key)
            self._note(slot)
            try:
                columns, told = streams.push(slot.number, slot.begins, batch, row)
            except DataError as problem:
                if not self.reject:
                    raise
                self._refuse(str(problem))
                continue
            self.warn(told)
            emit_json({"line": batch.lines[row], "key": key, "begins": slot.begins, "rows": rows_of(columns)})
            # Whoever wrote the line waits for its answer.
            sys.stdout.flush()

    def _note(self, slot: Slot) -> None:
        if slot.gone is not None and self._slots.gone == 1:
            say(f"note: more than {self.most:,} keys: {slot.gone!r}, read longest ago, is let go and would begin anew")

    def warn(self, lines: list[str]) -> None:
        """Say each warning once."""
        for line in lines:
            if line not in self._said and len(self._said) < MOST_WARNINGS:
                say_warnings([line])
                self._said.add(line)
                if len(self._said) == MOST_WARNINGS:
                    say("note: these were many warnings; others are not told")

    def end(self) -> None:
        """Tell what was left out, and how many streams were let go."""
        if self._refused:
            say(f"warning: {self._refused:,} rows were refused and left out")
        if self._slots.gone:
            say(f"note: {self._slots.gone:,} streams were let go; {len(self._slots):,} are kept")
