"""The few error types a user can meet: what is wrong; what was found; what is allowed; what to do.

Not here: checks. Whoever finds a mistake raises one of these; only the command line turns it into an exit code.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

# A context variable, not a global: a program may call the command line from one thread and fit in another.
_OPTIONS = ContextVar("advice names options", default=False)


@contextmanager
def advising_options() -> Iterator[None]:
    """Within this block advice names options of the command line instead of Python's arguments."""
    before = _OPTIONS.set(True)
    try:
        yield
    finally:
        _OPTIONS.reset(before)


def either(option: str, argument: str) -> str:
    """Return what advice names: `--sort` for somebody at the command line, `sort=True` for somebody in Python."""
    return option if _OPTIONS.get() else argument


@dataclass(frozen=True)
class Place:
    """Where something stands: a file, a physical line and a column, both counted from 1; 0 means unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Write the place the way compilers do, so that editors can jump to it."""
        # 0 is "unknown", and leaves its part away.
        parts = [self.file] + [str(number) for number in (self.line, self.column) if number]
        return ":".join(parts)


class RecurraError(Exception):
    """A mistake the user can mend, told in one line; `exit_code` is what the command line ends with."""

    exit_code = 1

    def __init__(
        self, wrong: str, *, place: Place | None = None, found: str = "", allowed: str = "", advice: str = ""
    ) -> None:
        """Join the parts as `file:line:column: wrong; found …; allowed …; advice` with control characters escaped."""
        parts = [wrong, f"found {found}" if found else "", f"allowed: {allowed}" if allowed else "", advice]
        line = "; ".join(part for part in parts if part)
        self.place = place
        # Escaped here, once for all: names of files and cells are other people's bytes.
        super().__init__(printable(f"{place}: {line}" if place else line))


class UsageError(RecurraError):
    """A wrong option or argument."""

    exit_code = 2


class DataError(RecurraError):
    """A file or a value that cannot be learnt from or answered."""

    exit_code = 3


class ArtefactError(RecurraError):
    """A saved model that is damaged, foreign, of another version or not fit for the request."""

    exit_code = 4


class RecurraWarning(UserWarning):
    """Something doubtful that stops nothing, told in one line; the command line tells the same on stderr."""


def warn(lines: Iterable[str], *, depth: int = 3) -> None:
    """Warn whoever called the function that calls this one."""
    for line in lines:
        warnings.warn(printable(line), RecurraWarning, stacklevel=depth)


class GateError(RecurraError):
    """A quality gate (`--fail-under`) that the measured figure does not reach."""

    exit_code = 5


def printable(text: str) -> str:
    """Escape what could break the line or steer a terminal; long texts are cut in the middle."""
    # `ascii` gives \n, \x1b, \u202e: visible, and harmless to a terminal.
    escaped = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
    return escaped if len(escaped) <= 1000 else f"{escaped[:600]} … {escaped[-300:]}"


def counted(count: int, one: str, many: str) -> str:
    """Write a count with its words: "1 text is", "2,000 texts are"."""
    return f"{count:,} {one if count == 1 else many}"
