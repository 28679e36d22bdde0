"""Fetch the known data sets in their public form: checked, resumable, and clear about what to do without a network.

Not here: where the sets lie (sets.py). Nothing is fetched unless `fetch` is called.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

from recurra.datasets.known.sets import PublicFile, cache_folder, find, known_set
from recurra.errors import DataError, Place

FetchProgress = Callable[[str, int, int], None]
"""Called with (file name, bytes here, bytes in all or 0)."""

CHUNK = 1 << 18
ATTEMPTS = 3
LARGEST = 8 << 30


def fetch(name: str, *, progress: FetchProgress | None = None, timeout: float = 30.0) -> Path | None:
    """Return where a known data set lies, after fetching it into the cache folder if it is nowhere on this machine.

    None for a set that travels with the package. Raises DataError without a network or for a wrong checksum.
    """
    known = known_set(name)
    if (here := find(name)) is not None:
        return here
    for file in known.files:
        download(file, cache_folder(), progress=progress, timeout=timeout)
    return find(name)


def download(file: PublicFile, folder: Path, *, progress: FetchProgress | None = None, timeout: float = 30.0) -> Path:
    """Fetch one file into `folder / file.name` and return that path; what an earlier try left is gone on with.

    The bytes gather in a `.part` file, which takes the final name only when size and checksum are right.
    """
    goal = folder / file.name
    if goal.exists():
        return goal
    # urllib would also open file: and ftp: addresses.
    if urllib.parse.urlsplit(file.url).scheme not in ("http", "https"):
        raise DataError("only http and https are fetched from", found=file.url)
    # A file under its final name is always whole: what is half there has another name.
    part = goal.with_name(goal.name + ".part")
    _make_folder(goal.parent)
    for attempt in range(ATTEMPTS):
        try:
            _fetch(file, part, progress, timeout)
            break
        except (OSError, http.client.HTTPException) as problem:
            if attempt + 1 == ATTEMPTS or _final(problem):
                raise _unreachable(file, goal, part, problem) from None
    _check(file, part)
    part.replace(goal)
    return goal


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise DataError(f"the folder cannot be made: {problem.strerror}", place=Place(str(folder))) from None


def _fetch(file: PublicFile, part: Path, progress: FetchProgress | None, timeout: float) -> None:
    """Ask for what is still missing and append it; a server that ignores the range makes it start over."""
    have = part.stat().st_size if part.exists() else 0
    if file.size and have >= file.size:
        return
    # Without "identity" a server may pack the file, and the checksum is that of the bytes unpacked.
    request = urllib.request.Request(file.url, headers={"User-Agent": "recurra", "Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            # A server may ignore the range and send the file from its beginning; then what is here is overwritten.
            goes_on = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            _store(answer, file, part, have if goes_on else 0, progress)
    except urllib.error.HTTPError as problem:
        problem.close()
        # 416: nothing lies behind what is here already; the checksum decides.
        if problem.code != 416:
            raise


def _store(
    answer: http.client.HTTPResponse, file: PublicFile, part: Path, have: int, progress: FetchProgress | None
) -> None:
    told = answer.headers.get("Content-Length", "")
    total = have + int(told) if told.isascii() and told.isdecimal() else 0
    # A server that never stops would fill the disk.
    limit = file.size or LARGEST
    with part.open("ab" if have else "wb") as stream:
        while chunk := answer.read(CHUNK):
            have += len(chunk)
            if have > limit:
                raise DataError(f"{file.url} sends more than its {limit:,} bytes", place=Place(str(part)))
            stream.write(chunk)
            if progress is not None:
                progress(file.name, have, total or file.size)
        stream.flush()
        # The part may become the final file at once, and must not be lost with the power.
        os.fsync(stream.fileno())
    # A connection that breaks ends like a file that is whole; only the count tells.
    if total and have < total:
        raise http.client.IncompleteRead(b"", total - have)


def _check(file: PublicFile, part: Path) -> None:
    """Compare size and checksum; wrong bytes are removed, so that the next try starts afresh."""
    size = part.stat().st_size
    if file.size and size != file.size:
        part.unlink()
        raise DataError(
            f"{file.url} gave another size", found=f"{size:,} bytes", allowed=f"{file.size:,}", advice="try again"
        )
    if not file.algorithm:
        return
    digest = hashlib.new(file.algorithm, usedforsecurity=False)
    with part.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    if digest.hexdigest() != file.checksum:
        part.unlink()
        raise DataError(
            f"{file.url} gave other bytes than published",
            found=f"{file.algorithm} {digest.hexdigest()}",
            allowed=file.checksum,
            advice="try again, or bring the file by hand",
        )


def _final(problem: Exception) -> bool:
    """A refusal stays a refusal; only broken connections are worth another try."""
    return isinstance(problem, urllib.error.HTTPError) and problem.code < 500


def _unreachable(file: PublicFile, goal: Path, part: Path, problem: Exception) -> DataError:
    host = urllib.parse.urlsplit(file.url).netloc
    have = part.stat().st_size if part.exists() else 0
    if isinstance(problem, urllib.error.HTTPError):
        wrong = f"{file.url} answers {problem.code}"
    elif isinstance(problem, OSError) and not isinstance(problem, urllib.error.URLError) and problem.filename:
        wrong = f"cannot write {problem.filename}: {problem.strerror}"
    else:
        wrong = f"cannot reach {host}: {getattr(problem, 'reason', problem)}"
    kept = f"{have:,} bytes are here and will be gone on with" if have else ""
    return DataError(wrong, found=kept, advice=f"bring the file to {goal} by hand")
