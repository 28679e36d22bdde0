"""What a caller may say of how a file is written; what is left out is told by the file, or assumed.

Not here: looking at the file (dialects.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict, get_args

from recurra.datasets.sources import Readable
from recurra.errors import DataError, Place, UsageError, either

Form = Literal["csv", "tsv", "jsonl", "parquet", "lines"]
Quoting = Literal["csv", "none", "backslash"]
"""How quotes are meant: as in RFC 4180, as plain text, or with backslashes before quotes that are text."""

ENDINGS: dict[str, Form] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".txt": "lines",
    ".tokens": "lines",
    ".text": "lines",
}


class FormatOptions(TypedDict, total=False):
    """The fields of `Format` as keyword arguments: every reader takes them by these names."""

    form: Form | None
    encoding: str
    delimiter: str | None
    quoting: Quoting | None
    header: bool | None


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
        for name, value, allowed in (("form", self.form, Form), ("quoting", self.quoting, Quoting)):
            if value is not None and value not in get_args(allowed):
                raise UsageError(f"--{name}", found=repr(value), allowed=", ".join(get_args(allowed)))
        if self.delimiter is not None:
            named = {"tab": "\t", "\\t": "\t"}.get(self.delimiter, self.delimiter)
            if len(named) != 1 or named in '"\r\n':
                raise UsageError("--delimiter", found=repr(self.delimiter), allowed="one character, or tab")
            object.__setattr__(self, "delimiter", named)

    def options(self) -> FormatOptions:
        """Return the fields as keyword arguments of a reader."""
        return {
            "form": self.form,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "quoting": self.quoting,
            "header": self.header,
        }

    def form_of(self, source: Readable, *, unknown: Form | None = None) -> Form:
        """Return the form that was said, else that of the file's ending, else `unknown`; stdin is plain lines.

        Raises DataError for an ending that says nothing, UsageError for a choice that the form does not read.
        """
        form = self.form or form_of(source, unknown=unknown)
        if form in ("csv", "tsv"):
            return form
        choices = (("--delimiter", self.delimiter), ("--quoting", self.quoting), ("--header", self.header))
        unread = next((option for option, value in choices if value is not None), None)
        if unread is not None:
            found = f"{source} is read as {form}"
            raise UsageError(f"{unread} is for tables", found=found, advice=f"pass {as_form('csv')}")
        return form


def as_form(form: str) -> str:
    """Say how a form is passed."""
    return either(f"--form {form}", f"form={form!r}")


def as_quoting(quoting: Quoting) -> str:
    """Say how a quoting is passed."""
    return either(f"--quoting {quoting}", f"quoting={quoting!r}")


def form_of(source: Readable, *, unknown: Form | None = None) -> Form:
    """Tell the form from the file's ending, a last `.gz` aside; stdin is plain lines unless the caller knows better."""
    if str(source) == "-":
        return "lines"
    name = Path(str(source)).name.casefold().removesuffix(".gz")
    form = ENDINGS.get(Path(name).suffix, unknown)
    if form is None:
        raise DataError(
            "unknown kind of file",
            place=Place(str(source)),
            allowed=", ".join(ENDINGS) + ", and .gz of them",
            advice=f"or pass {as_form('…')}: {', '.join(get_args(Form))}",
        )
    return form
