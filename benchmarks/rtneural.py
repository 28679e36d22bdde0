"""One step of an LSTM beside RTNeural's, the C++ library of audio people, in one run and on one thread.

RTNeural takes its sizes when it is compiled and is called from C++; a session takes them when it is loaded. So there
are three figures: RTNeural in a loop of C++, the session's engine alone (`push_many`, without an answer in between),
and the session through Python, one `push` a step. Weights are the same, and answers are compared first. Run:
`OMP_NUM_THREADS=1 RTNEURAL=FOLDER python benchmarks/rtneural.py`, with a checkout of RTNeural
(github.com/jatinchowdhury18/RTNeural) in FOLDER, Eigen's headers where the system has them (libeigen3-dev), and g++.
It writes results/rtneural.json.

Not here: sessions beside ONNX Runtime and torch, and the slowest steps (sessions.py).
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sessions import HIDDEN, drawn, in_batches, lstm, session_of
from smoke import sized
from writing import write_result

HARNESS = Path(__file__).parent / "rivals" / "rtneural.cpp"
EIGEN = "/usr/include/eigen3"
# The instructions of this very processor, as the session's engine chooses its own when it is loaded.
BUILD = ("g++", "-std=c++17", "-O3", "-march=native", "-DNDEBUG", "-shared", "-fPIC", "-DRTNEURAL_USE_EIGEN=1",
    "-DRTNEURAL_DEFAULT_ALIGNMENT=32", "-DEIGEN_STACK_ALLOCATION_LIMIT=0")  # fmt: skip
"""Eigen refuses matrices of the largest shapes inside an object without the last one."""
TOGETHER = sized(50, 2)
"""Steps that one call of C++ or of `push_many` takes."""
TOLERANCE = 1e-5


def main() -> None:
    """Measure, and write results/rtneural.json."""
    folder = os.environ.get("RTNEURAL", "")
    if not (Path(folder) / "RTNeural" / "lstm" / "lstm.h").exists():
        print("left out: RTNEURAL names no checkout of RTNeural")
        return
    figures = {
        f"{hidden} units, {inputs} input{'s' * (inputs > 1)}": measured(folder, hidden, inputs)
        for hidden in HIDDEN
        for inputs in (1, hidden)
    }
    write_result("rtneural", {"step": figures}, seeds=[0])


def measured(folder: str, hidden: int, inputs: int) -> dict[str, float]:
    """Microseconds of a step of each, taken in turn."""
    row = np.random.default_rng(1).standard_normal(inputs).astype(np.float32)
    rows = np.repeat(row[None], TOGETHER, axis=0)
    session = session_of(lstm(hidden, inputs))
    with tempfile.TemporaryDirectory() as scratch:
        theirs = rival(folder, scratch, hidden, inputs)
        ours, answer = np.empty(hidden, np.float32), np.empty(hidden, np.float32)
        agree(session, theirs, rows, answer)
        contenders: dict[str, Callable[[], Any]] = {
            "RTNeural, C++": partial(theirs, row, TOGETHER, answer),
            "Recurra, many steps a call": partial(session.push_many, rows),
            "Recurra, through Python": partial(session.push, row, out=ours),
        }
        taken = in_batches(contenders)
    return {name: figure / (1 if name.endswith("Python") else TOGETHER) for name, figure in taken.items()}


def rival(folder: str, scratch: str, hidden: int, inputs: int) -> Callable[[Any, int, Any], None]:
    """RTNeural's LSTM of one shape, compiled, with the session's weights: (inputs, steps, answer)."""
    library = f"{scratch}/{hidden}-{inputs}.so"
    shape = (f"-DUNITS={hidden}", f"-DINPUTS={inputs}", f"-I{folder}", f"-I{EIGEN}")
    subprocess.run([*BUILD, *shape, str(HARNESS), "-o", library], check=True)
    code = ctypes.CDLL(library)
    code.lstm.restype = ctypes.c_void_p
    tensors = drawn(lstm(hidden, inputs))
    weights = [tensors[f"recurrent0.{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    # Keras has the gates in this order too, but a row for each input.
    values = [np.ascontiguousarray(each) for each in (weights[0].T, weights[1].T, weights[2] + weights[3])]
    layer = ctypes.c_void_p(code.lstm(*(pointer(each) for each in values)))
    code.reset(layer)
    return lambda row, steps, answer: code.step(layer, pointer(row), ctypes.c_long(steps), pointer(answer))


def pointer(values: Any) -> Any:
    """Where an array of float32 lies, for C."""
    return values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))


def agree(session: Any, theirs: Callable[[Any, int, Any], None], rows: Any, answer: Any) -> None:
    """Raise where both do not answer the same after the same steps: then they would not do the same work."""
    theirs(rows[0], len(rows), answer)
    difference = float(np.abs(np.asarray(session.push_many(rows))[-1] - answer).max())
    if not difference <= TOLERANCE:
        raise SystemExit(f"RTNeural and the session differ by {difference:.1e}: their times say nothing")


if __name__ == "__main__":
    main()
