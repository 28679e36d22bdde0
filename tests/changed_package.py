"""A copy of the package with files put into it, and a process that imports it.

Not here: tests.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import recurra
from command_line import environment

SOURCE = Path(recurra.__file__).parent

# An editable install finds its own files before those of PYTHONPATH.
WORKER = """
import contextlib, io, json, sys, traceback

sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in type(finder).__module__]
for line in sys.stdin:
    program, sys.argv[1:] = json.loads(line)
    failure = ""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            exec(program, {"__name__": "__main__"})
        except BaseException:
            failure = traceback.format_exc()
    print(json.dumps([out.getvalue(), failure]), flush=True)
"""


@dataclass(frozen=True)
class Changed:
    """A process that imports a copy of the package with the cell in it; one for all tests, as torch is slow to load."""

    source: Path
    process: subprocess.Popen[str]

    def run(self, program: str, *arguments: str) -> str:
        """What a program prints; it runs beside those before it, with names of its own."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps([program, arguments]) + "\n")
        self.process.stdin.flush()
        out, failure = json.loads(self.process.stdout.readline())
        assert not failure, failure
        return str(out)

    def commands(self, *commands: list[str]) -> list[str]:
        """What commands print, one after another."""
        return [json.loads(line) for line in self.run(COMMANDS, json.dumps(commands)).splitlines()]


COMMANDS = """
import json, sys
from command_line import recurra

for command in json.loads(sys.argv[1]):
    done = recurra(*command)
    if done.code:
        sys.exit(f"{command}: {done.err}")
    print(json.dumps(done.out))
"""


@contextmanager
def changed_package(source: Path, change: Callable[[Path], None]) -> Iterator[Changed]:
    """Copy the package to `source`, change the copy, and start the process that imports it."""
    # Compiled modules are copied too: Python mends the paths in them and need not compile all again.
    shutil.copytree(SOURCE, source / "recurra")
    for engine in {path for folder in recurra.__path__ for path in Path(folder).glob("_native*.so")}:
        shutil.copy2(engine, source / "recurra")  # an editable install keeps it apart from the source
    change(source / "recurra")
    path = os.pathsep.join([str(source), str(Path(__file__).parent)])
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
    command = [sys.executable, "-c", WORKER]
    with subprocess.Popen(command, text=True, env=environment(PYTHONPATH=path), **pipes) as process:
        yield Changed(source, process)
