"""Which words and values stand for "nothing is here", in labels, groups and numbers alike.

Not here: what to do about them. Databases, spreadsheets and pandas each write a word of their own where a value is
missing; read as a label it becomes a class that nobody meant.
"""

from __future__ import annotations

from collections.abc import Collection

LIBRARIES = frozenset({"na", "nan", "-nan", "nat", "none", "nil", "<na>", "n.a."})
SHEETS = frozenset({"#n/a", "#n/a n/a", "#na", "n/a", "null", "(null)", "<null>", "[null]", "\\n"})
ERRORS = frozenset(
    {"#null!", "#value!", "#ref!", "#div/0!", "#name?", "#num!", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"}
)
"""What spreadsheets and C libraries write where a formula has no result."""
SIGNS = frozenset({"", "-", "--", "–", "—", "?"})
WORDS = LIBRARIES | SHEETS | ERRORS | SIGNS
"""In small letters: what pandas, R, SQL (`\\N`) and spreadsheets write, and what people type."""
LONGEST = max(map(len, WORDS))


def stands_for_missing(cell: str, more: Collection[str] = ()) -> bool:
    """Tell whether a cell is blank, one of `WORDS` in any case, or one of `more` as it is written."""
    word = cell.strip()
    return (len(word) <= LONGEST and word.casefold() in WORDS) or word in more


def is_missing(value: object, *, as_written: bool = False) -> bool:
    """Tell whether a value of any type is none: None, NaN, pandas' NA and NaT, a text that stands for missing.

    `as_written` takes words for what they say, since a class may be named `none`; a blank stays missing.
    """
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip() if as_written else stands_for_missing(value)
    try:
        return bool(value != value)  # NaN and NaT differ from themselves
    except (TypeError, ValueError):
        # Of pandas' NA nobody can say whether it is equal to itself; an array has no single answer.
        return type(value).__name__ == "NAType"
