"""What an installation costs: the native build's seconds, megabytes beside NumPy, and the seconds of an import.

Not here: how long commands take (startup.py). Run: `python benchmarks/footprint.py`. What git holds ready is built by
pip into a wheel, from nothing, and installed into a virtual environment of its own, without extras: both as
`pip install .` does it.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from smoke import SMOKE, sized
from writing import write_result

ROOT = Path(__file__).parents[1]
ROUNDS = sized(15, 1)
NOT_OURS = ("numpy", "pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence")
"""What stands in an environment without us: NumPy, and what makes it."""
IMPORTS = {
    "numpy": "import numpy",
    "recurra": "import numpy, recurra",
    "engine": "import numpy; from recurra.engine.native import engine; engine()",
    "answers": "import numpy, recurra.tasks.heads.classes.run",
}
"""Each is told as seconds beyond the first."""


def main() -> None:
    """Build, install and import in a temporary folder; write results/footprint.json."""
    if SMOKE:  # what is installed here stands for the build, which takes minutes
        here = Path(sys.executable)
        write_result("footprint", {"installed": sizes(here), "imports": imports(here)}, seeds=[])
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        subprocess.run(["git", "checkout-index", "--all", f"--prefix={place}/source/"], cwd=ROOT, check=True)
        subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
        python = place / "venv" / "bin" / "python"
        build = built(python, place)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *(place / "wheel").glob("*.whl")], check=True)
        figures = {"build": build, "installed": sizes(python), "imports": imports(python)}
    write_result("footprint", figures, seeds=[])


def built(python: Path, place: Path) -> dict[str, float]:
    """Seconds that pip takes for the wheel, its environment for building included, and those of the processors."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command: list[str | Path] = [
        python,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        place / "wheel",
        place / "source",
    ]
    subprocess.run(command, check=True)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": round(seconds, 1), "processor_seconds": round(spent, 1)}


def sizes(python: Path) -> dict[str, Any]:
    """Megabytes of everything installed that is neither NumPy nor the environment's own, and of each part."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    asked = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    parts: dict[str, float] = {}
    for path in Path(asked.stdout.strip()).iterdir():
        if not path.name.startswith(NOT_OURS):
            files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
            parts[path.name] = sum(file.stat().st_size for file in files) / 1e6
    largest = sorted(parts, key=lambda name: -parts[name])[:5]
    return {"megabytes": round(sum(parts.values()), 1), "largest": {name: round(parts[name], 1) for name in largest}}


def imports(python: Path) -> dict[str, dict[str, float]]:
    """Seconds of whole processes, taken in turn: medians, and what each takes beyond NumPy's import."""
    told: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for turn in range(ROUNDS + 1):
        for name, code in IMPORTS.items():
            started = time.perf_counter()
            subprocess.run([python, "-c", code], check=True)
            if turn:  # the first one warms the disc's cache
                told[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(several) for name, several in told.items()}
    return {
        name: {"median": round(median, 4), "beyond_numpy": round(median - medians["numpy"], 4)}
        for name, median in medians.items()
    }


if __name__ == "__main__":
    main()
