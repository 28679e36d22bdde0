"""Column names: guess the obvious ones, suggest the nearest, refuse what is not there.

Not here: the cells below the names.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from recurra.errors import DataError, Place

TEXT_NAMES = ("text", "review", "body", "sentence", "document", "content", "message", "comment")
LABEL_NAMES = ("label", "class", "sentiment", "target", "category", "queue")


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
    folded = {column.strip().casefold(): column for column in reversed(found)}
    return next((folded[name] for name in names if name in folded), None)


def listed(names: Sequence[str]) -> str:
    """Write column names for an error line, at most 20 of them."""
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(repr(name) for name in names[:20]) + more
