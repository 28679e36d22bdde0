"""Opening a file of word vectors: plain, gzip, or one member of a zip, always as a stream.

Not here: what the lines mean (vector_rows.py). Nothing is unpacked to disk and nothing foreign is opened.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

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

_FASTTEXT_MAGIC = b"\xba\x16\x4f\x2f"


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
                    yield name.removesuffix(".gz"), cast(BinaryIO, packed_bytes)
            elif magic == _FASTTEXT_MAGIC:
                raise DataError("a fastText model, not vectors", place=Place(name), advice="give its .vec file")
            else:
                yield name, raw
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
