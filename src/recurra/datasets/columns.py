"""Column names: guess the obvious, suggest the nearest, refuse what is not there; choose those of a table of texts.

Not here: the cells below the names.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from recurra.errors import DataError, Place, either

TEXT_NAMES = ("text", "review", "body", "sentence", "document", "content", "message", "comment")
LABEL_NAMES = ("label", "class", "sentiment", "target", "category", "queue")
ID_NAMES = ("unique_id", "series_id")
TIME_NAMES = ("ds", "date", "time", "timestamp", "datetime", "date_time", "month", "week", "day", "year", "quarter")
VALUE_NAMES = ("y", "value", "values", "target")


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
    found: Sequence[str] | None,
    *,
    text: str | None,
    label: str | None,
    group: str | None,
    labelled: bool | None,
    place: Place,
) -> TextColumns:
    """Settle the columns; a table on stdin cannot be read twice, so there the text column must be named."""
    if found is None:
        if text is None:
            raise DataError("a table on stdin needs its text column named", place=Place(place.file))
        return TextColumns(text, label if labelled is not False else None, group)
    for name in (text, label, group):
        if name is not None:
            need(name, found, place=place)
    if labelled is False:
        label = None
    elif label is None:
        label = guess(LABEL_NAMES, [name for name in found if name != text])
    if labelled and label is None:
        raise DataError(
            "no label column", place=place, found="columns " + listed(found), advice="name it: --label COLUMN"
        )
    return TextColumns(text or _text_column(found, place), label, group)


def _text_column(found: Sequence[str], place: Place) -> str:
    column = found[0] if len(found) == 1 else guess(TEXT_NAMES, found)
    if column is None:
        raise DataError(
            "no text column",
            place=place,
            found="columns " + listed(found),
            allowed="a column named " + ", ".join(TEXT_NAMES),
            advice="name it: --text COLUMN",
        )
    return column


def told_columns(columns: TextColumns, found: Sequence[str], *, text: str | None, label: str | None) -> list[str]:
    """Warn of guessed columns beside which others would fit as well; `text` and `label` are those that were named."""
    guesses = (
        ("texts", columns.text if text is None else None, TEXT_NAMES, either("--text (predict: --column)", "text=")),
        ("labels", columns.label if label is None else None, LABEL_NAMES, either("--label", "label=")),
    )
    warnings = []
    for what, taken, names, option in guesses:
        others = [name for name in fitting(names, found) if name not in columns.names]
        if taken is not None and others:
            also = f"{listed(others)} would fit too"
            warnings.append(f"{what} were taken from column {taken!r}; {also}: name the column with {option}")
    return warnings


def nearest(name: str, known: Sequence[str]) -> str:
    """Return `, did you mean 'x'?` for the most similar known name, or an empty text."""
    folded = {other.casefold(): other for other in reversed(known)}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return f", did you mean {folded[close[0]]!r}?" if close else ""


def need(name: str, found: Sequence[str], *, place: Place) -> str:
    """Return `name` when it is among the found columns; raise DataError with the nearest one otherwise."""
    if name in found:
        return name
    raise DataError(
        f"no column {name!r}{nearest(name, found)}",
        place=place,
        found="columns " + listed(found),
        advice="name the column that is meant",
    )


def guess(names: Sequence[str], found: Sequence[str]) -> str | None:
    """Return the first found column whose folded name is one of `names` (in the order of `names`), else None."""
    return next(iter(fitting(names, found)), None)


def fitting(names: Sequence[str], found: Sequence[str]) -> list[str]:
    """Return the found columns whose folded name is one of `names`, in the order of `names`."""
    folded = {column.strip().casefold(): column for column in reversed(found)}
    return [folded[name] for name in names if name in folded]


def listed(names: Sequence[str]) -> str:
    """Write column names for an error line, at most 20 of them."""
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(repr(name) for name in names[:20]) + more
