"""The data sets Recurra knows by name: what they are, and where on this machine they lie.

Not here: downloading (download.py) and reading them (imdb.py, wikitext.py, airline.py).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from recurra.datasets.columns import did_you_mean
from recurra.errors import UsageError


@dataclass(frozen=True)
class PublicFile:
    """A file as its publisher offers it, with what proves that it came over whole."""

    name: str
    url: str
    algorithm: str
    """The checksum's name in hashlib; empty where the publisher gives none and only the size is compared."""
    checksum: str
    size: int = 0
    """Bytes, where known."""


@dataclass(frozen=True)
class KnownSet:
    """What is told about a known data set."""

    name: str
    title: str
    task: str
    rows: str
    classes: str
    lengths: str
    licence: str
    source: str
    places: tuple[str, ...]
    """Paths below the data or cache folder where it is looked for, best first."""
    files: tuple[PublicFile, ...] = ()
    """What `get` downloads; empty where the set travels with the package."""


_WIKITEXT = "https://raw.githubusercontent.com/pytorch/examples/main/word_language_model/data/wikitext-2"

SETS: dict[str, KnownSet] = {
    "imdb": KnownSet(
        name="imdb",
        title="Large Movie Review Dataset v1.0 (Maas et al., ACL 2011)",
        task="text",
        rows="25,000 train, 25,000 test, 50,000 without label",
        classes="negative, positive (balanced)",
        lengths="about 230 words a review; the longest has about 2,500",
        licence="no formal licence; the authors ask to cite their paper; research use is customary",
        source="https://ai.stanford.edu/~amaas/data/sentiment/",
        places=(
            "imdb/imdb_labeled.parquet",
            "imdb/aclImdb_v1.tar.gz",
            "aclImdb_v1.tar.gz",
            "imdb/aclImdb",
            "aclImdb",
        ),
        files=(
            PublicFile(
                name="imdb/aclImdb_v1.tar.gz",
                url="https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
                algorithm="md5",
                checksum="7c2ac02c03563afcf9b574c7e56c153a",
                size=84_125_825,
            ),
        ),
    ),
    "glove": KnownSet(
        name="glove",
        title="GloVe 6B word vectors (Pennington, Socher, Manning, EMNLP 2014)",
        task="vectors",
        rows="400,000 words in 50, 100, 200 and 300 dimensions",
        classes="none",
        lengths="one word a line, most frequent first, lower case",
        licence="Public Domain Dedication and Licence 1.0",
        source="https://nlp.stanford.edu/projects/glove/",
        places=(
            "vectors/glove.6B.100d.txt",
            "vectors/glove.6B.zip",
            "glove.6B.100d.txt",
            "glove.6B.zip",
            "vectors/glove.6B.100d.compact.zip",
        ),
        files=(
            PublicFile(
                name="vectors/glove.6B.zip",
                url="https://nlp.stanford.edu/data/glove.6B.zip",
                algorithm="",
                checksum="",
                size=862_182_613,
            ),
        ),
    ),
    "wikitext-2": KnownSet(
        name="wikitext-2",
        title="WikiText-2 v1, tokenised (Merity et al., ICLR 2017)",
        task="language",
        rows="36,718 / 3,760 / 4,358 lines: train, valid, test",
        classes="none; vocabulary of 33,278 words with <unk> and <eos>",
        lengths="2,088,628 / 217,646 / 245,569 tokens with one <eos> a line",
        licence="CC BY-SA (text of Wikipedia)",
        source="https://github.com/pytorch/examples/tree/main/word_language_model/data/wikitext-2",
        places=("wikitext-2",),
        files=tuple(
            PublicFile(
                name=f"wikitext-2/wiki.{part}.tokens",
                url=f"{_WIKITEXT}/{part}.txt",
                algorithm="sha256",
                checksum=checksum,
                size=size,
            )
            for part, checksum, size in (
                ("train", "9e9fa1ad55b1c2c95b08e37dd8e653f638fac2c6de904b79e813611eefbc985f", 10_797_148),
                ("valid", "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8", 1_121_681),
                ("test", "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0", 1_256_449),
            )
        ),
    ),
    "airline": KnownSet(
        name="airline",
        title="International airline passengers (Box & Jenkins 1976, series G)",
        task="series",
        rows="144 months, 1949-01 to 1960-12",
        classes="none",
        lengths="one series of 144 values, season 12",
        licence="facts of public record; embedded in the package",
        source="Box & Jenkins, Time Series Analysis: Forecasting and Control, 1976",
        places=("series/small/airline-passengers.csv", "airline-passengers.csv"),
    ),
}
"""Every known data set by name."""


def describe(name: str) -> KnownSet:
    """Return what is known about a data set: rows, classes, lengths, licence, source.

    Raises UsageError for a name that is not known.
    """
    if name not in SETS:
        raise UsageError(f"unknown data set {name!r}{did_you_mean(name, list(SETS))}", allowed=", ".join(SETS))
    return SETS[name]


def find(name: str) -> Path | None:
    """Return where a known data set lies on this machine: the RECURRA_DATA folder first, then the cache; else None."""
    known = describe(name)
    for folder in folders():
        for place in known.places:
            if (folder / place).exists() and _whole(folder / place, known):
                return folder / place
    return None


def folders() -> list[Path]:
    """Return the folders that are looked through, in order: RECURRA_DATA where set, then the cache folder."""
    data = os.environ.get("RECURRA_DATA", "")
    return ([Path(data)] if data else []) + [cache_folder()]


def cache_folder() -> Path:
    """Return where downloads are kept: RECURRA_CACHE, else `~/.cache/recurra`."""
    cache = os.environ.get("RECURRA_CACHE", "")
    return Path(cache) if cache else Path.home() / ".cache" / "recurra"


def _whole(path: Path, known: KnownSet) -> bool:
    """A folder that a broken download left half filled does not count as found."""
    if not path.is_dir() or len(known.files) < 2:
        return True
    return all((path / Path(file.name).name).exists() for file in known.files)
