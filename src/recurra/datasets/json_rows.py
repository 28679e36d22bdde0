"""JSON Lines, or an array of objects: every row one object, strictly; what the json module lets pass is refused.

Not here: cutting an array into its elements (json_arrays.py), and objects as columns (json_batches.py). Refused with
line and column: duplicate keys, NaN and Infinity, numbers beyond float64, integers over 400 digits, nesting that
overflows the parser, anything but an object.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from recurra.datasets.blocks import Block, blank_errors, note_blank
from recurra.datasets.encodings import advised
from recurra.datasets.json_arrays import decoded, moved, read_elements
from recurra.datasets.lines import blocks_of
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

_scan: Callable[[str, int], tuple[Any, int]] = _DECODER.scan_once  # type: ignore[attr-defined]


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


class Element(NamedTuple):
    """An object, where it begins and how it is written; `problem` tells why it is none, and has no values."""

    place: Place
    text: str
    values: dict[str, Any]
    problem: DataError | None = None

    @classmethod
    def of(cls, text: str, place: Place) -> Element:
        """Parse a text."""
        try:
            return cls(place, text, parse_object(text, place=place))
        except DataError as problem:
            return cls(place, text, {}, problem)

    def place_of(self, key: str) -> Place:
        """Return where the value of a key stands."""
        return moved(self.place, self.text, key_column(self.text, key) - 1)


def read_json(chunks: Iterator[bytes], *, codec: str, file: str) -> Iterator[list[Element]]:
    """Yield the objects of JSON Lines or of an array, told by the first character, as many at a time as are read.

    Raises DataError for an array that is none.
    """
    chunks = iter(chunks)
    first = b""
    while not first.strip() and (chunk := next(chunks, b"")):
        first += chunk
    whole = chain([first], chunks)
    if first.lstrip().startswith(b"["):
        return _from_array(whole, codec, file)
    return _from_lines(blocks_of(whole, file=file, codec=codec), file)


def _from_lines(blocks: Iterator[Block], file: str) -> Iterator[list[Element]]:
    blanks: list[int] = []
    for block in blocks:
        values = None if blanks or block.problems else _objects(block.texts)
        if values is not None:
            places = [Place(file, number) for number in range(block.first, block.first + len(values))]
            yield [*map(Element, places, block.texts, values)]
            continue
        elements: list[Element] = []
        for number, text in enumerate(block.texts, block.first):
            if not text.strip():
                note_blank(blanks, number, file=file)
                continue
            place, problem = Place(file, number), block.problems.get(number)
            elements += [Element(place, "", {}, error) for error in blank_errors(blanks, file)]
            elements.append(Element(place, text, {}, problem) if problem else Element.of(text, place))
        yield elements


def _objects(texts: Sequence[str]) -> list[dict[str, Any]] | None:
    """Parse lines of which each is an object from its first character to its last; None where one is not."""
    try:
        parsed = [_scan(text, 0) for text in texts]
    except (StopIteration, ValueError, RecursionError, _RefusedError):
        return None
    whole = all(end == len(text) and type(value) is dict for (value, end), text in zip(parsed, texts, strict=True))
    return [value for value, _ in parsed] if whole else None


def _from_array(chunks: Iterator[bytes], codec: str, file: str) -> Iterator[list[Element]]:
    for elements in read_elements(decoded(chunks, codec), file=file):
        yield [_element(text, place, codec) for place, text in elements]


def _element(text: str, place: Place, codec: str) -> Element:
    broken = BROKEN.search(text)
    if broken is None:
        return Element.of(text, place)
    byte, there = ord(broken[0]) & 0xFF, moved(place, text, broken.start())
    advice = advised(text.encode(codec, "surrogateescape"), codec)
    wrong = DataError(f"not {codec}", place=there, found=f"byte 0x{byte:02x}", advice=advice)
    return Element(place, text, {}, wrong)


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
