"""An array of JSON objects as a stream of its elements, whatever lines they are written on.

Not here: what an element holds (json_rows.py). Only the array's own brackets and commas are looked at.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from recurra.errors import DataError, Place

LONGEST = 16 << 20
"""Characters of one element, at most."""
INSIDE = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+(\\|")?', re.DOTALL)
"""The rest of a text and its closing quote; a backslash there is the piece's last character. It matches everywhere."""
BETWEEN = re.compile(r'[^"\[\]{},]*+')
"""What may stand between the array's own marks."""
WITHIN = re.compile(r'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
"""What may stand in an element before its next bracket, whole texts too. Both match everywhere."""
LINE_END = re.compile(r"\r\n|\r|\n")


def moved(place: Place, text: str, at: int) -> Place:
    """Return the place `at` characters after that of the text's first one (column 0 counts as 1)."""
    ends = list(LINE_END.finditer(text, 0, at))
    if not ends:
        return Place(place.file, place.line, max(place.column, 1) + at)
    return Place(place.file, place.line + len(ends), at - ends[-1].end() + 1)


def decoded(chunks: Iterator[bytes], codec: str) -> Iterator[str]:
    """Decode in pieces; a byte that does not fit stays as a lone surrogate, for the row that holds it to refuse."""
    decoder = codecs.getincrementaldecoder(codec)("surrogateescape")
    for chunk in chunks:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def read_elements(pieces: Iterator[str], *, file: str) -> Iterator[list[tuple[Place, str]]]:
    """Yield each element's place and text, those together that end in one piece.

    Raises DataError for an array that never ends, and for text behind it.
    """
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
        self._depth, self._quoted, self._skip = 0, False, False
        self._parts: list[str] = []
        self._size = 0
        self._place = Place(file, 1, 1)
        self._elements, self._closed = 0, False

    def read(self, piece: str) -> Iterator[tuple[Place, str]]:
        """Yield the elements that end in this piece."""
        begun, at, self._skip = 0, int(self._skip), False
        while not self._closed and (at := self._next(piece, at)) < len(piece):
            mark, at = piece[at], at + 1
            if mark == '"':
                self._quoted = True
            elif self._ends(mark):
                self._take(piece[begun : at - 1])
                yield from self._element(mark)
                begun = at
        self._take(piece[begun:])

    def _next(self, piece: str, at: int) -> int:
        """Find the next mark that counts; a text that the piece's end cuts goes on in the next piece."""
        if self._quoted:
            rest = INSIDE.match(piece, at)
            mark, at = rest[1], rest.end()  # type: ignore[index, union-attr]
            self._quoted, self._skip = mark != '"', mark == "\\"
            if self._quoted:
                return len(piece)
        return (WITHIN if self._depth > 1 else BETWEEN).match(piece, at).end()  # type: ignore[union-attr]

    def finish(self) -> None:
        """Check that the array has come to its end."""
        rest = "".join(self._parts)
        if self._depth or rest.strip():
            raise DataError(
                "text behind the array" if not self._depth else "the array never ends",
                place=moved(self._place, rest, len(rest) - len(rest.lstrip())),
                allowed="one array of objects, or one object a line",
            )

    def _ends(self, mark: str) -> bool:
        """Count the brackets; tell whether a mark of the array itself begins or ends an element."""
        before = self._depth
        self._depth += (mark in "[{") - (mark in "]}")
        return (before, self._depth) in ((0, 1), (1, 0)) or (mark == "," and before == 1)

    def _take(self, part: str) -> None:
        self._size += len(part)
        if self._size > LONGEST:
            raise DataError("element too long", place=self._place, allowed=f"{LONGEST:,} characters")
        self._parts.append(part)

    def _element(self, mark: str) -> Iterator[tuple[Place, str]]:
        """Hand over what stands before `mark`; only the array's first and last one may have nothing before them."""
        text = "".join(self._parts)
        blank = len(text) - len(text.lstrip())
        place, self._place = moved(self._place, text, blank), moved(self._place, text + mark, len(text) + 1)
        self._parts, self._size = [], 0
        self._closed = not self._depth
        if text.strip() or not (mark == "[" or (mark == "]" and not self._elements)):
            self._elements += 1
            yield place, text.strip()
