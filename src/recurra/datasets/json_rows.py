"""JSON Lines, or an array of objects: every row one object, strictly; what the json module lets pass is refused.

Not here: cutting an array into its elements (json_arrays.py). Refused with line and column: duplicate keys, NaN and
Infinity, numbers beyond float64, integers over 400 digits, nesting that overflows the parser, anything but an object.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from recurra.datasets.columns import listed, nearest
from recurra.datasets.encodings import advised
from recurra.datasets.json_arrays import decoded, moved, read_elements
from recurra.datasets.lines import Line, blank_errors, lines_of, note_blank
from recurra.datasets.records import Row, Value
from recurra.errors import DataError, Place

LONGEST_INTEGER = 400
DEEPEST = 64
BROKEN = re.compile("[\udc80-\udcff]")
"""A byte that the codec could not read."""


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
    """Return the object that begins at `place`; raise DataError with line and column when it is not strict JSON."""
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as problem:
        raise _error(problem.msg, moved(place, text, problem.pos)) from None
    except _RefusedError as problem:
        at = text.rfind(problem.near) if problem.last else text.find(problem.near)
        raise _error(problem.wrong, moved(place, text, max(at, 0))) from None
    except RecursionError:
        raise _error(f"nested deeper than {DEEPEST}", moved(place, text, _too_deep(text))) from None
    if not isinstance(value, dict):
        raise _error(f"a row must be an object, found {_kind(value)}", moved(place, text, 0))
    return value


def read_json(chunks: Iterator[bytes], *, codec: str, file: str) -> Iterator[Row | DataError]:
    """Yield a row for each object of JSON Lines or of an array, told by the first character; every key is kept.

    What is wrong with an object comes in its place. Raises DataError for an array that is none.
    """
    chunks = iter(chunks)
    first = b""
    while not first.strip() and (chunk := next(chunks, b"")):
        first += chunk
    whole = chain([first], chunks)
    if first.lstrip().startswith(b"["):
        return _from_array(whole, codec, file)
    return _from_lines(lines_of(whole, file=file, codec=codec), file)


def _from_lines(lines: Iterator[Line], file: str) -> Iterator[Row | DataError]:
    blanks: list[int] = []
    for number, text, problem in lines:
        if not text.strip():
            note_blank(blanks, number, file=file)
            continue
        yield from blank_errors(blanks, file)
        yield problem or _row(text, Place(file, number))


def _from_array(chunks: Iterator[bytes], codec: str, file: str) -> Iterator[Row | DataError]:
    for place, text in read_elements(decoded(chunks, codec), file=file):
        broken = BROKEN.search(text)
        if broken is None:
            yield _row(text, place)
            continue
        byte, there = ord(broken[0]) & 0xFF, moved(place, text, broken.start())
        advice = advised(text.encode(codec, "surrogateescape"), codec)
        yield DataError(f"not {codec}", place=there, found=f"byte 0x{byte:02x}", advice=advice)


def _row(text: str, place: Place) -> Row | DataError:
    def find(row: Row, name: str) -> Place:
        return moved(place, text, key_column(text, name) - 1)

    try:
        return Row(place.line, parse_object(text, place=place), text, find)
    except DataError as problem:
        return problem


def whole_table(row: Row) -> bool:
    """Tell whether an object is a whole table (pandas' orients columns, index, split, table), not a row of one."""
    return bool(row.values) and all(isinstance(value, (dict, list)) for value in row.values.values())


def pick_keys(rows: Iterator[Row | DataError], file: str, wanted: list[str] | None) -> Iterator[Row | DataError]:
    """Keep the wanted keys (None: all) and leave out the others; a row that lacks one becomes an error."""
    for row in rows:
        if isinstance(row, DataError) or wanted is None:
            yield row
            continue
        missing = next((name for name in wanted if name not in row.values), None)
        if missing is not None:
            yield DataError(
                f"no column {missing!r} in this row{nearest(missing, list(row.values))}",
                place=Place(file, row.line),
                found="columns " + listed(list(row.values)),
                advice="fill it in, or leave the row out",
            )
            continue
        values: dict[str, Value] = {name: row.values[name] for name in wanted}
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


def _error(wrong: str, place: Place) -> DataError:
    return DataError(wrong, place=place, allowed="one JSON object a line, or an array of objects")


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
