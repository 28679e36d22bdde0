"""JSON objects out of text, strictly: what the json module lets pass is refused; and the elements of an array.

Not here: rows and columns (json_tables.py). Refused with line and column: duplicate keys, NaN and Infinity, numbers
beyond float64, integers over 400 digits, nesting that overflows the parser, anything but an object. Of an array only
its own brackets and commas are looked at, whatever lines its elements are written on.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from recurra.errors import DataError, Place

LONGEST_INTEGER = 400
DEEPEST = 64
LONGEST = 16 << 20
"""Characters of one element, at most."""
# A whole text, with its quotes.
TEXT = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
# What may stand between the array's own marks, and in an element before its next bracket. Both match everywhere, and
# stop at a text that has no end yet.
BETWEEN = re.compile(rf'(?:[^"\[\]{{}},]++|{TEXT})*+', re.DOTALL)
WITHIN = re.compile(rf'(?:[^"\[\]{{}}]++|{TEXT})*+', re.DOTALL)
# Brackets, and whole texts, in which brackets mean nothing.
MARKS = re.compile(rf"{TEXT}|[\[\]{{}}]", re.DOTALL)
LINE_END = re.compile(r"\r\n|\r|\n")


class _RefusedError(Exception):
    """Raised out of the json module's hooks, with a text whose place in the line shows the column."""

    def __init__(self, wrong: str, near: str, *, last: bool = False) -> None:
        super().__init__(wrong)
        self.wrong, self.near, self.last = wrong, near, last


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # The json module keeps the last of two equal keys in silence.
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise _RefusedError(f"key {twice!r} twice", json.dumps(twice, ensure_ascii=False), last=True)
    return found


def _integer(text: str) -> int:
    # Reading digits takes time that grows with their square.
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
        # Of a doubled key the second one is at fault; a number is shown where it stands first.
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


def parse_lines(texts: Sequence[str]) -> list[dict[str, Any]] | None:
    """Parse lines of which each is an object from its first character to its last; None where one is not."""
    try:
        # The scanner alone: what the decoder does around it is checked below, for all lines at once.
        parsed = [_scan(text, 0) for text in texts]
    except (StopIteration, ValueError, RecursionError, _RefusedError):
        return None
    whole = all(end == len(text) and type(value) is dict for (value, end), text in zip(parsed, texts, strict=True))
    return [value for value, _ in parsed] if whole else None


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
    depth = 0
    for mark in MARKS.finditer(text):
        depth += (mark[0] in "[{") - (mark[0] in "]}")
        if depth > DEEPEST:
            return mark.start()
    return 0


def moved(place: Place, text: str, at: int) -> Place:
    """Return the place `at` characters after that of the text's first one (column 0 counts as 1)."""
    ends = list(LINE_END.finditer(text, 0, at))
    if not ends:
        return Place(place.file, place.line, max(place.column, 1) + at)
    return Place(place.file, place.line + len(ends), at - ends[-1].end() + 1)


def read_elements(pieces: Iterator[str], *, file: str) -> Iterator[list[tuple[Place, str]]]:
    """Yield each element's place and text, those together that end in one piece.

    Raises DataError for an array that never ends, and for text behind it.
    """
    # One scan over all pieces, since an element may begin in one and end in another.
    scan = _Scan(file)
    for piece in pieces:
        elements: list[tuple[Place, str]] = []
        try:
            elements.extend(scan.read(piece))
        finally:
            # What stands before a fault comes before it.
            yield elements
    scan.finish()


class _Scan:
    """How deep the brackets are, and the element that is being read."""

    def __init__(self, file: str) -> None:
        self._place, self._depth, self._elements = Place(file, 1, 1), 0, 0
        # What was read and belongs to no element yet, and up to where marks were looked for in it.
        self._rest, self._at = "", 0
        self._closed = False

    def read(self, piece: str) -> Iterator[tuple[Place, str]]:
        """Yield the elements that end in this piece."""
        text, begin, at = self._rest + piece, 0, self._at
        while not self._closed:
            # Within an element commas mean nothing.
            at = (WITHIN if self._depth > 1 else BETWEEN).match(text, at).end()  # type: ignore[union-attr]
            # A text that the piece's end cuts is looked at again when more of it is there.
            if at == len(text) or text[at] == '"':
                break
            at += 1
            if self._ends(text[at - 1]):
                yield from self._element(text[begin : at - 1], text[at - 1])
                begin = at
        # What is left of the piece is the beginning of the next element.
        self._rest, self._at = self._short(text[begin:]), at - begin

    def finish(self) -> None:
        """Check that the array has come to its end."""
        if self._depth or self._rest.strip():
            raise DataError(
                "text behind the array" if not self._depth else "the array never ends",
                place=moved(self._place, self._rest, len(self._rest) - len(self._rest.lstrip())),
                allowed="one array of objects, or one object a line",
            )

    def _ends(self, mark: str) -> bool:
        """Count the brackets; tell whether a mark of the array itself begins or ends an element."""
        before = self._depth
        self._depth += (mark in "[{") - (mark in "]}")
        # The array's own brackets, and commas directly within it.
        return (before, self._depth) in ((0, 1), (1, 0)) or (mark == "," and before == 1)

    def _short(self, text: str) -> str:
        if len(text) > LONGEST:
            raise DataError("element too long", place=self._place, allowed=f"{LONGEST:,} characters")
        return text

    def _element(self, text: str, mark: str) -> Iterator[tuple[Place, str]]:
        """Hand over what stands before `mark`; only the array's first and last one may have nothing before them."""
        blank = len(self._short(text)) - len(text.lstrip())
        # The next element begins behind the mark that ended this one.
        place, self._place = moved(self._place, text, blank), moved(self._place, text + mark, len(text) + 1)
        self._closed = not self._depth
        if text.strip() or not (mark == "[" or (mark == "]" and not self._elements)):
            self._elements += 1
            yield place, text.strip()
