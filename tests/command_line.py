"""The `recurra` command for tests: in this process, where starting another would take too long, or in one of its own.

Not here: tests.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock


@dataclass(frozen=True)
class Done:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The one JSON object on stdout."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    def rows(self) -> list[Any]:
        """One JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def recurra(*arguments: object, stdin: bytes = b"") -> Done:
    """Run a command here, from its arguments to its exit code, through the same `run` as the installed one."""
    from recurra.__main__ import main as run

    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    before = signal.getsignal(signal.SIGTERM)
    given = ["recurra", *map(str, arguments)]
    with mock.patch.multiple(
        sys, argv=given, stdout=out, stderr=err, stdin=io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
    ):
        try:
            run()
        except SystemExit as left:
            code = left.code
        finally:
            signal.signal(signal.SIGTERM, before)
    assert isinstance(code, int)
    return Done(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))


def environment(**more: str) -> dict[str, str]:
    """A process's environment: one thread, no data of this machine."""
    return os.environ | {"OMP_NUM_THREADS": "1", "RECURRA_DATA": "", "PYTHONUNBUFFERED": "", **more}


def process(*arguments: object, stdin: bytes = b"", cwd: Path | None = None, **more: str) -> Done:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "recurra", *map(str, arguments)]
    done = subprocess.run(
        command, input=stdin, capture_output=True, check=False, cwd=cwd, env=environment(**more), timeout=200
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def refused(done: Done, code: int, *told: str) -> None:
    """The contract of every refusal: nothing on stdout, one line on stderr that tells, the exit code; no traceback.

    Warnings of what was read before it may stand above that line.
    """
    lines = [line for line in done.err.splitlines() if not line.startswith("warning: ")]
    assert done.code == code, done
    assert not done.out and len(lines) == 1 and "Traceback" not in done.err, done
    for part in told:
        assert part in lines[0], lines[0]
