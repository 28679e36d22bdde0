"""What an installed wheel must do by itself: the engine runs, the box answers, a series is forecast.

Not a test that pytest collects: `python tests/installed_wheel.py` in an environment that has the wheel and its
dependencies, and nothing else (test_wheels.py, cibuildwheel's test-command). Not here: building (test_wheels.py).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import requires, version
from importlib.util import find_spec
from pathlib import Path

COMMAND = [sys.executable, "-m", "recurra"]


def recurra(*words: str, folder: str) -> str:
    """Run a command in a folder; what it printed."""
    done = subprocess.run([*COMMAND, *words], cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def check_engine(folder: str) -> str:
    """The native engine is there, and says which kernels it chose."""
    told = json.loads(recurra("doctor", "--json", folder=folder))
    assert told["engine"] not in ("numpy", "torch", "plain"), told
    return str(told["engine"])


def check_answers(folder: str) -> None:
    """The judge of opinions and the forecaster in the box answer; neither needs torch."""
    assert find_spec("torch") is None, "a bare environment has no torch"
    told = json.loads(recurra("predict", "sentiment-en", "--text", "a wonderful film", "--json", folder=folder))
    assert told["label"] == "positive", told
    rows = [f"a,{2000 + month // 12}-{month % 12 + 1:02d}-01,{100 + month + 10 * (month % 12)}" for month in range(48)]
    Path(folder, "toy.csv").write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n", "utf-8")
    lines = recurra("forecast", "toy.csv", "--horizon", "6", folder=folder).splitlines()
    assert len(lines) == 7 and 50 < float(lines[1].split(",")[2]) < 400, lines


def check_reading_on() -> None:
    """A net is swept whole and token by token: the same bits."""
    import numpy as np

    from recurra.batches import Ragged
    from recurra.config import NetConfig
    from recurra.nets.layouts import forecast_net
    from recurra.nets.run import run

    plan = forecast_net(NetConfig(cell="lstm", hidden=33), horizon=2)
    random = np.random.default_rng(0)
    tensors = {name: random.standard_normal(shape).astype(np.float32) for name, shape in plan.weights().items()}
    values = random.standard_normal((50, 1)).astype(np.float32)
    whole, _ = run(plan, tensors, Ragged(values, np.array([0, 50])))
    states: object = ()
    for value in values:
        last, states = run(plan, tensors, Ragged(value[None], np.array([0, 1])), states)  # type: ignore[arg-type]
    assert last.tobytes() == whole.tobytes()


def main() -> None:
    """Check all of it."""
    needed = [one for one in requires("recurra") or [] if "extra ==" not in one]
    with tempfile.TemporaryDirectory() as folder:
        engine = check_engine(folder)
        if os.name == "posix":  # elsewhere no artefact can be opened yet: docs/wheels.md
            check_answers(folder)
        check_reading_on()
    print(
        f"recurra {version('recurra')} on Python {sys.version.split()[0]}: engine {engine}, needs {', '.join(needed)}"
    )


if __name__ == "__main__":
    main()
