"""Progress of a training: a live table on a terminal, one line per epoch otherwise; always on stderr.

Not here: the loop, which only calls back.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from recurra.cli.console import say
from recurra.training.progress import Record, Watch

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_perplexity", "lr", "seconds")


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

        yield Watch(on_epoch=on_epoch)
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
    from rich.console import Console
    from rich.live import Live

    history: list[Record] = []
    with Live(console=Console(stderr=True), refresh_per_second=4) as live:

        def on_step(epoch: int, position: int, batches: int, loss: float) -> None:
            # A hundred times an epoch: a table made for each of thousands of steps would slow them down.
            if position % max(1, batches // 100) == 0:
                live.update(_table(title, history, f"epoch {epoch}: batch {position} of {batches}, loss {loss:.4f}"))

        def on_epoch(record: Record) -> None:
            history.append(record)
            live.update(_table(title, history, ""))

        yield Watch(on_step, on_epoch)


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
