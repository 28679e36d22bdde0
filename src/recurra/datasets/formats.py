"""How files are written and read: the forms there are, and what a caller may say; what is left out the file tells.

Not here: looking at a file (dialects.py) and reading it, and the list of forms (__init__.py). No reader is loaded here.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, get_args

from recurra.datasets import FORMS
from recurra.errors import DataError, Place, UsageError, either

if TYPE_CHECKING:
    from recurra.datasets.sources import Readable

Form = str
"""A key of `FORMS` (datasets/__init__.py)."""
Quoting = Literal["csv", "none", "backslash"]
"""How quotes are meant: as in RFC 4180, as plain text, or with backslashes before quotes that are text."""
OnError = Literal["stop", "reject"]
"""What is done about a bad row: it ends the reading, or it is left out and listed."""
ChoiceOrigin = Literal["asked for", "told by the file", "assumed"]
"""Where a choice comes from."""

# For each form the function of this folder that makes a table of it, and the endings of its files.

DELIMITERS = (",", ";", "\t", "|")
SAMPLE = 100
"""Lines, or objects, that are looked at before the first row is read, at most."""


class FormatOptions(TypedDict, total=False):
    """The fields of `Format` as keyword arguments: every reader takes them by these names."""

    form: Form | None
    encoding: str
    delimiter: str | None
    quoting: Quoting | None
    header: bool | None


class TextOptions(FormatOptions, total=False):
    """The fields of `TextReading` as keyword arguments."""

    text: str | None
    label: str | None
    group: str | None
    on_error: OnError
    labels_as_written: bool


@dataclass(frozen=True, kw_only=True)
class Format:
    """How a file is written, as far as the caller says it; None leaves a choice to the file."""

    form: Form | None = None
    encoding: str = "utf-8"
    delimiter: str | None = None
    """One character; `tab` and `\\t` stand for a tab."""
    quoting: Quoting | None = None
    header: bool | None = None
    """Whether the first row holds the columns' names; without a header they are `1`, `2`, …"""

    def __post_init__(self) -> None:
        """Raise UsageError for what is no form, no delimiter or no quoting."""
        for name, value, allowed in (("form", self.form, (*FORMS,)), ("quoting", self.quoting, get_args(Quoting))):
            if value is not None and value not in allowed:
                raise UsageError(f"--{name}", found=repr(value), allowed=", ".join(allowed))
        if self.delimiter is not None:
            mark = {"tab": "\t", "\\t": "\t"}.get(self.delimiter, self.delimiter)
            if len(mark) != 1 or mark in '"\r\n':
                raise UsageError("--delimiter", found=repr(self.delimiter), allowed="one character, or tab")
            # The record is frozen for its users; here it is still being made.
            object.__setattr__(self, "delimiter", mark)

    def options(self) -> FormatOptions:
        """Return how the file is written as keyword arguments of a reader, without what is taken from it."""
        options: Any = {each.name: getattr(self, each.name) for each in fields(Format)}
        return options  # type: ignore[no-any-return]

    def form_of(self, source: Readable, *, unknown: Form | None = None) -> Form:
        """Return the form that was said, else that of the file's ending, else `unknown`; stdin is plain lines.

        Raises DataError for an ending that says nothing, UsageError for a choice that the form does not read.
        """
        form = self.form or _by_ending(source, unknown)
        # Only delimited files read the choices of delimiter, quoting and header; elsewhere they would do nothing.
        if form in ("csv", "tsv"):
            return form
        choices = (("--delimiter", self.delimiter), ("--quoting", self.quoting), ("--header", self.header))
        unread = next((option for option, value in choices if value is not None), None)
        if unread is not None:
            found = f"{source} is read as {form}"
            raise UsageError(f"{unread} is for tables", found=found, advice=f"pass {as_form('csv')}")
        return form


@dataclass(frozen=True, kw_only=True)
class TextReading(Format):
    """How files of texts are read: how they are written, the columns taken from them, and what becomes of bad rows."""

    text: str | None = None
    """None: the column is guessed, as are the others."""
    label: str | None = None
    group: str | None = None
    on_error: OnError = "stop"
    labels_as_written: bool = False
    """A label such as `NULL` is one, not a missing one."""


def as_form(form: str) -> str:
    """Say how a form is passed."""
    return either(f"--form {form}", f"form={form!r}")


def as_quoting(quoting: Quoting) -> str:
    """Say how a quoting is passed."""
    return either(f"--quoting {quoting}", f"quoting={quoting!r}")


def _by_ending(source: Readable, unknown: Form | None) -> Form:
    """Tell the form from the file's ending, a last `.gz` aside."""
    if str(source) == "-":
        return "lines"
    # `DATA.CSV.GZ` is a CSV file: the case of an ending means nothing, and gzip is told by its magic.
    name = Path(str(source)).name.casefold().removesuffix(".gz")
    known = {ending: form for form, (_, *endings) in FORMS.items() for ending in endings}
    form = known.get(Path(name).suffix, unknown)
    if form is None:
        raise DataError(
            "unknown kind of file",
            place=Place(str(source)),
            allowed=", ".join(known) + ", and .gz of them",
            advice=f"or pass {as_form('…')}: {', '.join(FORMS)}",
        )
    return form
