"""Does a table's first row name its columns, or is it data like the rows below?

Not here: where the rows come from, and what is said about the answer (dialects.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from recurra.datasets.columns import KNOWN_NAMES, SINGLE_NAMES, folded
from recurra.datasets.missing import stands_for_missing

NUMBER = re.compile(r"[\s+\-$€£.]*\d[\s\d.,:/+\-%TZeE$€£]*")
"""A number, a date or a time in any notation."""
LONGEST_NAME = 2
"""Words of a column's name where nothing else says that it is one."""


def names_columns(first: list[str], rows: list[list[str]], *, asked: Sequence[str]) -> tuple[bool, bool]:
    """Return whether the first row is a header, and whether the file leaves no doubt; `asked` are names expected there.

    Doubt is left where texts stand above texts: a short one is taken for a name.
    """
    usual = KNOWN_NAMES if len(first) > 1 else SINGLE_NAMES
    # A column without a name is asked for by its number, which says nothing about the first row.
    if {name for name in asked if not name.isdecimal()} & set(first) or folded(first) & usual:
        return True, True
    pairs = [(cell, _values(rows, index)) for index, cell in enumerate(first) if cell.strip()]
    pairs = [(cell, values) for cell, values in pairs if values]
    above_numbers = [cell for cell, values in pairs if all(NUMBER.fullmatch(value) for value in values)]
    if not all(NUMBER.fullmatch(cell) for cell in above_numbers):
        return True, True
    if above_numbers and not counts_on(first):
        return False, True
    if any(NUMBER.fullmatch(cell) for cell in first):
        return counts_on(first) or first == ["0"], False
    long = any(len(cell.split()) > LONGEST_NAME for cell in first)
    again = any(cell in values for cell, values in pairs)
    return not ((long or again) if len(first) == 1 else (long and again)), False


def counts_on(names: Sequence[str]) -> bool:
    """Tell whether the numbers among names are years one after another, or all of them count on, as a frame's do."""
    numbers = [int(name) for name in names if name.isdecimal() and len(name) < 10]
    if len(names) < 2 or not numbers or numbers != [*range(numbers[0], numbers[0] + len(numbers))]:
        return False
    years = len(numbers) > 1 and 1900 <= numbers[0] <= numbers[-1] <= 2100
    whole = len(numbers) == sum(bool(name.strip()) for name in names)
    return years or (whole and (numbers[0] == 0 or len(numbers) > 2))


def _values(rows: list[list[str]], index: int) -> set[str]:
    """Return the values of a column, without those that are missing."""
    return {row[index] for row in rows if index < len(row) and not stands_for_missing(row[index])}
