"""Numbers out of text cells, strictly: what Python or a spreadsheet would guess at is refused.

Not here: dates. Refused: `1_000`, `1,234.5`, digits of other scripts, `0x10`, `$5`, `5%`, infinity, and overflow.
"""

from __future__ import annotations

import math
import re

from recurra.datasets.missing import stands_for_missing
from recurra.errors import DataError, Place

LARGEST = 1e150
"""Largest absolute value: above it the squared error overflows."""
EXACT = 2**53

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HINTS = (
    (re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?"), "write it without thousands separators"),
    (re.compile(r"[+-]?[0-9.]*,[0-9]+"), "write it with a decimal point"),
    (re.compile(r"[+-]?[0-9_]+(?:\.[0-9]*)?"), "write it without underscores"),
    (re.compile(r"0[xXoObB][0-9a-fA-F]+"), "write it in decimal digits"),
    (re.compile(r"[^0-9]{1,3}[0-9.]+|[0-9.]+\s*%"), "write the bare number without its sign or unit"),
)


def parse_number(text: str) -> float:
    """Return the number that a cell holds, NaN for a blank or a word for `missing`; raise ValueError with advice."""
    cell = text.strip(" \t")
    if _NUMBER.fullmatch(cell):
        return checked_number(float(cell))
    if stands_for_missing(cell):
        return math.nan
    raise ValueError(next((hint for pattern, hint in _HINTS if pattern.fullmatch(cell)), "write a plain number"))


def checked_number(value: float) -> float:
    """Return the value; raise ValueError with advice when it is infinite or too large to square."""
    if abs(value) > LARGEST:
        raise ValueError(f"finite values up to {LARGEST:g} can be learnt from")
    return value


def cell_number(value: object, *, place: Place, column: str) -> float:
    """Return the number of a cell of any kind, NaN when it is missing; raise DataError with its place."""
    try:
        if value is None:
            return math.nan
        if isinstance(value, bool):
            raise ValueError("write 0 and 1 if a truth value is meant as a number")
        if isinstance(value, str):
            return parse_number(value)
        if isinstance(value, (int, float)):
            return checked_number(float(value))
        raise ValueError("write a plain number")
    except (ValueError, OverflowError) as problem:
        found = repr(value) if len(repr(value)) < 80 else repr(value)[:77] + "…"
        raise DataError(
            f"no usable number in column {column!r}", place=place, found=found, advice=str(problem)
        ) from None
