"""Column names: guess the obvious, suggest the nearest, refuse what is not there; choose those of a table of texts.

Not here: the cells below the names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from recurra.datasets.formats import TextReading
from recurra.errors import DataError, Place, either

TEXT_NAMES = ("text", "review", "body", "sentence", "document", "content", "message", "comment")
LABEL_NAMES = ("label", "class", "sentiment", "target", "category", "queue")
ID_NAMES = ("unique_id", "series_id")
TIME_NAMES = ("ds", "date", "time", "timestamp", "datetime", "date_time", "month", "week", "day", "year", "quarter")
# Those that are no part of a date that stands in another column.
WHOLE_TIME_NAMES = ("ds", "date", "time", "timestamp", "datetime", "date_time")
VALUE_NAMES = ("y", "value", "values", "target")
# Names by which a first line is known to be a header.
KNOWN_NAMES = frozenset((*TEXT_NAMES, *LABEL_NAMES, *ID_NAMES, *TIME_NAMES, *VALUE_NAMES))
# Those of a column that stands alone: a list of words may well begin with `time`.
SINGLE_NAMES = frozenset((*TEXT_NAMES, *VALUE_NAMES))
TEXT_OPTION = "--text (predict: --column)", "text="
LONGEST_NAME = 2
"""Words of a column's name where nothing else says that it is one."""


@dataclass(frozen=True)
class TextColumns:
    """Which columns of a table hold texts, labels and groups; None: there is no such column, or it is not read."""

    text: str
    label: str | None = None
    group: str | None = None

    def __str__(self) -> str:
        """Tell which column gives what."""
        taken = (("texts", self.text), ("labels", self.label), ("groups", self.group))
        return ", ".join(f"{what} from column {name!r}" for what, name in taken if name is not None)

    @property
    def names(self) -> list[str]:
        """The columns that are read, each once."""
        return list(dict.fromkeys(name for name in (self.text, self.label, self.group) if name is not None))


def choose_text_columns(
    found: Sequence[str],
    reading: TextReading,
    *,
    labelled: bool | None,
    place: Place,
    learnt: TextColumns | None = None,
    hint: str = "",
) -> TextColumns:
    """Settle the columns: the named ones, else those of the same names as a model `learnt` from, else obvious names.

    `hint` is what to try besides where one is missing. Raises DataError.
    """
    text, label = reading.text, reading.label
    for name in (text, label, reading.group):
        if name is not None:
            need(name, found, place=place, hint=hint)
    if learnt is not None:
        text = text or (learnt.text if learnt.text in found else None)
        label = label or (learnt.label if learnt.label in found else None)
    # Whoever predicts has no use for labels, and a column of another meaning must not be taken for them.
    if labelled is False:
        label = None
    elif label is None:
        # A column that is read as text is no label, even if it is called `target`.
        label = guess(LABEL_NAMES, [name for name in found if name != text])
    if labelled and label is None:
        advice = with_hint("name it: --label COLUMN", hint)
        raise DataError("no label column", place=place, found="columns " + name_list(found), advice=advice)
    return TextColumns(text or _text_column(found, place, hint), label, reading.group)


def _text_column(found: Sequence[str], place: Place, hint: str) -> str:
    # A single column can be nothing but the texts, whatever its name.
    column = found[0] if len(found) == 1 else guess(TEXT_NAMES, found)
    if column is None:
        raise DataError(
            "no text column",
            place=place,
            found="columns " + name_list(found),
            allowed="a column named " + ", ".join(TEXT_NAMES),
            advice=with_hint("name it: --text COLUMN", hint),
        )
    return column


def told_columns(
    columns: TextColumns, found: Sequence[str], reading: TextReading, *, learnt: TextColumns | None = None
) -> list[str]:
    """Warn of a text column other than a model `learnt` from, and of guesses beside which others would fit as well."""
    text, label = reading.text, reading.label
    told = []
    if learnt is not None and text is None and columns.text != learnt.text:
        told.append(f"the model learnt from column {learnt.text!r}; texts are taken from {columns.text!r}")
    guesses = (
        ("texts", columns.text, text or (learnt and learnt.text), TEXT_NAMES, TEXT_OPTION),
        ("labels", columns.label, label or (learnt and learnt.label), LABEL_NAMES, ("--label", "label=")),
    )
    for what, taken, named, names, option in guesses:
        others = [name for name in fitting(names, found) if name not in columns.names]
        if taken is not None and taken != named:
            told += also_fitting(what, taken, others, either(*option))
    return told


def also_fitting(what: str, taken: str, others: Sequence[str], option: str) -> list[str]:
    """Warn of a guess beside which other columns would fit as well."""
    if not others:
        return []
    also = f"{name_list(others)} would fit too"
    return [f"{what} were taken from column {taken!r}; {also}: name the column with {option}"]


def with_hint(advice: str, hint: str) -> str:
    """Write what to do, and what else may help."""
    return f"{advice}, or {hint}" if hint else advice


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Return `, did you mean 'x'?` for the most similar known name, or an empty text."""
    # Only errors need it, and every command loads this file.
    import difflib

    # Reversed: of two names that fold alike the first one stays.
    folded = {other.casefold(): other for other in reversed(known)}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return f", did you mean {folded[close[0]]!r}?" if close else ""


def need(name: str, found: Sequence[str], *, place: Place, hint: str = "") -> str:
    """Return `name` when it is among the found columns; else raise DataError with the nearest one and the hint."""
    if name in found:
        return name
    raise DataError(
        f"no column {name!r}{did_you_mean(name, found)}",
        place=place,
        found="columns " + name_list(found),
        advice=with_hint("name the column that is meant", hint),
    )


def guess(names: Sequence[str], found: Sequence[str]) -> str | None:
    """Return the first found column whose folded name is one of `names` (in the order of `names`), else None."""
    return next(iter(fitting(names, found)), None)


def fitting(names: Sequence[str], found: Sequence[str]) -> list[str]:
    """Return the found columns whose folded name is one of `names`, in the order of `names`; `Text` and `text` both."""
    columns = defaultdict[str, list[str]](list)
    for column in found:
        columns[column.strip().casefold()].append(column)
    return [column for name in names if name in columns for column in columns[name]]


def folded(names: Sequence[str]) -> set[str]:
    """Return names as they are compared with the usual ones."""
    return {name.strip().casefold() for name in names}


def name_list(names: Sequence[str]) -> str:
    """Write column names for an error line, at most 20 of them."""
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(repr(name) for name in names[:20]) + more
