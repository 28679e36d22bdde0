"""How long the quick labs take: `recurra lab NAME --quick`, a process each, with its data at hand.

Not here: their figures (labs.py). Run: `python benchmarks/quick_labs.py [--rounds N]` on a quiet machine; it writes
results/quick-labs.json.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from smoke import SMOKE, sized
from writing import write_result

LABS = sized(("next-value", "sentiment", "language"), ("--help",))
PROMISE = 60
"""Seconds on two quiet cores; the help of the labs says "a minute or so"."""


def main() -> None:
    """Run each lab and write its seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    rounds = parser.parse_args().rounds
    labs = {lab: [timed(lab) for _ in range(rounds)] for lab in LABS}
    write_result("quick-labs", {"promise": PROMISE, "labs": labs}, seeds=[0])


def timed(lab: str) -> dict[str, Any]:
    """Seconds on the clock and of the processor, and what else the machine did before."""
    load, before = os.getloadavg()[0], resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        options = [] if SMOKE else ["--quick", "--quiet", "--out", str(Path(scratch) / "run")]
        subprocess.run([sys.executable, "-m", "recurra", "lab", lab, *options], check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": round(seconds, 1), "processor_seconds": round(processor, 1), "load_before": round(load, 1)}


if __name__ == "__main__":
    main()
