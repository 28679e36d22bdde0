"""The data sets Recurra knows by name: what they are, and where on this machine they lie.

Not here: downloading (download.py), reading them, and what is told of each (sets.toml).
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from recurra.datasets.columns import did_you_mean
from recurra.errors import UsageError


@dataclass(frozen=True)
class PublicFile:
    """A file as its publisher offers it, with what proves that it came over whole."""

    name: str
    url: str
    algorithm: str = ""
    """The checksum's name in hashlib; empty where the publisher gives none and only the size is compared."""
    checksum: str = ""
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
    """What `fetch` downloads; empty where the set travels with the package."""


def _set(name: str, record: dict[str, Any]) -> KnownSet:
    public = tuple(PublicFile(**file) for file in record.pop("files", ()))
    return KnownSet(name=name, places=tuple(record.pop("places")), files=public, **record)


_TOLD = tomllib.loads(files(__package__).joinpath("sets.toml").read_text("utf-8"))
SETS = {name: _set(name, record) for name, record in _TOLD.items()}
"""Every known data set by name."""


def known_set(name: str) -> KnownSet:
    """Return what is known about a data set: rows, classes, lengths, licence, source.

    Raises UsageError for a name that is not known.
    """
    if name not in SETS:
        raise UsageError(f"unknown data set {name!r}{did_you_mean(name, list(SETS))}", allowed=", ".join(SETS))
    return SETS[name]


def find(name: str) -> Path | None:
    """Return where a known data set lies on this machine: the RECURRA_DATA folder first, then the cache; else None."""
    known = known_set(name)
    # The user's own folder goes before the cache.
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
