"""Read the regular files of a tar as a stream, without unpacking anything to disk.

Not here: gzip, and what the files mean. Plain headers (ustar) only: links, devices, `..`, absolute and colliding names,
long-name records and damaged headers are refused; tarfile would follow and allocate what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from recurra.errors import DataError, Place

BLOCK = 512
MOST_MEMBERS = 500_000
LARGEST_MEMBER = 64 << 20
LARGEST_SKIPPED = 1 << 30
LARGEST_NOTES = 1 << 20


def read_tar(chunks: Iterator[bytes], *, keep: Callable[[str], bool], place: Place) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of the regular files whose name `keep` wants; the others are passed over.

    Raises DataError for anything that is no plain file or folder, and for a tar that ends early.
    """
    stream = _Stream(chunks, place)
    seen: set[str] = set()
    # A block of zeros ends the archive; what stands behind it is padding.
    while (header := stream.take(BLOCK, last=True)) and header.strip(b"\0"):
        name, size, kind = _header(header, place)
        # Records about the next member: times and owners are passed over, names and sizes refused.
        if kind in b"xg":
            _check_notes(stream.take_padded(_limited(size, LARGEST_NOTES, name, place)), place)
            continue
        _check_member(name, kind, place)
        if kind == b"5":
            continue
        _check_new(name, seen, place)
        if keep(name):
            yield name, stream.take_padded(_limited(size, LARGEST_MEMBER, name, place))
        else:
            stream.skip_padded(_limited(size, LARGEST_SKIPPED, name, place))


class _Stream:
    """Takes exact numbers of bytes out of pieces of any size."""

    def __init__(self, chunks: Iterator[bytes], place: Place) -> None:
        self._chunks, self._place = chunks, place
        self._buffer, self._at = b"", 0

    def take(self, size: int, *, last: bool = False) -> bytes:
        """Return the next `size` bytes; nothing only at the very end of the stream, where `last` allows it."""
        while len(self._buffer) - self._at < size:
            following = next(self._chunks, b"")
            if not following:
                if last and self._at == len(self._buffer):
                    return b""
                raise DataError("the archive ends early", place=self._place, advice="fetch the file again")
            # What was taken already is dropped here, so that the buffer never grows beyond a member.
            self._buffer, self._at = self._buffer[self._at :] + following, 0
        self._at += size
        return self._buffer[self._at - size : self._at]

    def take_padded(self, size: int) -> bytes:
        """Return the `size` bytes of a file and pass over the padding to a whole block."""
        # Members begin at whole blocks: the size is rounded up.
        return self.take(-(-size // BLOCK) * BLOCK)[:size]

    def skip_padded(self, size: int) -> None:
        """Pass over a file without holding it."""
        left = -(-size // BLOCK) * BLOCK
        while left:
            step = min(left, 1 << 20)
            self.take(step)
            left -= step


def _header(header: bytes, place: Place) -> tuple[str, int, bytes]:
    try:
        # Numbers are written in octal digits, with spaces or zero bytes around them.
        due = int(header[148:156].strip(b" \0") or b"0", 8)
        size = int(header[124:136].strip(b" \0") or b"0", 8)
        # A star header keeps times where a ustar header keeps the prefix.
        prefix = header[345:500].split(b"\0")[0].decode() if header[257:263] == b"ustar\0" else ""
        name = header[:100].split(b"\0")[0].decode()
    except ValueError:
        raise DataError("damaged archive: unreadable member header", place=place) from None
    # The checksum is taken with its own eight bytes as spaces.
    if sum(header[:148]) + sum(header[156:]) + 8 * ord(" ") != due or size < 0:
        raise DataError("damaged archive: wrong header checksum", place=place, advice="fetch the file again")
    return (f"{prefix}/{name}" if prefix else name), size, header[156:157].replace(b"\0", b"0")


def _check_member(name: str, kind: bytes, place: Place) -> None:
    if kind not in b"05":
        kinds = {b"1": "a hard link", b"2": "a symbolic link", b"3": "a device", b"4": "a device", b"6": "a FIFO"}
        found = kinds.get(kind, "a record of another kind")
        raise DataError(f"archive member {name!r}", place=place, found=found, allowed="plain files and folders")
    if name.startswith("/") or ".." in name.split("/") or "\\" in name or ":" in name:
        raise DataError("archive member with an unsafe name", place=place, found=repr(name))


def _check_new(name: str, seen: set[str], place: Place) -> None:
    # On disks that know no case, two such names would be one file.
    if name.casefold() in seen:
        raise DataError("archive with the same name twice", place=place, found=repr(name))
    seen.add(name.casefold())
    if len(seen) > MOST_MEMBERS:
        raise DataError("archive with too many members", place=place, allowed=f"{MOST_MEMBERS:,}")


def _check_notes(notes: bytes, place: Place) -> None:
    """Extended headers may carry times; those that would change a name or size are refused."""
    if any(word in notes for word in (b" path=", b" linkpath=", b" size=", b" GNU.sparse")):
        raise DataError("archive with extended names or sizes", place=place, allowed="plain ustar headers")


def _limited(size: int, limit: int, name: str, place: Place) -> int:
    if size > limit:
        raise DataError(f"archive member {name!r} is too large: {size:,} bytes", place=place, allowed=f"{limit:,}")
    return size
