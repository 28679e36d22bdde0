"""A voice detector of the package silero-vad, imported: how many live streams one core keeps up with.

A stream sends a chunk of 32 ms (512 samples at 16 kHz, with the last 64 of the chunk before) and waits for the
probability of speech. Beside it the package's own graph in ONNX Runtime, in the same run, in pairs: one stream at a
time, and many at once. Both are held to one thread, and to the same probabilities.

Not here: the tests of the import (tests/test_importing_packages.py). Needs `pip install --no-deps -r tests/models.txt`
and onnxruntime; without them it says what it left out. Run: `python benchmarks/voice.py [--smoke]`. It writes
results/voice.json.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from smoke import sized
from writing import write_result

import recurra
from recurra.engine import native, processors

CONTEXT, CHUNK, RATE = 64, 512, 16_000
SECONDS = CHUNK / RATE
STREAMS = sized((1, 16, 64, 256), (1, 4))
ROUNDS, CALLS = sized((60, 20), (1, 2))
LAYERS = (
    "stft.forward_basis_buffer:stride=128:reflect=0/64,magnitude,encoder.0.reparam_conv:padding=1,relu,"
    "encoder.1.reparam_conv:stride=2:padding=1,relu,encoder.2.reparam_conv:stride=2:padding=1,relu,"
    "encoder.3.reparam_conv:padding=1,relu,decoder.rnn,relu,decoder.decoder.2,sigmoid"
)


def main() -> None:
    """Measure, and write what was found."""
    needed = [name for name in ("silero_vad", "onnx", "onnxruntime") if find_spec(name) is None]
    if needed:
        print(f"left out: {', '.join(needed)} not installed")
        return
    with TemporaryDirectory() as folder:
        chosen: dict[str, Any] = {"layers": LAYERS, "length": CONTEXT + CHUNK, "prefix": "model"}
        model = recurra.import_model(graph(), Path(folder) / "voice", **chosen)
    with processors.engine_threads(1):
        found = {str(streams): beside(model, streams) for streams in STREAMS}
        apart = difference(model)
    told = {"engine": native.engine().name, "threads": 1, "onnxruntime": processors.installed("onnxruntime")}
    write_result("voice", {**told, "chunk_seconds": SECONDS, "apart": apart, "streams": found}, seeds=[0])


def beside(model: recurra.ImportedNet, streams: int) -> dict[str, dict[str, float]]:
    """Live streams that a core keeps up with, ours and ONNX Runtime's: calls in turn, their least and median times."""
    steps = {"recurra": our_step(model, streams), "onnxruntime": their_step(streams)}
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            # Caches are the other's when its turn begins: the first call of a turn is not counted.
            step()
            taken[name] += [seconds(step) for _ in range(CALLS)]
    return {name: figures(times, streams) for name, times in taken.items()}


def figures(times: list[float], streams: int) -> dict[str, float]:
    """Microseconds a chunk, and how many streams a core keeps up with at the least time."""
    least, median = min(times), statistics.median(times)
    chunk = {"least_us": round(least / streams * 1e6, 2), "median_us": round(median / streams * 1e6, 2)}
    return {**chunk, "live_streams": int(SECONDS * streams / least)}


def seconds(step: Callable[[], None]) -> float:
    """Seconds of a step."""
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def our_step(model: recurra.ImportedNet, streams: int) -> Callable[[], None]:
    """A chunk of each stream."""
    sound = chunks(streams)
    if streams == 1:
        session, answer, only = recurra.Session(model), np.empty(1, np.float32), sound[0]
        return partial(_call, session.push, only, answer)
    pool, answers = recurra.SessionPool(model, streams), np.empty((streams, 1), np.float32)
    return partial(_call, pool.push, sound, answers)


def _call(push: Callable[..., Any], sound: Any, answers: Any) -> None:
    push(sound, out=answers)


def their_step(streams: int) -> Callable[[], None]:
    """The same in ONNX Runtime, whose state goes in and comes out."""
    session, state, rate = runtime(), [np.zeros((2, streams, 128), np.float32)], np.array(RATE, np.int64)
    sound = chunks(streams)

    def step() -> None:
        _, state[0] = session.run(None, {"input": sound, "state": state[0], "sr": rate})

    return step


def difference(model: recurra.ImportedNet) -> float:
    """How far the probabilities of one stream are apart at most, over two seconds of noise that comes and goes."""
    session, theirs, state = recurra.Session(model), runtime(), np.zeros((2, 1, 128), np.float32)
    apart = 0.0
    for number, chunk in enumerate(chunks(64)):
        loud = chunk * (number % 16 < 8)
        given = {"input": loud[None], "state": state, "sr": np.array(RATE, np.int64)}
        wanted, state = theirs.run(None, given)
        apart = max(apart, abs(float(session.push(loud)[0]) - float(wanted[0, 0])))
    return apart


def chunks(count: int) -> Any:
    """Drawn chunks: (count, samples), about as loud as speech."""
    return (0.1 * np.random.default_rng(0).standard_normal((count, CONTEXT + CHUNK))).astype(np.float32)


def graph() -> Path:
    """The package's graph for 16 kHz; the package itself is not imported."""
    found = find_spec("silero_vad")
    places = found.submodule_search_locations if found else None
    return Path((places or [""])[0]) / "data" / "silero_vad_16k_op15.onnx"


def runtime() -> Any:
    """ONNX Runtime with one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(graph()), options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    main()
