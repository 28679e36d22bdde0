"""One step at a time: sessions beside ONNX Runtime and torch, `generate`, ten thousand streams, and the slowest steps.

Not here: that steps have the same bits (tests/test_session.py) and allocate nothing (tests/test_session_traps.py).
Run: `OMP_NUM_THREADS=1 python benchmarks/sessions.py`; results/sessions.json. One thread. Contenders take turns in
short batches of calls; a figure is the median over the batches, in microseconds a call through Python, of the time in
which the thread had a processor: others' work on a shared machine does not count. The slowest steps are of the clock,
on a thread of real time where the system allows it, as audio has. `before` is how a step was taken before there were
sessions: the fold of nets/run.py with its states.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from smoke import sized
from writing import write_result

from recurra.batches import Ragged
from recurra.config import NetConfig, Precision, TextConfig
from recurra.layers.layer import Floats
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.nets.layouts import language_net
from recurra.nets.run import Plan, run
from recurra.nets.sequences import SequenceNet
from recurra.nets.stepping import steps_of, streams_of
from recurra.tasks.heads.next_token.drawing import Drawing
from recurra.tasks.heads.next_token.run import RunningLanguage, next_logits
from recurra.text.encoder import TextEncoder
from recurra.text.vocabulary import SPECIAL_WORDS, Vocabulary

HIDDEN = sized((32, 64, 128, 256), (8,))
BATCHES = sized(300, 3)
BATCH = sized(4e-4, 1e-6)
"""Seconds that a batch of calls takes, about."""
WORDS = sized(10_000, 50)
STREAMS = sized(10_000, 20)
STEPS = sized(200_000, 200)
SIZES = sized((64, 100, 128), (8,))
"""Features of a token's vector, in `generate`."""
Call = Callable[[], Any]


def main() -> None:
    """Measure, and write results/sessions.json."""
    torch.set_num_threads(1)
    figures = {
        "step": {
            f"{hidden} units, {inputs} input{'s' * (inputs > 1)}": steps(hidden, inputs)
            for hidden in HIDDEN
            for inputs in (1, hidden)
        },
        "generate": {f"vectors of {size}": generate(size) for size in SIZES},
        "streams": {precision: streams(precision) for precision in ("float32", "int8")},
        "tail": tail(),
    }
    write_result("sessions", figures, seeds=[0])


def drawn(plan: Plan, spread: float = 0.1) -> dict[str, Floats]:
    """Weights from N(0, spread²), closed to writing as those of a trained model are."""
    random = np.random.default_rng(0)
    tensors = {
        name: (random.standard_normal(shape) * spread).astype(np.float32) for name, shape in plan.weights().items()
    }
    for tensor in tensors.values():
        tensor.flags.writeable = False
    return tensors


def lstm(hidden: int, inputs: int, precision: Precision = "float32") -> SequenceNet:
    """An LSTM alone."""
    return SequenceNet(chain=(RecurrentSpec(cell="lstm", inputs=inputs, hidden=hidden, precision=precision),))


def steps(hidden: int, inputs: int) -> dict[str, float]:
    """Microseconds of one step of an LSTM through Python."""
    row = np.random.default_rng(1).standard_normal(inputs).astype(np.float32)
    plan = lstm(hidden, inputs)
    contenders: dict[str, Call] = {}
    for precision in ("float32", "int8"):
        session = session_of(lstm(hidden, inputs, precision))
        answer = np.empty(hidden, np.float32)
        contenders[precision] = partial(session.push, row)
        contenders[f"{precision}, into an array"] = partial(session.push, row, out=answer)
    contenders["before"] = fold_step(plan, row)
    contenders["ONNX Runtime, bound"] = onnx_step(plan, row)
    contenders["torch"] = torch_step(hidden, inputs, row)
    return in_batches(contenders)


def session_of(plan: SequenceNet) -> Any:
    """A session of a net with drawn weights."""
    from recurra import Session
    from recurra.tasks.heads.sequence.run import ImportedNet, ImportOrigin

    origin = ImportOrigin(
        file="drawn", sha256="", form="torch", took=(), against="none: its weights are drawn", difference=0.0, cases=1
    )
    return Session(ImportedNet(plan, drawn(plan), origin))


def fold_step(plan: SequenceNet, row: Floats) -> Call:
    """A step as it was taken before: a whole sequence of one token that goes on from a state."""
    tensors, one = drawn(plan), Ragged(row[None], np.array([0, 1], np.int64))
    states: list[Any] = [run(plan, tensors, one, ())[1]]

    def step() -> None:
        states[0] = run(plan, tensors, one, states[0])[1]

    return step


def onnx_step(plan: SequenceNet, row: Floats) -> Call:
    """A step of an LSTM node whose arrays are bound once, as quick as ONNX Runtime goes through Python."""
    spec, tensors = plan.recurrent, drawn(plan)
    # ONNX has the gates in the order i, o, f, c.
    weights = [reordered(tensors[f"recurrent0.{name}_l0"]) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    held = {"W": weights[0][None], "R": weights[1][None], "B": np.concatenate(weights[2:])[None]}
    named = [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in held.items()]
    shapes = {"X": [1, 1, spec.inputs], "h": [1, 1, spec.hidden], "c": [1, 1, spec.hidden]}
    node = helper.make_node("LSTM", ["X", "W", "R", "B", "", "h", "c"], ["", "ho", "co"], hidden_size=spec.hidden)
    floats = TensorProto.FLOAT
    graph = helper.make_graph(
        [node],
        "step",
        [helper.make_tensor_value_info(name, floats, shape) for name, shape in shapes.items()],
        [helper.make_tensor_value_info(name, floats, shapes["h"]) for name in ("ho", "co")],
        named,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    arrays = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    arrays["X"][:] = row
    values = {name: onnxruntime.OrtValue.ortvalue_from_numpy(array) for name, array in arrays.items()}
    bound = session.io_binding()
    for name, value in values.items():
        bound.bind_ortvalue_input(name, value)
    # The state goes out where it came in.
    bound.bind_ortvalue_output("ho", values["h"])
    bound.bind_ortvalue_output("co", values["c"])
    return lambda: session.run_with_iobinding(bound)


def reordered(values: Floats) -> Floats:
    """Rows of the gates i, f, g, o as i, o, f, g."""
    i, f, g, o = np.split(values, 4)
    return np.concatenate([i, o, f, g])


def torch_step(hidden: int, inputs: int, row: Floats) -> Call:
    """A step of torch's LSTM without gradients."""
    layer, value = torch.nn.LSTM(inputs, hidden), torch.from_numpy(row)[None]
    with torch.inference_mode():
        states = [layer(value)[1]]

    def step() -> None:
        with torch.inference_mode():
            states[0] = layer(value, states[0])[1]

    return step


def generate(size: int) -> dict[str, float]:
    """Microseconds of a token that a language model draws and reads, of an LSTM of 128 units."""
    plan = language_net(NetConfig(cell="lstm", hidden=128, embedding_size=size), words=WORDS)
    words = (*SPECIAL_WORDS, *(f"word{number}" for number in range(WORDS - len(SPECIAL_WORDS))))
    # So wide that few words have most of the probability, as in a model that learnt.
    model = RunningLanguage(plan, drawn(plan, 0.3), TextEncoder(TextConfig(), Vocabulary(words)))
    ways = {"all": Drawing(), "top_k=40": Drawing(top_k=40), "top_p=0.9": Drawing(top_p=0.9)}
    contenders: dict[str, Call] = {name: endless(model, way).__next__ for name, way in ways.items()}
    int8 = model.in_precision("int8")
    contenders["all, int8"] = endless(int8, Drawing()).__next__
    contenders["before"] = drawn_before(model).__next__
    return in_batches(contenders)


def endless(model: RunningLanguage, drawing: Drawing) -> Iterator[str]:
    """Words without end."""
    for seed in count():
        yield from model.generated("word7", tokens=100_000, seed=seed, drawing=drawing)


def drawn_before(model: RunningLanguage) -> Iterator[int]:
    """The same by the fold and NumPy, as it was before there were sessions."""
    random, states, token = np.random.default_rng(0), (), 5
    while True:
        one = Ragged(np.array([token], np.int32), np.array([0, 1], np.int64))
        projected, states = run(model.plan, model.tensors, one, states)  # type: ignore[assignment]
        shares = Drawing().shares(next_logits(model.tensors, projected)[0])
        token = int(random.choice(len(shares), p=shares))
        yield token


def streams(precision: Precision) -> dict[str, float]:
    """Tokens a second of many streams of an LSTM of 64 units that read one observation each, in drawn order."""
    plan, random = lstm(64, 16, precision), np.random.default_rng(0)
    pool = streams_of(steps_of(plan, drawn(plan)), STREAMS)
    rows, answers = random.standard_normal((STREAMS, 16)).astype(np.float32), np.empty((STREAMS, 64), np.float32)
    orders = [random.permutation(STREAMS) for _ in range(sized(40, 2))]
    taken = []
    for slots in orders:
        started = time.thread_time()
        pool.read(values=rows, answers=answers, slots=slots, every=False, raw=False)
        taken.append(time.thread_time() - started)
    return {"tokens a second, median": STREAMS / float(np.median(taken)), "best": STREAMS / min(taken)}


def tail() -> dict[str, Any]:
    """Microseconds of the slowest among many steps of 40 units, as an audio callback would take them.

    A sum of 40 numbers by NumPy, as often, tells what of that is the machine's own: a system that halts every thread a
    hundred times a second is in the slowest of any calls of a microsecond.
    """
    session, row, answer = session_of(lstm(40, 1)), np.ones(1, np.float32), np.empty(40, np.float32)
    return {**slowest(partial(session.push, row, out=answer)), "a sum by NumPy": slowest(answer.sum)}


def slowest(call: Call) -> dict[str, Any]:
    """Percentiles of the microseconds of many calls, by the clock."""
    taken = np.empty(STEPS)
    with real_time() as allowed:
        for number in range(STEPS):
            started = time.perf_counter_ns()
            call()
            taken[number] = time.perf_counter_ns() - started
    points = {"median": 50, "p99": 99, "p99.9": 99.9, "p99.99": 99.99, "worst": 100}
    return {"real time": allowed, **{name: float(np.percentile(taken, at)) / 1000 for name, at in points.items()}}


@contextmanager
def real_time() -> Iterator[bool]:
    """Let nothing but the system interrupt this thread, where it is allowed; tells whether it is."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def in_batches(contenders: dict[str, Call]) -> dict[str, float]:
    """Median microseconds of a call of each; batches of calls are taken in turn."""
    calls = {name: max(1, round(BATCH / min(timed(call, 1) for _ in range(20)))) for name, call in contenders.items()}
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(BATCHES):
        for name, call in contenders.items():
            taken[name].append(timed(call, calls[name]))
    return {name: 1e6 * float(np.median(each)) for name, each in taken.items()}


def timed(call: Call, calls: int) -> float:
    """Seconds of the processor that a call takes, of so many."""
    started = time.thread_time()
    for _ in range(calls):
        call()
    return max((time.thread_time() - started) / calls, 1e-9)


if __name__ == "__main__":
    main()
