"""The IMDB reviews (Maas et al. 2011) from Parquet files, the published archive or its folder, as clean tables.

Not here: looking for the files (sets.py). The archive is read in one pass without unpacking.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recurra.datasets.known.sets import find
from recurra.datasets.known.tarred import read_tar
from recurra.datasets.sources import open_regular, read_chunks
from recurra.datasets.texts import TextTable
from recurra.errors import DataError, Place

LABELS = ("negative", "positive")


@dataclass(frozen=True)
class Imdb:
    """The official parts; groups are the films (IMDb title ids), so that a validation part can be split by film."""

    train: TextTable
    test: TextTable
    unlabelled: TextTable | None
    """The reviews without label, where they were asked for."""
    dropped: int
    """Training rows (and unlabelled rows) left out because their exact text stands in the test part too."""
    source: str
    """The file or folder that was read."""


def load_imdb(path: str | Path | None = None, *, unlabelled: bool = False) -> Imdb:
    """Read IMDB from `path`, or from where `find` sees it; rows are in file order, which is sorted by label: shuffle.

    Texts of the test part are dropped from the others. Raises DataError when the set is missing or not whole.
    """
    place = Path(path) if path is not None else find("imdb")
    if place is None:
        raise DataError("imdb is not on this machine", advice="run `recurra data get imdb` or set RECURRA_DATA")
    if not place.exists():
        raise DataError("no such file or folder", place=Place(str(place)))
    read = _from_parquet if place.suffix == ".parquet" else read_imdb_folder
    parts = read(place, unlabelled=unlabelled)
    # Some reviews stand in both parts; learnt by heart they would be counted as understood.
    test_texts = set(parts["test"].texts)
    train, dropped = _without(parts["train"], test_texts)
    rest, dropped_rest = _without(parts["unsup"], test_texts) if unlabelled else (None, 0)
    return Imdb(train=train, test=parts["test"], unlabelled=rest, dropped=dropped + dropped_rest, source=str(place))


def _from_parquet(place: Path, *, unlabelled: bool) -> dict[str, TextTable]:
    """Read the Parquet form: columns text, label (0, 1, -1 without), split, id, movie."""
    import pyarrow.parquet as parquet

    # Only these columns are read, whatever else the file holds.
    names = ["text", "label", "split", "id", "movie"]
    places = [place] + ([place.with_name("imdb_unsup.parquet")] if unlabelled else [])
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for each in places:
        try:
            table = parquet.read_table(each, columns=names)
        except (OSError, ValueError) as problem:
            raise DataError(f"cannot be read as the IMDB table: {problem}", place=Place(str(each))) from None
        for name in names:
            columns[name] += table.column(name).to_pylist()
    splits = columns["split"]
    parts = ("train", "test", "unsup") if unlabelled else ("train", "test")
    return {part: _rows(columns, [row for row, split in enumerate(splits) if split == part], part) for part in parts}


def _rows(columns: dict[str, list[Any]], rows: list[int], part: str) -> TextTable:
    picked = {name: [values[row] for row in rows] for name, values in columns.items()}
    return TextTable(
        texts=picked["text"],
        labels=None if part == "unsup" else [LABELS[label] for label in picked["label"]],
        groups=picked["movie"],
        lines=[row + 1 for row in rows],
        ids=picked["id"],
    )


def _without(table: TextTable, texts: set[str]) -> tuple[TextTable, int]:
    """Leave out the rows whose text is among `texts`; return what is left and how many went."""
    kept = table.at([row for row, text in enumerate(table.texts) if text not in texts])
    dropped = len(table) - len(kept)
    warning = [f"{dropped} rows dropped: their text stands in the test part too"] if dropped else []
    return replace(kept, warnings=[*kept.warnings, *warning]), dropped


KINDS = {"neg": "negative", "pos": "positive"}
LARGEST_FILE = 16 << 20

_MEMBER = re.compile(
    r"(?:^|/)(train|test)/(?:(?P<kind>neg|pos|unsup)/(\d{1,9})_(\d{1,2})\.txt|urls_(?P<urls>neg|pos|unsup)\.txt)$",
    re.ASCII,
)


def read_imdb_folder(place: str | Path, *, unlabelled: bool = False) -> dict[str, TextTable]:
    """Return the tables `train`, `test` (and `unsup`), sorted by label and number, groups being the films.

    `place` is the folder aclImdb or the tar (gzipped or not). Review names are `<number>_<rating>.txt`; line `number`
    (from 0) of `urls_<kind>.txt` names the film. Raises DataError when a part is missing or a file is damaged.
    """
    path = Path(place)
    kinds = ("neg", "pos", "unsup") if unlabelled else ("neg", "pos")

    def wanted(name: str) -> bool:
        match = _MEMBER.search(name)
        return match is not None and (match["kind"] or match["urls"]) in kinds

    # Both give names and bytes in the same form, so the rest does not know which it was.
    files = _folder(path, wanted) if path.is_dir() else read_tar(read_chunks(path), keep=wanted, place=Place(str(path)))
    reviews: dict[tuple[str, str], list[tuple[int, str, str]]] = defaultdict(list)
    films: dict[tuple[str, str], dict[int, str]] = {}
    for name, data in files:
        text = _decoded(data, f"{place}/{name}" if path.is_dir() else f"{place}!{name}")
        member: Any = _MEMBER.search(name)
        part, kind, number, rating, urls = member.groups("")
        if urls:
            films[part, urls] = _films(text)
        else:
            reviews[part, kind].append((int(number), f"{number}_{rating}", text))
    tables = {part: _table(part, tuple(KINDS), reviews, films, path) for part in ("train", "test")}
    return tables | ({"unsup": _table("train", ("unsup",), reviews, films, path)} if unlabelled else {})


def _folder(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    for file in sorted([*path.glob("*/*.txt"), *path.glob("*/*/*.txt")]):
        name = file.relative_to(path).as_posix()
        if wanted(name):
            yield name, _bytes(file)


def _bytes(file: Path) -> bytes:
    with open_regular(file) as stream:
        data = stream.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise DataError("review too large", place=Place(str(file)), allowed=f"{LARGEST_FILE:,} bytes")
    return data


def _decoded(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise DataError(f"not UTF-8 at byte {problem.start:,}", place=Place(file)) from None


def _films(text: str) -> dict[int, str]:
    """Take the film's title id, such as tt0064354, out of each line that has one."""
    found = ((number, re.search(r"tt\d+", line)) for number, line in enumerate(text.splitlines()))
    return {number: match[0] for number, match in found if match}


def _table(
    part: str,
    kinds: tuple[str, ...],
    reviews: dict[tuple[str, str], list[tuple[int, str, str]]],
    films: dict[tuple[str, str], dict[int, str]],
    path: Path,
) -> TextTable:
    missing = [f"{part}/{kind}" for kind in kinds if not reviews.get((part, kind))]
    if missing:
        raise DataError(
            f"no reviews in {' and '.join(missing)}", place=Place(str(path)), allowed="train and test with pos and neg"
        )
    # Sorted by number: an archive and a folder come in different orders, and rows must be the same.
    rows = [(kind, *review) for kind in kinds for review in sorted(reviews[part, kind])]
    # Groups are worth nothing if some rows have none: all of their films, or no groups.
    have_films = all((part, kind) in films for kind in kinds)
    return TextTable(
        texts=[text for _, _, _, text in rows],
        labels=None if kinds == ("unsup",) else [KINDS[kind] for kind, _, _, _ in rows],
        groups=[films[part, kind].get(number, "") for kind, number, _, _ in rows] if have_films else None,
        lines=[0] * len(rows),
        ids=[stem for _, _, stem, _ in rows],
    )
