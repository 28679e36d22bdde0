"""The options that several commands share, with their help, and groups of them as the fields of a dataclass.

Not here: commands, and what the options do.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args, get_type_hints

import typer

from recurra.cells import CELLS
from recurra.datasets import FORMS
from recurra.errors import UsageError

if TYPE_CHECKING:
    from recurra.config import Precision
    from recurra.datasets.formats import FormatOptions, TextReading

Choice = TypeVar("Choice", bound=str)

Folder = Annotated[str, typer.Argument(metavar="ARTEFACT", help="An artefact's folder, or a run's.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout instead of text.")]
Out = Annotated[str, typer.Option("--out", metavar="RUN", help="Folder of the run. [default: the next free runs/…]")]
SetOption = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="Any configuration key, e.g. --set dropout=0.3.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of everything random.")]
Threads = Annotated[int, typer.Option("--threads", min=0, show_default=False, help="Processor threads. [default: all]")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")]
DeviceName = Annotated[str, typer.Option("--device", help="Where to learn: auto, cpu or cuda. [default: auto]")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run that lies in --out.")]
CellOption = Annotated[str, typer.Option("--cell", help=f"{', '.join(CELLS)}; of series none, too: no net.")]
PrecisionName = Annotated[
    str, typer.Option("--precision", help="Multiply in float32, bf16 or int8. [default: what the model learnt in]")
]
Epochs = Annotated[
    int | None,
    typer.Option("--epochs", min=1, show_default=False, help="Passes over the training part. [default: the task's]"),
]
Tokens = Annotated[
    str, typer.Option("--tokens", help="word, script, character, bpe (pieces), or space (tokenised beforehand).")
]
Validation = Annotated[
    float | None,
    typer.Option(
        "--validation",
        show_default=False,
        help="Held out to choose the epoch on: a share, or a number of texts, lines or windows. [default: the task's]",
    ),
]
VectorsFile = Annotated[
    str, typer.Option("--vectors", help="Word vectors: a GloVe, word2vec or fastText file, or glove.")
]
TestRows = Annotated[str, typer.Option("--test", help="Labelled rows to measure on, untouched by training.")]
Unlabelled = Annotated[
    str,
    typer.Option(
        "--unlabelled",
        metavar="FILE",
        help="Texts without labels, which a stack labels itself and learns from; or imdb.",
    ),
]
Horizon = Annotated[
    int | None, typer.Option("--horizon", min=1, show_default=False, help="Steps to forecast. [default: 1]")
]
Window = Annotated[
    int | None,
    typer.Option(
        "--window",
        min=1,
        show_default=False,
        help="Past steps that a net of windows reads, or with --recipe panel nets of a panel. [default: 12; found]",
    ),
]
Season = Annotated[
    int | None, typer.Option("--season", min=1, show_default=False, help="Steps of one season. [default: found]")
]
Holidays = Annotated[
    str, typer.Option("--holidays", metavar="CODE", help="Country whose holidays are known ahead: US, DE-BY, …")
]
FailUnder = Annotated[
    list[str], typer.Option("--fail-under", metavar="METRIC=VALUE", help="Exit with 5 when the figure is not reached.")
]
Encoding = Annotated[str, typer.Option("--encoding", help="Text encoding of the file.")]
AtBadRow = Annotated[str, typer.Option("--on-error", help="stop at a bad row, or reject it and go on.")]
TextColumn = Annotated[str, typer.Option("--text", metavar="COLUMN", help="Column of the texts. [default: guessed]")]
TokenColumn = Annotated[
    str,
    typer.Option("--token", metavar="COLUMN", help="Column of the tokens: a number from 1, or a name. [default: 1]"),
]
LabelColumn = Annotated[str, typer.Option("--label", metavar="COLUMN", help="Column of the labels. [default: guessed]")]
LabelColumns = Annotated[
    list[str],
    typer.Option("--label", metavar="COLUMN", help="Column of the targets; may be given again. [default: guessed]"),
]
Separator = Annotated[str, typer.Option("--separator", metavar="TEXT", help="What parts several labels in a cell.")]
Order = Annotated[
    str, typer.Option("--order", metavar="A,B,C", help="The classes, lowest first. [default: they are numbers]")
]
GroupColumn = Annotated[
    str, typer.Option("--group", metavar="COLUMN", help="Rows of one group stay on one side of the split.")
]
LabelsAsWritten = Annotated[
    bool, typer.Option("--labels-as-written", help="Labels such as none or NA are classes, not missing ones.")
]


def one_of(option: str, given: str, allowed: tuple[Choice, ...]) -> Choice | None:
    """Return the choice that was given, None where none was; raises UsageError for another."""
    # Returned from the tuple, not from what was given: the type checker then knows which words it may be.
    for choice in allowed:
        if choice == given:
            return choice
    if not given:
        return None
    raise UsageError(option, found=repr(given), allowed=", ".join(allowed))


def order_of(given: str) -> tuple[str, ...]:
    """Read --order; raises UsageError for fewer than two classes."""
    names = tuple(name.strip() for name in given.split(",")) if given else ()
    if given and (len(names) < 2 or not all(names)):
        raise UsageError("--order", found=repr(given), allowed="two classes or more, apart by commas")
    return names


def read_settings(texts: list[str]) -> dict[str, Any]:
    """Read `key=value` texts; each value is read as JSON, else taken as a plain text."""
    changes = {}
    for text in texts:
        key, found, value = text.partition("=")
        if not found:
            raise UsageError("--set", found=repr(text), allowed="key=value")
        changes[key.strip()] = _json_or_text(value)
    return changes


def _json_or_text(text: str) -> Any:
    import json

    try:
        # 0.3, true and ["mean","max"] are JSON; `head` is not, and stays a text.
        return json.loads(text)
    except ValueError:
        return text


def precision(given: str) -> Precision | None:
    """Read --precision; raises UsageError."""
    # int8 too: answers may take it, training may not (config.Learning).
    allowed: tuple[Precision, ...] = ("float32", "bf16", "int8")
    return one_of("--precision", given, allowed)


def on_error(given: str) -> Literal["stop", "reject"]:
    """Read --on-error; raises UsageError."""
    return one_of("--on-error", given, ("stop", "reject")) or "stop"


@dataclass(frozen=True)
class FileChoices:
    """The options of how a file is written as they were given; what is empty is left to the file."""

    encoding: Encoding = "utf-8"
    form: Annotated[
        str, typer.Option("--form", help=f"{', '.join([*FORMS][:-1])} or {[*FORMS][-1]}. [default: told by the ending]")
    ] = ""
    delimiter: Annotated[
        str, typer.Option("--delimiter", metavar="MARK", help="What separates fields: one character, or tab.")
    ] = ""
    quoting: Annotated[
        str, typer.Option("--quoting", help='csv, none (quotes are plain text) or backslash (\\"). [default: csv]')
    ] = ""
    header: Annotated[
        bool | None,
        typer.Option(
            "--header/--no-header",
            show_default=False,
            help="Does the first row name the columns? [default: told by it]",
        ),
    ] = None

    def options(self) -> FormatOptions:
        """Return them as the readers take them; raises UsageError that names the option."""
        from recurra.datasets.formats import Quoting

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
        from recurra.datasets.formats import TextReading

        return TextReading(
            text=text or None,
            label=label or None,
            group=group or None,
            on_error=on_error(policy),
            labels_as_written=as_written,
            **self.options(),
        )


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with each parameter that is a dataclass replaced by options, one a field.

    Fields are annotated as typer annotates options; the command gets the dataclass made of what was given.
    """
    # `eval_str`, because annotations are texts under `from __future__ import annotations`.
    signature = inspect.signature(command, eval_str=True)
    groups: dict[str, Any] = {
        name: each.annotation for name, each in signature.parameters.items() if is_dataclass(each.annotation)
    }

    # What typer calls: it has all options flat, and puts each group together again.
    def call(**given: Any) -> None:
        made = {
            name: kind(**{part.name: given.pop(part.name) for part in fields(kind)}) for name, kind in groups.items()
        }
        command(**given, **made)

    options = [option for kind in groups.values() for option in _options(kind)]
    # Keyword only, because a parameter without a default may follow one that has it.
    own = [each.replace(kind=each.KEYWORD_ONLY) for name, each in signature.parameters.items() if name not in groups]
    # Typer reads name, help text and parameters from here.
    call.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]
    call.__name__, call.__doc__ = command.__name__, command.__doc__
    # Else typer would find the annotation of **given and take it for an option.
    call.__annotations__ = {}
    return call


def _options(kind: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            part.name, inspect.Parameter.KEYWORD_ONLY, default=_default(part), annotation=hints[part.name]
        )
        for part in fields(kind)
    ]


def _default(part: Field[Any]) -> Any:
    # A list as a default is made anew for each command.
    return part.default_factory() if part.default_factory is not MISSING else part.default
