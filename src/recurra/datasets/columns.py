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


@dataclass(frozen=True)
class Header:
    """The names of a table's columns, where they stand, and what to try besides where one is missing."""

    names: Sequence[str]
    place: Place
    hint: str = ""

    def need(self, *wanted: str) -> list[str]:
        """Return the wanted names; raise DataError, with the nearest one, for the first that no column has."""
        for name in wanted:
            if name not in self.names:
                wrong = f"no column {name!r}{did_you_mean(name, self.names)}"
                raise self.lacks(wrong, "name the column that is meant")
        return [*wanted]

    def lacks(self, wrong: str, advice: str, *, allowed: str = "") -> DataError:
        """Say that a column is missing, which columns there are, and what to do."""
        found, advice = "columns " + name_list(self.names), f"{advice}, or {self.hint}" if self.hint else advice
        return DataError(wrong, place=self.place, found=found, allowed=allowed, advice=advice)


def choose_text_columns(
    header: Header, reading: TextReading, *, labelled: bool | None, learnt: TextColumns | None = None
) -> TextColumns:
    """Settle the columns: the named ones, else those of the same names as a model `learnt` from, else obvious names.

    Raises DataError.
    """
    found, text, label = header.names, reading.text, reading.label
    header.need(*(name for name in (text, label, reading.group) if name is not None))
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
        raise header.lacks("no label column", "name it: --label COLUMN")
    # A single column can be nothing but the texts, whatever its name.
    text = text or (found[0] if len(found) == 1 else guess(TEXT_NAMES, found))
    if text is None:
        allowed = "a column named " + ", ".join(TEXT_NAMES)
        raise header.lacks("no text column", "name it: --text COLUMN", allowed=allowed)
    return TextColumns(text, label, reading.group)


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
    others = [name for name in found if name not in columns.names]
    for what, taken, named, names, option in guesses:
        if taken is not None and taken != named:
            told += also_fitting(what, taken, names, others, either(*option))
    return told


def also_fitting(what: str, taken: str, names: Sequence[str], others: Sequence[str], option: str) -> list[str]:
    """Warn of a guess beside which others of the columns, by their `names`, would fit as well."""
    others = fitting(names, others)
    if not others:
        return []
    also = f"{name_list(others)} would fit too"
    return [f"{what} were taken from column {taken!r}; {also}: name the column with {option}"]


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Return `, did you mean 'x'?` for the most similar known name, or an empty text."""
    # Only errors need it, and every command loads this file.
    import difflib

    # Reversed: of two names that fold alike the first one stays.
    folded = {other.casefold(): other for other in reversed(known)}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return f", did you mean {folded[close[0]]!r}?" if close else ""


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
