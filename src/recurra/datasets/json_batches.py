"""JSON objects become batches of rows: a column for each key that is wanted.

Not here: reading and parsing (json_rows.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from itertools import chain
from typing import Any

from recurra.datasets.columns import listed, nearest
from recurra.datasets.json_rows import Element
from recurra.datasets.records import Batch
from recurra.errors import DataError, Place

Groups = Iterable[list[Element]]


def key_names(
    groups: Iterator[list[Element]], *, file: str, sample: int, enough: Callable[[Iterable[str]], bool]
) -> tuple[list[str], Groups]:
    """Return the keys of the first `sample` objects together, and all objects: not each row need have each key.

    Where the keys of the first object are `enough`, no more are looked at. Raises DataError for no object, for objects
    none of which can be read, and for one that holds a whole table.
    """
    taken: list[list[Element]] = []
    first: list[Element] = []
    while len(first) < sample and (group := next(groups, None)) is not None:
        taken.append(group)
        first += group
        if first and enough(first[0].values):
            first = first[:1]
            break
    first = first[:sample]
    good = [element for element in first if element.problem is None]
    if not first:
        raise DataError("no rows", place=Place(file), advice="bring a file with data")
    if first[0].problem is not None and not good:
        raise first[0].problem
    if _holds_table(good[0].values):
        raise DataError(
            "one object that holds the whole table",
            place=Place(file, good[0].place.line),
            found="keys " + listed(list(good[0].values)),
            allowed="one JSON object a line, or an array of objects (pandas: orient='records')",
        )
    return list(dict.fromkeys(name for element in good for name in element.values)), chain(taken, groups)


def later_names(groups: Groups, asked: Set[str]) -> set[str]:
    """Return which of the `asked` keys any object has; no more objects are read than it takes to see them all."""
    seen: set[str] = set()
    for element in chain.from_iterable(groups) if asked else ():
        seen |= element.values.keys() & asked
        if len(seen) == len(asked):
            break
    return seen


def _holds_table(values: dict[str, Any]) -> bool:
    """Tell whether an object is a whole table (pandas' orients columns, index, split, table), not a row of one."""
    return bool(values) and all(isinstance(value, (dict, list)) for value in values.values())


def json_batches(groups: Groups, file: str, wanted: list[str] | None) -> Iterator[Batch | DataError]:
    """Keep the wanted keys and leave out the others; without wanted ones, rows of the same keys make a batch.

    What is wrong comes in a row's place: an object that is none, lacks a wanted key, or holds a list there.
    """
    for group in groups:
        if group and wanted and _is_sound(group, wanted):
            yield _batch(group, wanted)
            continue
        rows: list[Element] = []
        keys: Sequence[str] = wanted or ()
        for element in group:
            fault = element.problem or (wanted and _fault(element, wanted, file))
            if rows and (fault or (wanted is None and element.values.keys() != set(keys))):
                yield _batch(rows, keys)
                rows = []
            if fault:
                yield fault
                continue
            keys = list(element.values) if wanted is None and not rows else keys
            rows.append(element)
        if rows:
            yield _batch(rows, keys)


def _is_sound(group: list[Element], wanted: Sequence[str]) -> bool:
    """Look at whole columns: every object has each wanted key, and a text, a number or nothing there."""
    if any(element.problem for element in group):
        return False
    try:
        columns = [[element.values[name] for element in group] for name in wanted]
    except KeyError:
        return False
    return not any({*map(type, column)} & {list, dict} for column in columns)


def _fault(element: Element, wanted: Sequence[str], file: str) -> DataError | None:
    values = element.values
    for name in wanted:
        if name not in values:
            return DataError(
                f"no column {name!r} in this row{nearest(name, list(values))}",
                place=Place(file, element.place.line),
                found="columns " + listed(list(values)),
                advice="fill it in, or leave the row out",
            )
    for name in wanted:
        if isinstance(values[name], (list, dict)):
            wrong = f"{name!r} holds {type(values[name]).__name__}"
            return DataError(wrong, place=element.place_of(name), allowed="a text or a number")
    return None


def _batch(rows: list[Element], keys: Sequence[str]) -> Batch:
    columns = {name: [element.values[name] for element in rows] for name in keys}
    lines = [element.place.line for element in rows]
    return Batch(lines, columns, lambda row, name: rows[row].place_of(name), lambda row: rows[row].text)
