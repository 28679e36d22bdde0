"""How far a training or a lab has come, always on stderr: on a terminal a live table or bar, else now and then a line.

A training tells its epochs; a lab tells one bar over all its trainings, with the time left and the recorded values.

Not here: the loop and the labs, which only call back.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from recurra.cli.console import say
from recurra.report.numbers import number, percent
from recurra.training.progress import Record, Watch

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_perplexity", "lr", "seconds")
"""Figures of an epoch that are told of a training."""
BETWEEN = 5.0
"""Seconds between lines where there is no terminal: hundreds of short trainings must not fill a log."""
SHOWN = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_perplexity", "next_value")
SHARES = ("accuracy", "val_accuracy")


@contextmanager
def progress(title: str, *, quiet: bool = False, every: int = 1) -> Iterator[Watch]:
    """Show a training's progress for the length of a `with` block; `every` thins the epochs out."""
    if quiet:
        yield Watch()
    elif sys.stderr.isatty():
        with _live(title) as watch:
            yield watch
    else:
        say(title)
        # The last epoch is told, whether or not its turn has come: it is the one that a reader looks for.
        skipped: list[Record] = []

        def on_epoch(record: Record) -> None:
            skipped[:] = [] if _line(record, every) else [record]

        def on_net(number: int, of: int, epochs: int) -> None:
            say(f"net {number} of {of}, {epochs} epochs each")

        yield Watch(on_epoch=on_epoch, on_net=on_net)
        for record in skipped:
            _line(record, 1)


def _line(record: Record, every: int) -> bool:
    """Tell an epoch when its turn has come; return whether it had."""
    turn = record["epoch"] % every == 0 or record["epoch"] == 1
    if turn:
        say("  ".join(f"{name} {_shown(name, record[name])}" for name in COLUMNS if name in record))
    return turn


def _shown(name: str, value: float) -> str:
    if name == "epoch":
        return f"{int(value):3d}"
    if name == "lr":
        # A rate falls through four powers of ten in a cycle.
        return f"{value:.2e}"
    return f"{value:.1f}" if name in ("seconds", "val_perplexity") else f"{value:.4f}"


@contextmanager
def _live(title: str) -> Iterator[Watch]:
    history: list[Record] = []
    several = _Several()
    with _shown_live() as live:

        def on_step(epoch: int, position: int, batches: int, loss: float) -> None:
            # A hundred times an epoch: a table made for each of thousands of steps would slow them down.
            if position % max(1, batches // 100) == 0:
                now = f"epoch {epoch}: batch {position} of {batches}, loss {loss:.4f}"
                live.update(_table(title, history, several.told(epoch - 1 + position / batches) + now))

        def on_epoch(record: Record) -> None:
            history.append(record)
            live.update(_table(title, history, ""))

        def on_net(number: int, of: int, epochs: int) -> None:
            history.clear()
            several.begin(number, of, epochs)

        yield Watch(on_step, on_epoch, on_net)


class _Several:
    """How far a fit of several nets has come: which of them learns, and how long the others will take."""

    def __init__(self) -> None:
        self.number, self.of, self.epochs, self.started = 0, 0, 1, time.monotonic()

    def begin(self, number: int, of: int, epochs: int) -> None:
        """Be told which net begins."""
        if number == 1:
            self.started = time.monotonic()
        self.number, self.of, self.epochs = number, of, epochs

    def told(self, passes: float) -> str:
        """Tell them, after so many passes of this net; empty where there is one net."""
        if not self.number:
            return ""
        done = (self.number - 1 + min(1.0, passes / self.epochs)) / self.of
        left = (time.monotonic() - self.started) * (1 - done) / max(done, 1e-6)
        return f"net {self.number} of {self.of}, about {left:.0f} s left: "


def _shown_live(*, transient: bool = False) -> Live:
    """Return what redraws itself on stderr four times a second; `transient` leaves nothing standing in the end."""
    from rich.console import Console
    from rich.live import Live

    return Live(console=Console(stderr=True), transient=transient, refresh_per_second=4)


def _table(title: str, history: list[Record], now: str) -> Table:
    from rich.table import Table

    # Each task has some of the columns; its first epoch tells which.
    names = [name for name in COLUMNS if not history or name in history[0]]
    table = Table(title=title, caption=now)
    for name in names:
        table.add_column(name, justify="right")
    # rich cuts off what is higher than the terminal from below, where the newest epochs stand.
    for record in history[-12:]:
        table.add_row(*(_shown(name, record[name]) for name in names))
    return table


class Course:
    """How far a lab has come. `with course:` shows it; on a terminal nothing is left standing afterwards."""

    def __init__(self, recorded: Callable[[str], Mapping[str, str]], *, quiet: bool = False) -> None:
        """`recorded` tells of a training's title the recorded values to set beside, by a history's keys."""
        self.recorded, self.quiet = recorded, quiet
        # Two counts: all trainings that are done, and those among them whose seconds are known.
        self.expected = self.done = 0
        self.timed, self.seconds = 0, 0.0
        self.title, self.figures = "", ""
        self.said = time.monotonic()
        self.live: Any = None

    def __enter__(self) -> Course:
        """Open the bar, where there is a terminal."""
        if not self.quiet and sys.stderr.isatty():
            self.live = _shown_live(transient=True)
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the bar."""
        if self.live:
            self.live.stop()

    def expect(self, trainings: int) -> None:
        """Be told how many trainings there will be."""
        self.expected = trainings

    def passed(self, trainings: int, seconds: float) -> None:
        """Count what an earlier run has done."""
        self.done += trainings
        # Parts that are no training, such as a rival, have seconds too, but no place in the mean of a training.
        self.timed, self.seconds = self.timed + trainings, self.seconds + (seconds if trainings else 0.0)
        self._show()

    @contextmanager
    def watch(self, title: str) -> Iterator[Watch]:
        """Follow one training."""
        started = time.monotonic()
        # The figures of the training before are gone: beside the new title they would be taken for its own.
        self.title, self.figures = title, ""
        yield Watch(on_step=self._on_step, on_epoch=self._on_epoch)
        # Not in a `finally`: a training that was interrupted is not done.
        self.done, self.timed = self.done + 1, self.timed + 1
        self.seconds += time.monotonic() - started
        self._show(ended=True)

    def say(self, line: str) -> None:
        """Tell a line beside the bar."""
        if self.live:
            # A line may hold square brackets, which rich would take for markup.
            self.live.console.print(line, markup=False, highlight=False)
        elif not self.quiet:
            say(line)

    def _on_step(self, epoch: int, position: int, batches: int, loss: float) -> None:
        if position % max(1, batches // 50) == 0:
            self._follow({"epoch": epoch, "loss": loss}, f"batch {position} of {batches}")

    def _on_epoch(self, record: Record) -> None:
        self._follow(record)

    def _follow(self, record: Record, more: str = "") -> None:
        told = [self._told(name, record[name]) for name in SHOWN if name in record]
        self.figures = ", ".join([*told, *([more] if more else [])])
        self._show()

    def _told(self, name: str, value: float) -> str:
        shown = percent(value, 1) if name in SHARES else number(int(value) if name == "epoch" else float(value))
        recorded = self.recorded(self.title).get(name)
        beside = f" (recorded {recorded})" if recorded else ""
        return f"{name.replace('_', ' ')} {shown}{beside}"

    def line(self) -> str:
        """Tell how far it is: trainings done, time left, the training at hand and its figures."""
        return ": ".join(part for part in (self._count(), self._now()) if part)

    def _count(self) -> str:
        return f"{self.done} of {max(self.expected, self.done)} trainings{self._left()}"

    def _now(self) -> str:
        return ": ".join(part for part in (self.title, self.figures) if part)

    def _left(self) -> str:
        """Estimate the time left from the trainings so far; short and long ones are taken alike."""
        if not self.timed or self.expected <= self.done:
            return ""
        left = (self.expected - self.done) * self.seconds / self.timed
        # Below a minute and a half, whole minutes would say too little.
        return f", about {left / 60:.0f} min left" if left >= 90 else f", about {left:.0f} s left"

    def _show(self, *, ended: bool = False) -> None:
        if self.live:
            self.live.update(self.bar())
        elif not self.quiet and time.monotonic() - self.said >= BETWEEN and (ended or self.figures):
            self.said = time.monotonic()
            say(self.line())

    def bar(self) -> Any:
        """Return the same under a bar, as a terminal shows it."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        rows = Table.grid()
        rows.add_row(ProgressBar(total=max(self.expected, self.done, 1), completed=self.done, width=60))
        rows.add_row(Text(self._count()))
        rows.add_row(Text(self._now(), overflow="ellipsis", no_wrap=True))
        return rows
