"""The options that say how a file is written, shared by every command that reads one.

Not here: what they do (datasets/formats.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, get_args

import typer

from recurra.cli.options import on_error, one_of
from recurra.datasets.formats import FORMS, FormatOptions, Quoting, TextReading

Encoding = Annotated[str, typer.Option("--encoding", help="Text encoding of the file.")]
FormName = Annotated[
    str,
    typer.Option("--form", help=f"{', '.join([*FORMS][:-1])} or {[*FORMS][-1]}. [default: told by the ending]"),
]
Delimiter = Annotated[
    str, typer.Option("--delimiter", metavar="MARK", help="What separates fields: one character, or tab.")
]
QuotingName = Annotated[
    str, typer.Option("--quoting", help='csv, none (quotes are plain text) or backslash (\\"). [default: csv]')
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header", show_default=False, help="Does the first row name the columns? [default: told by it]"
    ),
]


@dataclass(frozen=True)
class FileChoices:
    """The options of how a file is written as they were given; what is empty is left to the file."""

    encoding: Encoding = "utf-8"
    form: FormName = ""
    delimiter: Delimiter = ""
    quoting: QuotingName = ""
    header: Header = None

    def options(self) -> FormatOptions:
        """Return them as the readers take them; raises UsageError that names the option."""
        return {
            "encoding": self.encoding,
            "form": one_of("--form", self.form, (*FORMS,)),
            "delimiter": self.delimiter or None,
            "quoting": one_of("--quoting", self.quoting, get_args(Quoting)),
            "header": self.header,
        }

    def reading(
        self, *, text: str = "", label: str = "", group: str = "", policy: str = "stop", as_written: bool = False
    ) -> TextReading:
        """Join them with the columns of texts; raises UsageError that names the option."""
        return TextReading(
            text=text or None,
            label=label or None,
            group=group or None,
            on_error=on_error(policy),
            labels_as_written=as_written,
            **self.options(),
        )
