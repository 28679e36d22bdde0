"""The rows of a vector file: GloVe text, word2vec text and fastText .vec, word2vec binary.

Not here: opening files (vector_files.py) and the matrix (vectors.py). What a header declares is checked against the
rows and never used to reserve memory. Only the vectors of wanted words are parsed; every row is checked for its width.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from recurra.errors import DataError, Place

Row = tuple[bytes, NDArray[np.float32], Place]

MAX_DIMENSION = 4096
MAX_LINE_BYTES = 1 << 20
MAX_WORD_BYTES = 4096
_BLOCK_BYTES = 1 << 20


def text_rows(stream: BinaryIO, name: str, wanted: Container[bytes]) -> Iterator[Row]:
    """Yield word, vector (dimension,) and place of each wanted word of a text file, with or without a header line.

    Raises DataError with file and line for a row of another width, a value that is no finite number, an endless line
    and a header that lies.
    """
    first = _line(stream, name, 1).removeprefix(b"\xef\xbb\xbf")
    declared = _declared(first)
    dimension = declared[1] if declared else first.count(b" ")
    _check_dimension(dimension, Place(name, 1))
    number, line = (2, _line(stream, name, 2)) if declared else (1, first)
    rows = 0
    while line:
        fields = line.count(b" ")
        word, _, values = line.partition(b" ")
        if fields != dimension:
            word = _spaced_word(line, dimension, Place(name, number))
        elif word in wanted:
            yield word, _numbers(values, Place(name, number)), Place(name, number)
        rows += 1
        number += 1
        line = _line(stream, name, number)
    if declared and declared[0] != rows:
        raise DataError(
            "the header lies", place=Place(name, 1), found=f"{rows} rows", allowed=f"{declared[0]} as declared"
        )


def binary_rows(stream: BinaryIO, name: str, wanted: Container[bytes]) -> Iterator[Row]:
    """Yield word, vector (dimension,) and place of each wanted word of a word2vec binary file.

    The format: `count dimension` and a line feed, then for each word the word, a space and little-endian float32
    values, perhaps followed by a line feed. Raises DataError with the byte offset where the file ends early, goes on
    after its declared rows, or holds a value that is not finite.
    """
    header = stream.readline(64)
    declared = _declared(header.strip())
    if declared is None:
        raise DataError("no word2vec header", place=Place(name, 1), allowed="two numbers: words and dimension")
    count, dimension = declared
    _check_dimension(dimension, Place(name, 1))
    buffer, start, before = b"", 0, len(header)
    for row in range(1, count + 1):
        if len(buffer) - start < MAX_WORD_BYTES + 4 * dimension:
            buffer, before, start = buffer[start:] + stream.read(_BLOCK_BYTES), before + start, 0
        space = buffer.find(b" ", start, start + MAX_WORD_BYTES)
        end = space + 1 + 4 * dimension
        if space < 0 or end > len(buffer):
            found = f"its end or no space in row {row} of {count}, after byte offset {before + start}"
            raise DataError("binary vectors cut short or of another dimension", place=Place(name), found=found)
        word = buffer[start:space].lstrip(b"\n")
        if word in wanted:
            values = np.frombuffer(buffer, "<f4", dimension, space + 1).astype(np.float32)
            _check_finite(values, Place(name), f" at byte offset {before + space + 1}")
            yield word, values, Place(name)
        start = end
    if (buffer[start:] + stream.read(_BLOCK_BYTES)).strip(b"\n"):
        raise DataError("the header lies", place=Place(name, 1), found="more rows", allowed=f"{count} as declared")


def _line(stream: BinaryIO, name: str, number: int) -> bytes:
    """Return the next line without its end; b"" only at the file's end."""
    line = stream.readline(MAX_LINE_BYTES)
    if len(line) == MAX_LINE_BYTES:
        raise DataError("endless line", place=Place(name, number), allowed=f"at most {MAX_LINE_BYTES} bytes")
    bare = line.rstrip(b" \r\n")
    if (line or number == 1) and not bare:
        raise DataError("no vector in this line", place=Place(name, number), found="an empty line or file")
    return bare


def _declared(line: bytes) -> tuple[int, int] | None:
    """Return count and dimension where the line is a header: two whole numbers."""
    fields = line.split(b" ")
    if len(fields) != 2 or not all(field.isdigit() and len(field) < 19 for field in fields):
        return None
    return int(fields[0]), int(fields[1])


def _check_dimension(dimension: int, place: Place) -> None:
    if not 1 <= dimension <= MAX_DIMENSION:
        raise DataError("bad dimension", place=place, found=str(dimension), allowed=f"1 to {MAX_DIMENSION}")


def _spaced_word(line: bytes, dimension: int, place: Place) -> bytes:
    """Return the word of a row that has more spaces than values, as GloVe 840B has; else tell the row's width."""
    fields = line.rsplit(b" ", dimension)
    if len(fields) <= dimension or _is_number(fields[0].rpartition(b" ")[2]):
        found = f"{line.count(b' ')} values"
        raise DataError("a row of another width", place=place, found=found, allowed=f"{dimension} values and a word")
    return fields[0]


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _numbers(values: bytes, place: Place) -> NDArray[np.float32]:
    try:
        numbers = np.array(list(map(float, values.split(b" "))))
    except ValueError as problem:
        raise DataError(f"a value is no number: {problem}", place=place) from None
    largest = float(np.finfo(np.float32).max)
    numbers[np.abs(numbers) > largest] = np.inf
    _check_finite(numbers, place, "")
    return numbers.astype(np.float32)


def _check_finite(values: NDArray[np.floating], place: Place, where: str) -> None:
    if not np.isfinite(values).all():
        position = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DataError(
            f"a value is not finite{where}", place=place, found=f"{values[position]} as value {position + 1}"
        )
