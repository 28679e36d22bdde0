"""A rival that lives in an environment of its own (.venv-rivals, `make rivals`) and takes a step when asked.

Not here: the rivals themselves (rivals/serve.py).
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from timing import Step

HERE = Path(__file__).parent
PYTHON = HERE.parent / ".venv-rivals" / "bin" / "python"


def there() -> bool:
    """Tell whether the rivals' environment was made."""
    return PYTHON.exists()


@contextmanager
def rival(**task: Any) -> Iterator[Step]:
    """Start a rival; each call of what is given takes one step there and returns its seconds."""
    command = [str(PYTHON), str(HERE / "rivals" / "serve.py")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        given, told = process.stdin, process.stdout

        def asked(line: str) -> str:
            process.send_signal(signal.SIGCONT)
            given.write(f"{line}\n")
            given.flush()
            answer = told.readline().strip()
            # Its threads look for work for a while; left awake, they would take the processor while ours run.
            process.send_signal(signal.SIGSTOP)
            return answer

        if asked(json.dumps(task)) != "ready":
            raise RuntimeError(f"the rival did not start: {task}")
        yield lambda: float(asked("step"))
        process.kill()
