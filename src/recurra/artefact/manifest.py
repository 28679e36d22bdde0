"""SHA256SUMS: one line per file, `<64 hexadecimal digits>  <name>`, as the tool sha256sum writes and checks it.

Not here: signatures. Whoever can change a file can change its sum; the manifest finds damage, not malice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from recurra.artefact.reading import AGAIN, OpenFolder
from recurra.errors import ArtefactError

NAME = "SHA256SUMS"

LARGEST = 4096
"""Bytes of a manifest, at most."""

LINE = re.compile(rb"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._-]{0,63})")


def compose(files: Mapping[str, bytes]) -> bytes:
    """Write the manifest of some files, sorted by name."""
    return b"".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n".encode() for name in sorted(files))


def read_manifest(folder: OpenFolder) -> dict[str, str]:
    """Read a folder's manifest as name -> digest. Raises ArtefactError for anything but plain names and full lines."""
    data = folder.read(NAME, largest=LARGEST)
    sums: dict[str, str] = {}
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        match = LINE.fullmatch(line)
        if not match or match[2].decode() in sums:
            wrong = f"line {number} is a repeated name" if match else f"line {number} is not `<sha256>  <plain name>`"
            raise ArtefactError(wrong, place=folder.place(NAME), found=repr(bytes(line[:100])), advice=AGAIN)
        sums[match[2].decode()] = match[1].decode()
    if not sums or not data.endswith(b"\n"):
        raise ArtefactError("the manifest is cut short", place=folder.place(NAME), advice=AGAIN)
    return sums


def read_verified(folder: OpenFolder, name: str, *, sums: Mapping[str, str], largest: int) -> bytearray:
    """Read a file and check its sum; the very bytes that were hashed are returned. Raises ArtefactError."""
    if name not in sums:
        raise ArtefactError(f"{name} is not in the manifest", place=folder.place(NAME), advice=AGAIN)
    data = folder.read(name, largest=largest)
    if hashlib.sha256(data).hexdigest() != sums[name]:
        raise ArtefactError("the file is damaged: its SHA-256 differs", place=folder.place(name), advice=AGAIN)
    return data
