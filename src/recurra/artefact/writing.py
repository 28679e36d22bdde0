"""Put files and whole folders on the disc so that a reader, or a crash, sees the old or the new, never a mix.

Not here: what is inside. Everything is written beside, under a name that tells the machine and the process, flushed to
the disc, and switched by one rename; what a process that died has left behind is removed by the next.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from recurra.errors import Place, RecurraError

# Hidden, and marked as ours: machine, process, random part.
TEMPORARY = re.compile(r"\.recurra-([0-9a-f]{8})-(\d{1,10})-[0-9a-f]{8}")

FORGOTTEN = 24 * 3600
"""Seconds after which another machine's leftovers are taken for dead."""


def write_atomically(path: Path, data: bytes | str | Callable[[BinaryIO], object]) -> None:
    """Write one file (texts as UTF-8), replacing an older one in a single step; parents are made.

    A function is given the open file, and writes part by part what is too large to be held as a whole. Raises
    RecurraError with the path when the disc refuses, or when `path` is a folder, a link or a device.
    """
    target = _absolute(path)
    with disc_errors(target):
        # The new file takes the rights of the one it replaces; chmod by hand would be lost else.
        mode = _mode_of_file(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        # What earlier processes left when they died goes first: it may be what fills the disc.
        clean(target.parent)
        temporary = target.with_name(temporary_name())
        try:
            _write_file(temporary, data.encode() if isinstance(data, str) else data)
            if mode is not None:
                temporary.chmod(mode)
            temporary.replace(target)
        except BaseException:
            remove(temporary)
            raise
        # The rename itself is only in the folder, whose own pages must reach the disc too.
        _flush_folder(target.parent)


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder of files, replacing an older folder in a single step; parents are made.

    The caller has checked that the older folder may go. Raises RecurraError with the path when the disc refuses.
    """
    target = _absolute(path)
    with disc_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        clean(target.parent)
        temporary = target.with_name(temporary_name())
        try:
            temporary.mkdir()
            for name, data in files.items():
                _write_file(temporary / name, data)
            # Names before the switch: else a crash could show a folder whose files have no entries yet.
            _flush_folder(temporary)
            _switch(temporary, target)
            _flush_folder(target.parent)
        finally:
            # Now the older folder's place, or the new one's when something went wrong.
            remove(temporary)


@contextmanager
def disc_errors(path: Path) -> Iterator[None]:
    """Turn what the system says about a path into one line; the old state stands, for nothing was switched."""
    advice = "what stood there before is untouched; free some space, or choose another place"
    try:
        yield
    except OSError as problem:
        raise RecurraError(f"cannot be written: {problem.strerror}", place=Place(str(path)), advice=advice) from None
    except UnicodeEncodeError as problem:
        wrong = f"cannot be written: half of a surrogate pair at character {problem.start}"
        raise RecurraError(wrong, place=Place(str(path)), advice="remove that character") from None
    except ValueError as problem:
        raise RecurraError(f"cannot be written: {problem}", place=Place(str(path)), advice="mend the path") from None


def _absolute(path: Path) -> Path:
    """The path from the root, without following a link in its last part as `resolve` would."""
    # Absolute now: the working folder may change while threads write.
    return Path(os.path.abspath(path))  # noqa: PTH100


def _mode_of_file(target: Path) -> int | None:
    """The rights of the file to be replaced; None when there is none."""
    try:
        facts = os.lstat(target)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(facts.st_mode):
        # Replacing a device or a link by a file would surprise; `disc_errors` makes one line of it.
        raise OSError(errno.EINVAL, "there is something that is not a regular file")
    return stat.S_IMODE(facts.st_mode)


def _write_file(path: Path, data: bytes | Callable[[BinaryIO], object]) -> None:
    # "x" fails where something stands there already: the name is random, so that would be an attack.
    if not isinstance(data, bytes):
        with path.open("xb") as parts:
            data(parts)
            parts.flush()
            os.fsync(parts.fileno())
        return
    with path.open("xb", buffering=0) as file:
        rest = memoryview(data)
        # A write may take only a part, above 2 GiB always.
        while rest:
            rest = rest[file.write(rest) :]
        # Without it a crash after the rename may leave an empty file under the new name.
        os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _switch(new: Path, target: Path) -> None:
    """Rename `new` to `target`; an older folder there ends up under the name `new`, or is parked and removed."""
    try:
        # Works when nothing, or an empty folder, stands there.
        new.rename(target)
        return
    except OSError as problem:
        # A filled folder cannot be renamed over; anything else is the disc's refusal.
        if problem.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
    if not _exchange(new, target):
        _park_and_rename(new, target)


def _exchange(new: Path, target: Path) -> bool:
    """Let two folders change names in one step: Linux's renameat2; False where system or disc do not know it."""
    import ctypes

    try:
        # Python has no call for it; glibc has since 2.28.
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    # AT_FDCWD and RENAME_EXCHANGE of Linux' fcntl.h.
    current_folder, exchange = -100, 2
    if renameat2(current_folder, os.fsencode(new), current_folder, os.fsencode(target), exchange) == 0:
        return True
    number = ctypes.get_errno()
    # An old kernel, or a disc (NFS, some FUSE) that cannot exchange.
    if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number))


def _park_and_rename(new: Path, target: Path) -> None:
    """Two renames where one cannot do it. A crash between them leaves the old folder parked; loading tells where."""
    waiting = parked(target)
    remove(waiting)
    target.rename(waiting)
    try:
        new.rename(target)
    except BaseException:
        waiting.rename(target)
        raise
    _flush_folder(target.parent)
    remove(waiting)


def temporary_name() -> str:
    """A fresh hidden name: `.recurra-<machine>-<process>-<random>`."""
    return f".recurra-{_machine()}-{os.getpid()}-{secrets.token_hex(4)}"


def parked(path: Path) -> Path:
    """Where a folder waits while another takes its place in two renames; never cleaned away by itself."""
    return path.with_name(f".recurra-replaced-{path.name}")


def clean(parent: Path) -> None:
    """Remove what dead processes left in a folder; what cannot be removed stays, for it harms nobody."""
    try:
        with os.scandir(parent) as entries:
            dead = [entry.name for entry in entries if _is_dead(entry)]
    except OSError:
        return
    for name in dead:
        remove(parent / name)


def remove(path: Path) -> None:
    """Remove a file or a whole folder, as far as possible; a link is removed, not followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        try:
            path.unlink(missing_ok=True)
        except OSError:
            return


def _is_dead(entry: os.DirEntry[str]) -> bool:
    match = TEMPORARY.fullmatch(entry.name)
    if not match:
        return False
    # On this machine the process can be asked for.
    if match[1] == _machine():
        return not _is_alive(int(match[2]))
    # Another machine of a shared disk: its processes cannot be asked, so only age tells.
    try:
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > FORGOTTEN
    except OSError:
        return False


def _is_alive(process: int) -> bool:
    try:
        # Signal 0 asks whether the process is there and sends nothing.
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    # Ten digits may be more than a process number holds: nobody has it.
    except OverflowError:
        return False
    return True


def _machine() -> str:
    # A sum, because a machine's name may hold what a file name must not, and is nobody's business.
    return hashlib.sha256(os.uname().nodename.encode()).hexdigest()[:8]
