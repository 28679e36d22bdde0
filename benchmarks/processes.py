"""A command in a process of its own with one thread: its seconds of the processor, and the most memory that it held.

Not here: which commands, and what they answer (forecast.py, series_rivals.py, large_panel.py).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
LAUNCH = """
import json, resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3]))
sys.exit(code)
"""
"""A small process starts the command: a child's most memory counts from before exec, as a copy of who starts it."""


def ran(words: Sequence[str], folder: Path) -> tuple[float, float]:
    """Run a command in a folder; return its seconds of the processor and the most megabytes that it held.

    Raises RuntimeError where it fails.
    """
    done = subprocess.run(
        [sys.executable, "-S", "-c", LAUNCH, *words], check=False, cwd=folder, env={**os.environ, **ONE_THREAD},
        capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    spent, most = json.loads(done.stdout.splitlines()[-1])
    return spent, most
