"""The IMDB reviews as published: the folder aclImdb, or its archive read in one pass without unpacking.

Not here: the Parquet form and dropping doubled texts (imdb.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from recurra.datasets.records import TextTable
from recurra.datasets.sources import open_regular, read_chunks
from recurra.datasets.tarred import read_tar
from recurra.errors import DataError, Place

KINDS = {"neg": "negative", "pos": "positive"}
LARGEST_FILE = 16 << 20

_MEMBER = re.compile(
    r"(?:^|/)(train|test)/(?:(neg|pos|unsup)/(\d{1,9})_(\d{1,2})\.txt|urls_(neg|pos|unsup)\.txt)$", re.ASCII
)


def read_imdb_folder(place: str | Path, *, unlabelled: bool = False) -> dict[str, TextTable]:
    """Return the tables `train`, `test` (and `unsup`), sorted by label and number, groups being the films.

    `place` is the folder aclImdb or the tar (gzipped or not). Review names are `<number>_<rating>.txt`; line `number`
    (from 0) of `urls_<kind>.txt` names the film. Raises DataError when a part is missing or a file is damaged.
    """
    path = Path(place)
    kinds = ("neg", "pos", "unsup") if unlabelled else ("neg", "pos")
    files = _folder(path, kinds) if path.is_dir() else _archive(path, kinds)
    reviews: dict[tuple[str, str], list[tuple[int, str, str]]] = {}
    films: dict[tuple[str, str], list[str]] = {}
    for name, data in files:
        part, kind, number, rating, urls = _parsed(name)
        text = _decoded(data, f"{place}/{name}" if path.is_dir() else f"{place}!{name}")
        if urls:
            films[part, urls] = _films(text)
        else:
            reviews.setdefault((part, kind), []).append((int(number), f"{number}_{rating}", text))
    tables = {part: _table(part, tuple(KINDS), reviews, films, path) for part in ("train", "test")}
    return tables | ({"unsup": _table("train", ("unsup",), reviews, films, path)} if unlabelled else {})


def _archive(path: Path, kinds: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    def keep(name: str) -> bool:
        found = _MEMBER.search(name)
        return found is not None and (found[2] or found[5]) in kinds

    return read_tar(read_chunks(path), keep=keep, place=Place(str(path)))


def _folder(path: Path, kinds: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for part in ("train", "test"):
        for kind in kinds:
            urls = path / part / f"urls_{kind}.txt"
            files = [urls] if urls.exists() else []
            if (path / part / kind).is_dir():
                files += sorted((path / part / kind).iterdir())
            for file in files:
                if _MEMBER.search(file.relative_to(path).as_posix()):
                    yield file.relative_to(path).as_posix(), _bytes(file)


def _bytes(file: Path) -> bytes:
    with open_regular(file) as stream:
        data = stream.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise DataError("review too large", place=Place(str(file)), allowed=f"{LARGEST_FILE:,} bytes")
    return data


def _parsed(name: str) -> tuple[str, str, str, str, str]:
    found = _MEMBER.search(name)
    if found is None:
        raise DataError("not a file of aclImdb", place=Place(name))
    part, kind, number, rating, urls = found.groups("")
    return part, kind, number, rating, urls


def _decoded(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise DataError(f"not UTF-8 at byte {problem.start:,}", place=Place(file)) from None


def _films(text: str) -> list[str]:
    """Take the film's title id out of each line, such as tt0064354."""
    found = (re.search(r"tt\d+", line) for line in text.splitlines())
    return [match[0] if match else "" for match in found]


def _table(
    part: str,
    kinds: tuple[str, ...],
    reviews: dict[tuple[str, str], list[tuple[int, str, str]]],
    films: dict[tuple[str, str], list[str]],
    path: Path,
) -> TextTable:
    missing = [f"{part}/{kind}" for kind in kinds if not reviews.get((part, kind))]
    if missing:
        raise DataError(
            f"no reviews in {' and '.join(missing)}", place=Place(str(path)), allowed="train and test with pos and neg"
        )
    rows = [(kind, *review) for kind in kinds for review in sorted(reviews[part, kind])]
    have_films = all((part, kind) in films for kind in kinds)
    return TextTable(
        texts=[text for _, _, _, text in rows],
        labels=None if kinds == ("unsup",) else [KINDS[kind] for kind, _, _, _ in rows],
        groups=[_film(films[part, kind], number) for kind, number, _, _ in rows] if have_films else None,
        lines=[0] * len(rows),
        ids=[stem for _, _, stem, _ in rows],
    )


def _film(films: list[str], number: int) -> str:
    return films[number] if number < len(films) else ""
