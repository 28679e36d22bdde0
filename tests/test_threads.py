"""The engine's threads where things go wrong: memory runs out, no thread starts, a fork, the interpreter's end.

Not here: that the bits do not depend on threads (test_native.py), and how many are taken (test_processors.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recurra.cells.backends.torch import SweepWeights
from recurra.config import CellKind
from recurra.engine import native
from recurra.engine.autograd import native_sweep
from recurra.engine.native import compiled, engine, layer, ragged
from recurra.engine.processors import engine_threads

built = pytest.mark.skipif(engine().library is None, reason="the native engine was not built here")
SWEEP = """
import os, resource, subprocess, sys, threading, time
import numpy as np
from recurra.engine import native, processors
from recurra.config import CellKind

weights = (np.ones((96, 8), "f") / 9, np.ones((96, 32), "f") / 40, np.zeros(96, "f"), np.zeros(96, "f"))
values, offsets = np.ones((8000, 8), "f"), np.arange(9) * 1000

def sweep(threads=3):
    with processors.engine_threads(threads):
        return float(native.sweep(CellKind("gru"), [weights], values, offsets)[0].sum())

def limit_memory(more):
    pages = int(open("/proc/self/statm").read().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more, resource.RLIM_INFINITY))

def in_child(work):
    child = os.fork()
    if not child:
        os._exit(0 if work() else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
"""


def run_python(*arguments: str, **more: str) -> None:
    """Run Python in a process of its own, with `more` in its environment; it ends well and says nothing."""
    command, environment = [sys.executable, *arguments], os.environ | more
    done = subprocess.run(command, env=environment, timeout=150, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def run(code: str, **more: str) -> None:
    """Run code behind SWEEP."""
    run_python("-c", SWEEP + code, **more)


@built
def test_memory_that_runs_out_in_a_workers_task_is_the_callers_error_and_the_pool_works_on() -> None:
    run("""
alone, units = sweep(1), 1 << 20  # attention's scores of a block of tokens take 256 MB a thread
scorer = (np.ones((units, 1), "f"), np.ones(units, "f"), np.ones((1, units), "f"))
tokens = np.ones((80_000, 1), "f")
limit_memory(128 << 20)
for _ in range(3):
    try:
        native.pool(tokens, native.ragged(np.arange(17) * 5000), ["attention"], scorer, threads=2)
    except MemoryError:
        continue
    sys.exit("no error")
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert all(sweep() == alone for _ in range(20))
""")


@built
def test_where_no_thread_can_be_started_those_that_are_there_do_the_work() -> None:
    run("""
alone, before = sweep(1), len(os.listdir("/proc/self/task"))
limit_memory(4 << 20)  # a thread's stack takes 8 MB
assert sweep(3) == alone and len(os.listdir("/proc/self/task")) == before
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert sweep(3) == alone and len(os.listdir("/proc/self/task")) == before + 2
""")


@built
@pytest.mark.parametrize("precision", ["float32", "bf16", "int8"])
def test_a_team_none_of_whose_members_comes_is_one_thread_with_the_same_bits(precision: str) -> None:
    # Each cell in a child of its own. Threads of NumPy's BLAS would leave it their stacks, which need no memory.
    told = f"""
def same_bits(cell, gates, rows):
    random = np.random.default_rng(0).standard_normal
    shapes = ((gates * 256, 30), (rows * 256, 256), (gates * 256,), (rows * 256,))
    weights = tuple((random(shape) / 16).astype("f") for shape in shapes)
    values, offsets = random((150, 30)).astype("f"), np.array([0, 150])

    def sweep(threads):
        with processors.engine_threads(threads):
            outputs, state = native.sweep(CellKind(cell, precision={precision!r}), [weights], values, offsets)
        return [outputs, *state]

    def same(threads):
        return all(np.array_equal(one, other) for one, other in zip(sweep(threads), alone, strict=True))

    alone, before = sweep(1), len(os.listdir("/proc/self/task"))
    limit_memory(4 << 20)
    assert same(4) and len(os.listdir("/proc/self/task")) == before
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return all(same(threads) for threads in (2, 3, 4, 7) * 10)

for case in (("lstm", 4, 4), ("gru", 3, 3), ("rnn", 1, 1), ("mingru", 2, 0)):
    in_child(lambda: same_bits(*case))
"""
    run(told, OPENBLAS_NUM_THREADS="1")


TEAMS = [
    CellKind("lstm"),
    CellKind("gru"),
    CellKind("gru", reset_after=False),
    CellKind("sru"),
    CellKind("lstm", precision="bf16"),
]


@built
@pytest.mark.parametrize("kind", TEAMS, ids=lambda kind: "-".join(map(str, kind)))
def test_teams_of_several_python_threads_do_not_get_into_each_others_way(kind: CellKind) -> None:
    gates = {"gru": 3}.get(kind.cell, 4) * 256
    recurrent, bias = kind.recurrent_shapes(256)
    torch.manual_seed(0)
    weights = [(torch.randn(shape) / 16).requires_grad_() for shape in ((gates, 30), recurrent, (gates,), bias)]
    values, places = torch.randn(150, 30, requires_grad=True), ragged(np.array([0, 50, 150]))
    learning = [one for one in (values, *weights) if one.numel()]

    def sweep(threads: int) -> list[torch.Tensor]:
        with engine_threads(threads):
            outputs, state, _ = native_sweep(kind, places, values, [SweepWeights(*weights)])
            return [outputs, state, *torch.autograd.grad(outputs.square().sum() + state.sum(), learning)]

    alone = sweep(1)
    with ThreadPoolExecutor(4) as several:
        for swept in several.map(sweep, [4, 6, 8, 3] * 5):
            assert all(map(torch.equal, swept, alone))


@built
def test_where_no_thread_can_be_started_openmp_is_left_alone() -> None:
    # GNU OpenMP ends a process in which it cannot start a thread.
    run("""
import torch
native.engine()
limit_memory(4 << 20)
assert not native.compiled.calm_openmp()
""")


@built
@pytest.mark.parametrize("threads", [1, 3])
def test_a_daemon_thread_that_sweeps_when_the_interpreter_ends_does_not_abort(threads: int) -> None:
    for wait in (0.05, 0.1, 0.15, 0.2):
        run(f"""
def for_ever():
    while True:
        sweep({threads})

for _ in range(3):
    threading.Thread(target=for_ever, daemon=True).start()
time.sleep({wait})
""")


@built
def test_a_forked_child_sweeps_whatever_threads_its_parent_had() -> None:
    # The parents are children themselves: torch is loaded once, and none of its threads has started yet.
    run("""
import torch

def parent(before):
    exec(before)
    torch.set_num_threads(3)
    torch.ones(3_000_000).sin()  # torch's threads run
    alone = sweep(1)
    in_child(lambda: sweep() == alone)
    assert sweep() == alone
    in_child(lambda: sweep() == alone)
    return True

for before in ("", "sweep()", "import recurra.engine.autograd; sweep()"):
    in_child(lambda: parent(before))
""")


@built
def test_a_forked_child_that_imports_the_engine_first_sweeps_and_learns() -> None:
    # torch's own operations on more than 32,768 values would wait for its threads, which the child does not have.
    code = """
import os, sys, torch
torch.set_num_threads(3)
torch.ones(3_000_000).sin()
child = os.fork()
if not child:
    import recurra.nn
    layer = recurra.nn.GRU(8, 32)
    outputs, _ = layer(torch.ones(250, 4, 8))
    outputs.backward(torch.ones(250, 4, 32))
    os._exit(0 if recurra.engine.processors.threads() == 3 and layer.weight_hh_l0.grad is not None else 1)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"""
    run_python("-c", code)


@built
def test_children_of_multiprocessing_sweep_however_they_are_started(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("""
import multiprocessing, torch
import recurra.nn

def sweep(seed):
    torch.manual_seed(seed)
    layer = recurra.nn.LSTM(8, 32)
    return float(layer(torch.ones(500, 8, 8))[0].detach().numpy().sum())

if __name__ == "__main__":
    torch.ones(3_000_000).sin()
    expected = [sweep(seed) for seed in range(4)]
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as several:
            assert several.map_async(sweep, range(4)).get(50) == expected, method
""")
    run_python(str(program))


@built
def test_at_batch_64_backward_gives_work_to_most_of_eight_threads() -> None:
    kind, steps = CellKind("lstm"), 1000
    places = ragged(np.arange(65) * steps)
    drawn = np.random.default_rng(0).standard_normal
    values = drawn((64 * steps, 64)).astype(np.float32)
    weights = tuple((drawn(shape) * 0.1).astype(np.float32) for shape in ((256, 64), (256, 64), (256,), (256,)))
    packed = [layer(kind, weights, reverse=False, backward=True, threads=1)]  # type: ignore[arg-type]
    outputs = np.empty((64 * steps, 64), np.float32)
    final = np.empty((1, 64, 64), np.float32)
    learnt = [tuple(np.empty_like(one) for one in weights)]

    both: dict[str, Any] = {"values": values, "outputs": outputs, "threads": 8}

    def at_work() -> int:
        ends = {"final_hidden": final, "final_cell": np.empty_like(final)}
        kept = compiled.forward(packed, places, **both, **ends, keep=True)
        compiled.threads_at_work()
        compiled.backward(packed, kept, places, **both, output_errors=outputs, gradients=learnt)
        return int(compiled.threads_at_work())

    # On fewer processors than threads some may come when all is done.
    assert max(at_work() for _ in range(3)) >= 6


@built
def test_a_small_sweep_wakes_nobody() -> None:
    values, offsets = np.ones((20, 8), np.float32), np.arange(5) * 5
    weights = tuple(np.ones(shape, np.float32) for shape in ((96, 8), (96, 32), (96,), (96,)))
    compiled.threads_at_work()
    with engine_threads(8):
        native.sweep(CellKind("gru"), [weights], values, offsets)  # type: ignore[list-item]
    assert compiled.threads_at_work() == 1


@built
def test_one_long_sequence_through_a_wide_layer_is_work_for_a_team() -> None:
    weights = tuple(np.full(shape, 0.01, np.float32) for shape in ((1024, 8), (1024, 256), (1024,), (1024,)))
    values, offsets = np.ones((3000, 8), np.float32), np.array([0, 3000])

    def at_work() -> int:
        compiled.threads_at_work()
        with engine_threads(4):
            native.sweep(CellKind("lstm"), [weights], values, offsets)  # type: ignore[list-item]
        return int(compiled.threads_at_work())

    assert max(at_work() for _ in range(3)) >= 2
