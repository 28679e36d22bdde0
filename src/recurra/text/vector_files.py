"""Files of word vectors as streams of rows: GloVe, word2vec text and fastText .vec, word2vec binary; plain or packed.

Not here: the matrix (vectors.py). Nothing is unpacked to disk and nothing foreign is opened. What a header declares is
checked against the rows and never used to reserve memory. Only the vectors of wanted words are parsed; every row is
checked for its width.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from recurra.errors import DataError, Place

BUFFER_BYTES = 1 << 20

USUAL_DIMENSION = 100
"""The member of a zip that is read when none is named: 100d of glove.6B.zip."""

FOREIGN_SUFFIXES = (
    ".pkl",
    ".pickle",
    ".pt",
    ".pth",
    ".ckpt",
    ".joblib",
    ".npy",
    ".npz",
    ".h5",
    ".model",
    ".kv",
    ".magnitude",
)
"""Refused unopened: reading them would run code or need another library."""

# 793712314, little-endian: fastText's .bin, which holds n-grams and not rows of words.
_FASTTEXT_MAGIC = b"\xba\x16\x4f\x2f"

WordRow = tuple[bytes, NDArray[np.float32], Place]

MAX_DIMENSION = 4096
MAX_LINE_BYTES = 1 << 20
MAX_WORD_BYTES = 4096


@contextmanager
def opened_vectors(source: str | Path, *, member: str, dimension: int | None) -> Iterator[tuple[str, BinaryIO]]:
    """Yield the name (of the file, or file and member) and a stream of the uncompressed bytes.

    Raises DataError for a missing, unreadable, foreign or damaged file and for a zip whose member is not clear.
    """
    path = Path(source)
    _refuse_foreign(path)
    name = str(path)
    try:
        with path.open("rb", buffering=BUFFER_BYTES) as raw:
            # Told by content: a downloaded archive often has lost its ending.
            magic = cast(io.BufferedReader, raw).peek(4)[:4]
            if magic.startswith(b"PK\x03\x04"):
                with zipfile.ZipFile(raw) as archive:
                    chosen = _member(archive, name, member, dimension)
                    with archive.open(chosen) as packed:
                        yield (
                            f"{name}/{chosen}",
                            cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, packed), BUFFER_BYTES)),
                        )
            elif magic.startswith(b"\x1f\x8b"):
                with gzip.open(raw) as unpacked:
                    packed_bytes = io.BufferedReader(cast(io.RawIOBase, unpacked), BUFFER_BYTES)
                    # Without .gz the name ends as the format does, which `.bin` is told by.
                    yield name.removesuffix(".gz"), cast(BinaryIO, packed_bytes)
            elif magic == _FASTTEXT_MAGIC:
                raise DataError("a fastText model, not vectors", place=Place(name), advice="give its .vec file")
            else:
                yield name, raw
    # RuntimeError: zipfile's word for a password; zlib.error: damage inside gzip.
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise DataError(f"cannot read the vectors: {reason}", place=Place(name)) from None


def _refuse_foreign(path: Path) -> None:
    if path.suffix.lower() in FOREIGN_SUFFIXES:
        raise DataError(
            "this kind of file is never opened",
            place=Place(str(path)),
            found=path.suffix,
            allowed="GloVe .txt or .zip, word2vec text or .bin, fastText .vec, each also as .gz",
        )
    if path.exists() and not path.is_file():
        raise DataError("not a regular file", place=Place(str(path)), allowed="a file of word vectors")


def _member(archive: zipfile.ZipFile, name: str, member: str, dimension: int | None) -> str:
    """Pick by name, else by `100d` in the name (the usual choice when several are there), else the only one."""
    every = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    if member:
        fitting = [entry for entry in every if member in (entry, Path(entry).name)]
    elif len(every) > 1:
        wanted = dimension or USUAL_DIMENSION
        # Whole numbers: 50d must not match 150d, nor 100d a member 100dx.
        fitting = [entry for entry in every if re.search(rf"(?<!\d){wanted}d(?![a-z0-9])", entry)]
    else:
        fitting = every
    if len(fitting) != 1:
        raise DataError(
            "which member of the zip?",
            place=Place(name),
            found=", ".join(every[:20]) or "no file in it",
            advice="name one, or give the dimension",
        )
    return fitting[0]


def text_rows(stream: BinaryIO, name: str, wanted: Container[bytes]) -> Iterator[WordRow]:
    """Yield word, vector (dimension,) and place of each wanted word of a text file, with or without a header line.

    Raises DataError with file and line for a row of another width, a value that is no finite number, an endless line
    and a header that lies.
    """
    # A byte order mark would become part of the first word.
    first = _line(stream, name, 1).removeprefix(b"\xef\xbb\xbf")
    declared = _declared(first)
    dimension = declared[1] if declared else first.count(b" ")
    _check_dimension(dimension, Place(name, 1))
    number, line = (2, _line(stream, name, 2)) if declared else (1, first)
    rows = 0
    while line:
        # Counting spaces checks the width of every row without parsing a value.
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


def binary_rows(stream: BinaryIO, name: str, wanted: Container[bytes]) -> Iterator[WordRow]:
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
    # `before` is how many bytes of the file lie before the buffer, for offsets in messages.
    buffer, start, before = b"", 0, len(header)
    for row in range(1, count + 1):
        # Always enough for one whole row: what is left is moved to the front and the buffer filled up.
        if len(buffer) - start < MAX_WORD_BYTES + 4 * dimension:
            buffer, before, start = buffer[start:] + stream.read(BUFFER_BYTES), before + start, 0
        space = buffer.find(b" ", start, start + MAX_WORD_BYTES)
        end = space + 1 + 4 * dimension
        # No space within a word's longest length means another dimension: the reader has lost the rows.
        if space < 0 or end > len(buffer):
            found = f"its end or no space in row {row} of {count}, after byte offset {before + start}"
            raise DataError("binary vectors cut short or of another dimension", place=Place(name), found=found)
        # word2vec itself ends each row with a line feed, gensim does not.
        word = buffer[start:space].lstrip(b"\n")
        if word in wanted:
            values = np.frombuffer(buffer, "<f4", dimension, space + 1).astype(np.float32)
            _check_finite(values, Place(name), f" at byte offset {before + space + 1}")
            yield word, values, Place(name)
        start = end
    if (buffer[start:] + stream.read(BUFFER_BYTES)).strip(b"\n"):
        raise DataError("the header lies", place=Place(name, 1), found="more rows", allowed=f"{count} as declared")


def _line(stream: BinaryIO, name: str, number: int) -> bytes:
    """Return the next line without its end; b"" only at the file's end."""
    line = stream.readline(MAX_LINE_BYTES)
    if len(line) == MAX_LINE_BYTES:
        raise DataError("endless line", place=Place(name, number), allowed=f"at most {MAX_LINE_BYTES} bytes")
    # Some writers end rows with a space, which would count as one more value.
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
    # From the right: the last values are numbers, all before them is the word.
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
    # Beyond float32 a value becomes infinite; the check below tells it.
    numbers[np.abs(numbers) > largest] = np.inf
    _check_finite(numbers, place, "")
    return numbers.astype(np.float32)


def _check_finite(values: NDArray[np.floating], place: Place, where: str) -> None:
    if not np.isfinite(values).all():
        position = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DataError(
            f"a value is not finite{where}", place=place, found=f"{values[position]} as value {position + 1}"
        )
