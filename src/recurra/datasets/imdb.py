"""The IMDB reviews (Maas et al. 2011) from Parquet files, the published archive or its folder, as clean tables.

Not here: looking for the files (known.py), reading folders and archives (folders.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recurra.datasets.known import find
from recurra.datasets.records import TextTable
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
    parts = _from_parquet(place, unlabelled) if place.suffix == ".parquet" else _from_archive(place, unlabelled)
    test_texts = set(parts["test"].texts)
    train, dropped = _without(parts["train"], test_texts)
    rest, dropped_rest = _without(parts["unsup"], test_texts) if unlabelled else (None, 0)
    return Imdb(train=train, test=parts["test"], unlabelled=rest, dropped=dropped + dropped_rest, source=str(place))


def _from_parquet(place: Path, unlabelled: bool) -> dict[str, TextTable]:
    """Read the Parquet form: columns text, label (0, 1, -1 without), split, id, movie."""
    import pyarrow.parquet as parquet

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


def _from_archive(place: Path, unlabelled: bool) -> dict[str, TextTable]:
    from recurra.datasets.folders import read_imdb_folder

    return read_imdb_folder(place, unlabelled=unlabelled)


def _without(table: TextTable, texts: set[str]) -> tuple[TextTable, int]:
    """Leave out the rows whose text is among `texts`; return what is left and how many went."""
    keep = [row for row, text in enumerate(table.texts) if text not in texts]
    dropped = len(table) - len(keep)
    warning = [f"{dropped} rows dropped: their text stands in the test part too"] if dropped else []
    return (
        TextTable(
            texts=[table.texts[row] for row in keep],
            labels=None if table.labels is None else [table.labels[row] for row in keep],
            groups=None if table.groups is None else [table.groups[row] for row in keep],
            lines=[table.lines[row] for row in keep],
            rejects=table.rejects,
            warnings=table.warnings + warning,
            ids=None if table.ids is None else [table.ids[row] for row in keep],
        ),
        dropped,
    )
