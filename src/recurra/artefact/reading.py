"""Read the files of one folder that is not trusted: regular files only, size first, bounded, into memory.

Not here: parsing. Nothing is mapped (a file that shrinks would kill the process); the folder is held open, so that a
folder switched meanwhile cannot be read half old, half new.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from recurra.artefact.foreign import refuse_suffix
from recurra.artefact.leftovers import parked
from recurra.errors import ArtefactError, Place

MOST_NAMES = 1000
"""Files in a folder that are looked at, at most."""

AGAIN = "copy it again from where it was made, or train and save it again"
"""What to do about anything damaged."""


@dataclass(frozen=True)
class OpenFolder:
    """A folder held open by its descriptor; use it in a `with` statement."""

    path: Path
    descriptor: int

    def __enter__(self) -> Self:
        """Nothing to do: it is open."""
        return self

    def __exit__(self, *problem: object) -> None:
        """Let the folder go."""
        os.close(self.descriptor)

    def place(self, name: str) -> Place:
        """The place of one of the folder's files, for messages."""
        return Place(str(self.path / name))

    def names(self) -> list[str]:
        """The names in the folder, sorted."""
        found: list[str] = []
        with os.scandir(self.descriptor) as entries:
            for entry in entries:
                found.append(entry.name)
                if len(found) > MOST_NAMES:
                    raise ArtefactError("holds too many files", place=Place(str(self.path)), advice=AGAIN)
        return sorted(found)

    def replaced(self) -> bool:
        """Whether another folder has taken this one's path since it was opened."""
        try:
            return not os.path.samestat(os.lstat(self.path), os.fstat(self.descriptor))
        except OSError:
            return False

    def read(self, name: str, *, largest: int) -> bytearray:
        """Read a regular file of at most `largest` bytes whole. Raises ArtefactError."""
        try:
            # Asked before opening too: opening a device or a FIFO can already do something.
            _check_regular(os.stat(name, dir_fd=self.descriptor, follow_symlinks=False), self.place(name))
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with os.fdopen(os.open(name, flags, dir_fd=self.descriptor), "rb", buffering=0) as file:
                size = _check_regular(os.fstat(file.fileno()), self.place(name))
                if size > largest:
                    raise ArtefactError(
                        "the file is too large", place=self.place(name), found=f"{size:,} bytes",
                        allowed=f"{largest:,}", advice=AGAIN,
                    )  # fmt: skip
                return _read_exactly(file, size, self.place(name))
        except FileNotFoundError:
            raise ArtefactError("the file is missing", place=self.place(name), advice=AGAIN) from None
        except OSError as problem:
            raise ArtefactError(f"cannot be read: {problem.strerror}", place=self.place(name)) from None


def open_folder(path: Path, *, follow: bool = False) -> OpenFolder:
    """Open a folder for reading; a link to one is refused unless `follow`. Raises ArtefactError."""
    try:
        _check_folder(Path(path).stat(follow_symlinks=follow), path)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
        return OpenFolder(path, os.open(path, flags))
    except FileNotFoundError:
        raise ArtefactError("no such folder", place=Place(str(path)), advice=_advice_for_missing(path)) from None
    except ValueError:
        raise ArtefactError("not a path: it holds a NUL character", place=Place(str(path))) from None
    except OSError as problem:
        raise ArtefactError(f"cannot be opened: {problem.strerror}", place=Place(str(path))) from None


def _check_folder(facts: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(facts.st_mode):
        return
    refuse_suffix(path)
    kind = "a link" if stat.S_ISLNK(facts.st_mode) else "not a folder"
    raise ArtefactError(f"this is {kind}", place=Place(str(path)), allowed="the folder of an artefact or a run")


def _check_regular(facts: os.stat_result, place: Place) -> int:
    if not stat.S_ISREG(facts.st_mode):
        raise ArtefactError("not a regular file", place=place, allowed="no links, pipes or devices", advice=AGAIN)
    return facts.st_size


def _read_exactly(file: Any, size: int, place: Place) -> bytearray:
    """Read `size` bytes and see that the file ends there, so that what is judged is what was measured."""
    data = bytearray(size)
    window = memoryview(data)
    filled = 0
    while filled < size and (count := file.readinto(window[filled:])):
        filled += count
    if filled < size or file.read(1):
        raise ArtefactError("the file changed while it was read", place=place, advice="try again")
    return data


def _advice_for_missing(path: Path) -> str:
    if path.name and parked(path).is_dir():
        return f"an interrupted save left the previous one at {parked(path)}: rename it back"
    return "check the path"
