"""WikiText-2 as it is published: three files of tokenised text.

Not here: turning lines into token ids (text.py) and line ends into <eos>.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from recurra.datasets.known.sets import find
from recurra.errors import DataError, Place


class WikiText2(NamedTuple):
    """The three official parts, each one text: tokens apart by spaces; each line end stands for one <eos>."""

    train: str
    valid: str
    test: str


def load_wikitext2(folder: str | Path | None = None) -> WikiText2:
    """Read the three parts from `folder`, or from where `find` sees them.

    File names: `wiki.train.tokens` or `train.txt`, likewise for valid and test. Raises DataError when one is missing.
    """
    place = Path(folder) if folder is not None else find("wikitext-2")
    if place is None:
        raise DataError(
            "wikitext-2 is not on this machine", advice="run `recurra data get wikitext-2` or set RECURRA_DATA"
        )
    return WikiText2(*(_part(place, part) for part in ("train", "valid", "test")))


def _part(folder: Path, part: str) -> str:
    for name in (f"wiki.{part}.tokens", f"{part}.txt"):
        if (folder / name).is_file():
            try:
                return (folder / name).read_bytes().decode("utf-8")
            except UnicodeDecodeError as problem:
                raise DataError(
                    f"not UTF-8 at byte {problem.start}", place=Place(str(folder / name)), advice="fetch the file again"
                ) from None
    raise DataError(f"wiki.{part}.tokens is missing", place=Place(str(folder)))
