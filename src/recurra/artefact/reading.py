"""Read what is not trusted: regular files of one folder, bounded; their SHA-256 sums; JSON in one strict dialect.

Not here: what the values mean. Nothing is mapped (a file that shrinks would kill the process); the folder is held open,
so that a folder switched meanwhile cannot be read half old, half new.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

from recurra.artefact.foreign import refuse_suffix
from recurra.artefact.writing import parked
from recurra.errors import ArtefactError, Place, UsageError
from recurra.records import Frozen, validated

_Record = TypeVar("_Record", bound=Frozen)

MOST_NAMES = 1000
"""Files in a folder that are looked at, at most."""

AGAIN = "copy it again from where it was made, or train and save it again"
"""What to do about anything damaged."""

MANIFEST = "SHA256SUMS"
"""One line per file, `<64 hexadecimal digits>  <name>`, as the tool sha256sum writes and checks it. It finds damage,
not malice: whoever can change a file can change its sum."""

LARGEST_MANIFEST, LARGEST_RECORD = 4096, 64 * 1024 * 1024
"""Bytes of a manifest and of a record that is read at once, at most."""

# A plain name: no separator, no leading dot, so that a line can name nothing outside the folder.
LINE = re.compile(rb"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._-]{0,63})")

DEPTH = 32
"""Lists and objects inside each other, at most."""

BITS = 128
"""Bits of an integer, at most: the state of a random generator (PCG64) just fits."""


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
        names: list[str] = []
        # By descriptor, not by path: the folder that was opened, even when another has taken its name.
        with os.scandir(self.descriptor) as entries:
            for entry in entries:
                names.append(entry.name)
                # Before the whole list is made: a folder of millions of names would fill the memory.
                if len(names) > MOST_NAMES:
                    raise ArtefactError("holds too many files", place=Place(str(self.path)), advice=AGAIN)
        return sorted(names)

    def replaced(self) -> bool:
        """Whether another folder has taken this one's path since it was opened."""
        try:
            # Device and inode tell folders apart; the descriptor keeps the old one alive, so that its inode is not used
            # again.
            return not os.path.samestat(os.lstat(self.path), os.fstat(self.descriptor))
        except OSError:
            return False

    def read(self, name: str, *, largest: int) -> bytearray:
        """Read a regular file of at most `largest` bytes whole. Raises ArtefactError."""
        try:
            # Asked before opening too: opening a device or a FIFO can already do something.
            _check_regular(os.stat(name, dir_fd=self.descriptor, follow_symlinks=False), self.place(name))
            # O_NOFOLLOW and O_NONBLOCK close the gap between asking and opening: a link or a FIFO put there meanwhile
            # is not followed and does not block.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with os.fdopen(os.open(name, flags, dir_fd=self.descriptor), "rb", buffering=0) as file:
                # Asked once more, now of the open file, which nobody can exchange any longer.
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

    @cached_property
    def sums(self) -> dict[str, str]:
        """The manifest as name -> digest. Raises ArtefactError for anything but plain names and full lines."""
        data = self.read(MANIFEST, largest=LARGEST_MANIFEST)
        sums: dict[str, str] = {}
        # The last piece is what follows the last line feed: nothing, or a line that was cut short.
        for number, line in enumerate(data.split(b"\n")[:-1], 1):
            match = LINE.fullmatch(line)
            # A repeated name could have one sum checked and another believed.
            if not match or match[2].decode() in sums:
                wrong = "a repeated name" if match else "not `<sha256>  <plain name>`"
                found = repr(bytes(line[:100]))
                raise ArtefactError(f"line {number} is {wrong}", place=self.place(MANIFEST), found=found, advice=AGAIN)
            sums[match[2].decode()] = match[1].decode()
        if not sums or not data.endswith(b"\n"):
            raise ArtefactError("the manifest is cut short", place=self.place(MANIFEST), advice=AGAIN)
        return sums

    def verified(self, name: str, *, largest: int) -> bytearray:
        """Read a file and check its sum; the very bytes that were hashed are returned. Raises ArtefactError."""
        if name not in self.sums:
            raise ArtefactError(f"{name} is not in the manifest", place=self.place(MANIFEST), advice=AGAIN)
        data = self.read(name, largest=largest)
        # Summed in memory: reading again to sum could see other bytes than those that are used.
        if hashlib.sha256(data).hexdigest() != self.sums[name]:
            raise ArtefactError("the file is damaged: its SHA-256 differs", place=self.place(name), advice=AGAIN)
        return data


def open_folder(path: Path, *, follow: bool = False) -> OpenFolder:
    """Open a folder for reading; a link to one is refused unless `follow`. Raises ArtefactError."""
    try:
        # Asked before opening, for the sake of the message: a link, a file and a pickle are each told as such.
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
    # A bytearray, because arrays share its memory: weights of a gigabyte are not copied again.
    data = bytearray(size)
    window = memoryview(data)
    filled = 0
    # One read may bring less than was asked for, above 2 GiB always.
    while filled < size and (count := file.readinto(window[filled:])):
        filled += count
    # The file grew or shrank between measuring and reading: neither size was judged.
    if filled < size or file.read(1):
        raise ArtefactError("the file changed while it was read", place=place, advice="try again")
    return data


def _advice_for_missing(path: Path) -> str:
    if path.name and parked(path).is_dir():
        return f"an interrupted save left the previous one at {parked(path)}: rename it back"
    return "check the path"


def manifest_of(files: Mapping[str, bytes]) -> bytes:
    """Write the manifest of some files, sorted by name."""
    return b"".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n".encode() for name in sorted(files))


def parse_record(data: bytes, kind: type[_Record], *, file: str, called: str) -> _Record:
    """Parse bytes as a checked record, which the message calls so; raises ArtefactError, also for more than 64 MiB."""
    if len(data) > LARGEST_RECORD:
        raise ArtefactError("too large", place=Place(file), found=f"{len(data)} bytes", allowed=f"{LARGEST_RECORD}")
    try:
        return validated(kind, parse_json(data, file=file))
    except UsageError as problem:
        raise ArtefactError(f"{called}: {problem}", place=Place(file)) from None


def parse_json(data: bytes | bytearray, *, file: str) -> Any:
    """Parse bytes as strict JSON; `file` is what the message names. Raises ArtefactError."""
    try:
        # Python's parser takes NaN, repeated keys and any depth; each hook closes one of these doors.
        value = json.loads(str(data, "utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant)
        _check_levels(value)
    except json.JSONDecodeError as problem:
        raise _json_error(Place(file, problem.lineno, problem.colno), f"not JSON: {problem.msg}") from None
    except UnicodeDecodeError as problem:
        raise _json_error(Place(file), f"not UTF-8 at byte {problem.start}") from None
    except RecursionError:
        raise _json_error(Place(file), f"JSON nested deeper than {DEPTH} levels") from None
    except ValueError as problem:
        raise _json_error(Place(file), f"JSON refused: {problem}") from None
    return value


def json_bytes(value: Any, *, file: str) -> bytes:
    """Write plain JSON as sorted, indented UTF-8 with a final newline.

    Raises ArtefactError for what would not read back the same: tuples, keys that are not texts, NumPy arrays and NaN
    are refused, not converted.
    """
    try:
        # Sorted keys make the bytes a function of the value: the same model, the same checksum.
        data = json.dumps(value, allow_nan=False, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as problem:
        raise _json_error(Place(file), f"cannot be written as JSON: {problem}") from None
    # Tuples would come back as lists and numbers as keys as texts: who saves must know what is loaded.
    if parse_json(data, file=file) != value:
        raise _json_error(Place(file), "holds values that JSON would change, such as tuples or keys that are not texts")
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    # A dict keeps the last of repeated keys; another reader may keep the first, and see another model.
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in members if names.count(name) > 1)
        raise ValueError(f"the key {repeated[:60]!r} appears twice")
    return members


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _check_levels(value: Any) -> None:
    """Walk the levels one by one, not by recursion, so that depth cannot exhaust the stack."""
    level = [value]
    # One round a level, each with all values of that level side by side.
    for _ in range(DEPTH + 1):
        if not level:
            return
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += item.keys()
                below += item.values()
            elif isinstance(item, list):
                # A vocabulary is a list of ten thousand texts: of plain ones the first stands for all.
                plain = set(map(type, item)) == {str}
                below += [*item[:1], *(each for each in item if not each.isascii())] if plain else item
            else:
                _check_plain(item)
        level = below
    raise ValueError(f"nested deeper than {DEPTH} levels")


def _check_plain(item: Any) -> None:
    if isinstance(item, str):
        # Half of a surrogate pair (\ud800) is JSON to Python, but no text that can be written.
        if not item.isascii():
            _check_text(item)
    # 1e999 is JSON, and reads as infinity.
    elif isinstance(item, float):
        if not math.isfinite(item):
            raise ValueError("a number beyond the range of float64")
    # Without a bound, a number of a million digits takes minutes to turn into text.
    elif isinstance(item, int) and item.bit_length() > BITS:
        raise ValueError(f"an integer of more than {BITS} bits")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair") from None


def _json_error(place: Place, wrong: str) -> ArtefactError:
    return ArtefactError(wrong, place=place, advice="save the model again with Recurra")
