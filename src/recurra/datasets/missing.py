"""The words that exports write where a value is missing, for numbers and labels alike.

Not here: what to do about a missing value.
"""

from __future__ import annotations

from collections.abc import Collection

WORDS = frozenset({"", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "nat", "null", "none"})
"""In small letters: what pandas, R, SQL and spreadsheets write."""


def stands_for_missing(cell: str, more: Collection[str] = ()) -> bool:
    """Tell whether a cell is blank, one of `WORDS` in any case, or one of `more` as it is written."""
    word = cell.strip()
    return word.casefold() in WORDS or word in more
