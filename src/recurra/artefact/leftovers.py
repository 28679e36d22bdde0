"""Names for what is still being written, and the removal of what a process that died has left behind.

Not here: the writing itself. A name tells the machine and the process, so that nobody removes another's work.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from pathlib import Path

NAME = re.compile(r"\.recurra-([0-9a-f]{8})-(\d{1,10})-[0-9a-f]{8}")

FORGOTTEN = 24 * 3600
"""Seconds after which another machine's leftovers are taken for dead."""


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
    match = NAME.fullmatch(entry.name)
    if not match:
        return False
    if match[1] == _machine():
        return not _is_alive(int(match[2]))
    # Another machine of a shared disk: its processes cannot be asked, so only age tells.
    try:
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > FORGOTTEN
    except OSError:
        return False


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    except OverflowError:
        return False
    return True


def _machine() -> str:
    return hashlib.sha256(os.uname().nodename.encode()).hexdigest()[:8]
