"""JSON Lines: every line one object, strictly; what the json module lets pass is refused.

Not here: other JSON. Refused with line and column: duplicate keys, NaN and Infinity, numbers beyond float64, integers
over 400 digits, nesting that overflows the parser, anything but an object.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from recurra.datasets.columns import need
from recurra.datasets.lines import Line, blank_errors, note_blank
from recurra.datasets.records import Row, Value
from recurra.errors import DataError, Place

LONGEST_INTEGER = 400
DEEPEST = 64


class _RefusedError(Exception):
    """Raised out of the json module's hooks, with a text whose place in the line shows the column."""

    def __init__(self, wrong: str, near: str, *, last: bool = False) -> None:
        super().__init__(wrong)
        self.wrong, self.near, self.last = wrong, near, last


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _RefusedError(f"key {key!r} twice", json.dumps(key, ensure_ascii=False), last=True)
            seen.add(key)
    return found


def _integer(text: str) -> int:
    if len(text) > LONGEST_INTEGER:
        raise _RefusedError(f"integer of {len(text):,} digits", text)
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _RefusedError(f"number {text[:40]} is beyond what a float holds", text)
    return value


def _constant(text: str) -> float:
    raise _RefusedError(f"{text} is not JSON", text)


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_constant)


def parse_object(text: str, *, place: Place) -> dict[str, Any]:
    """Return the object that a line holds; raise DataError with its line and column when it is not strict JSON."""
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as problem:
        raise _error(problem.msg, place, problem.pos) from None
    except _RefusedError as problem:
        at = text.rfind(problem.near) if problem.last else text.find(problem.near)
        raise _error(problem.wrong, place, at) from None
    except RecursionError:
        raise _error(f"nested deeper than {DEEPEST}", place, _too_deep(text)) from None
    if not isinstance(value, dict):
        raise _error(f"a row must be an object, found {_kind(value)}", place, 0)
    return value


def read_objects(lines: Iterator[Line], *, file: str) -> Iterator[Row | DataError]:
    """Yield a row for each line, every key kept; what is wrong with a line comes in its place."""

    def find(row: Row, name: str) -> Place:
        return Place(file, row.line, key_column(row.raw, name))

    blanks: list[int] = []
    for number, text, problem in lines:
        if not text.strip():
            note_blank(blanks, number, file=file)
            continue
        yield from blank_errors(blanks, file)
        try:
            if problem:
                raise problem
            values = parse_object(text, place=Place(file, number))
        except DataError as refused:
            yield refused
        else:
            yield Row(number, values, text, find)


def pick_keys(rows: Iterator[Row | DataError], *, wanted: list[str] | None, file: str) -> Iterator[Row | DataError]:
    """Keep the wanted keys (None: all) and leave out the others; a row that lacks one becomes an error."""
    for row in rows:
        if isinstance(row, DataError) or wanted is None:
            yield row
            continue
        try:
            values: dict[str, Value] = {
                name: row.values[need(name, list(row.values), place=Place(file, row.line))] for name in wanted
            }
        except DataError as problem:
            yield problem
            continue
        nested = next((name for name, value in values.items() if isinstance(value, (list, dict))), None)
        if nested is None:
            yield Row(row.line, values, row.raw, row.finder)
        else:
            yield DataError(
                f"{nested!r} holds {type(values[nested]).__name__}",
                place=row.place(nested),
                allowed="a text or a number",
            )


def key_column(text: str, key: str) -> int:
    """Return the column (from 1) where a key's value stands in its line; 1 when it is not written plainly."""
    found = re.search(re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:\s*", text)
    return found.end() + 1 if found else 1


def _error(wrong: str, place: Place, at: int) -> DataError:
    column = max(at, 0) + 1
    return DataError(wrong, place=Place(place.file, place.line, column), allowed="one JSON object a line")


def _kind(value: object) -> str:
    names = {list: "an array", str: "a text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")


def _too_deep(text: str) -> int:
    """Find the bracket that goes deeper than allowed, outside of texts."""
    depth, inside, escaped = 0, False, False
    for at, character in enumerate(text):
        if inside:
            inside = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            if depth > DEEPEST:
                return at
        elif character in "]}":
            depth -= 1
    return 0
