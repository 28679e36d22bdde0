"""Numbers out of whole columns: what no cell leaves a doubt about is read at once, by the rules of single cells.

Not here: those rules, and what is said of a cell that breaks them (numbers.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.missing import stands_for_missing
from recurra.datasets.numbers import LARGEST, NumberForm
from recurra.datasets.records import Batch
from recurra.errors import DataError, Place

Numbers = NDArray[np.float64]

_AROUND = b"0123456789+-eE \t;"
"""What stands in numbers beside the decimal mark, and between them; float() takes no more of it than a cell may be."""


def column_numbers(batch: Batch, name: str, form: NumberForm) -> Numbers | None:
    """Return the numbers (rows,) of a column, NaN where one is missing; None where cells must be asked one by one."""
    cells = batch.texts(name)
    values = _unwritten(batch.columns[name]) if cells is None else _written(cells, form)
    if values is None or (np.abs(values) > LARGEST).any():
        return None
    if form.missing_numbers:
        values[np.isin(values, [*form.missing_numbers])] = np.nan
    return values


def check_usable(values: Numbers, *, name: str, place: Callable[[int], Place]) -> None:
    """Raise DataError for the first number (rows,) that is infinite or too large to square; `name` is its column's."""
    bad = np.flatnonzero(np.abs(values) > LARGEST)
    if bad.size:
        raise DataError(
            "no usable number" + (f" in column {name!r}" if name else ""),
            place=place(int(bad[0])),
            found=str(values[bad[0]]),
            allowed=f"finite values up to {LARGEST:g}",
        )


def _unwritten(cells: Sequence[Any]) -> Numbers | None:
    if not {*map(type, cells)} <= {float, int, type(None)}:
        return None
    try:
        return np.array(cells, dtype=np.float64)
    except OverflowError:
        return None


def _written(cells: Sequence[str], form: NumberForm) -> Numbers | None:
    values = _floats(cells, form)
    if values is not None:
        return values
    words = {cell for cell in {*cells} if stands_for_missing(cell, form.missing_words)}
    known = [cell for cell in cells if cell not in words]
    some = _floats(known, form) if words else None
    if some is None:
        return None
    values = np.full(len(cells), np.nan)
    values[np.fromiter((cell not in words for cell in cells), np.bool_, len(cells))] = some
    return values


def _floats(cells: Sequence[str], form: NumberForm) -> Numbers | None:
    plain = _plain(cells, form)
    try:
        return None if plain is None else np.fromiter(map(float, plain), np.float64, len(cells))
    except ValueError:
        return None


def _plain(cells: Sequence[str], form: NumberForm) -> Sequence[str] | None:
    """Write numbers with a decimal point and no other mark; None where they hold what no number holds."""
    text = ";".join(cells)
    if not text.isascii():
        return None
    if form.thousands:
        if not re.fullmatch(rf"(?:[ \t]*{form.marked.pattern}[ \t]*(?:;|\Z))*+", text):
            return None
    elif text.encode().translate(None, _AROUND + form.decimal.encode()):
        return None
    elif form.decimal == ".":
        return cells
    bare = text.replace(form.thousands, "") if form.thousands else text
    plain = bare.replace(form.decimal, ".").split(";")
    return plain if len(plain) == len(cells) else None
