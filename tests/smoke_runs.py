"""Runs a benchmark's script in a child of a process that has torch ready: many imports would take longer than the rest.

Not here: which scripts (test_benchmarks.py).
"""

from __future__ import annotations

import os
import runpy
import sys
import tempfile
from multiprocessing import get_context
from pathlib import Path

READY = ["torch", "recurra.estimators.text", "recurra.nn", "recurra.labs.sentiment_recipe"]
# What trainings and rivals import on their way: torch's compiler with an optimiser of torch's, SciPy with NB-SVM.
READY += ["torch._dynamo", "sklearn.svm", "pandas", "pyarrow.parquet", "recurra.labs.catalogue"]


def smoke(script: Path, folder: Path, seconds: float) -> tuple[int | None, str]:
    """Run `script --smoke`; its exit code, None where it took too long, and all that it printed."""
    context = get_context("forkserver")
    context.set_forkserver_preload(READY)
    told = folder / "told.txt"
    child = context.Process(target=_run, args=(script, folder, told))
    child.start()
    child.join(seconds)
    if child.exitcode is None:
        child.kill()
        child.join()
        return None, told.read_text(encoding="utf-8")
    return child.exitcode, told.read_text(encoding="utf-8")


def _run(script: Path, folder: Path, told: Path) -> None:
    """In the child: what it and its own children print goes into a file, and what they make into the folder."""
    into = os.open(told, os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(into, stream)
    os.chdir(folder)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    os.environ["OMP_NUM_THREADS"] = "1"  # threads that wait for work would take it from the other tests
    import torch

    torch.set_num_threads(1)
    sys.argv[:] = [str(script), "--smoke"]
    sys.path.insert(0, str(script.parent))
    runpy.run_path(str(script), run_name="__main__")
