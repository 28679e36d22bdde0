"""A session reads on: whole, in parts, token by token and among others it answers with the same bits."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from recurra.batches import join
from recurra.cells import CELLS
from recurra.engine import native
from recurra.errors import UsageError
from recurra.layers.matrix.run import DenseSpec, EmbeddingSpec
from recurra.layers.pooling.run import PoolingSpec
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.nets.run import Plan, run
from recurra.nets.sequences import SequenceNet
from recurra.nets.stepping import steps_of, streams_of
from recurra.nets.stepping_plain import PlainStreams
from recurra.session import Session
from recurra.tasks.heads.sequence.run import ImportedNet, ImportOrigin
from small_models import drawn

WITH_ENGINE = pytest.mark.skipif(not native.serves(np.dtype(np.float32)), reason="no native engine")


class Stack(Plan):
    """A plain stack: perhaps vectors of words, recurrent layers, perhaps pooling and a dense layer."""

    pools = False
    embedding: EmbeddingSpec | None = None
    recurrent: RecurrentSpec
    pooling: PoolingSpec | None = None
    dense: DenseSpec | None = None


def stack(random: np.random.Generator, **choices: Any) -> tuple[Stack, dict[str, Any]]:
    """A stack of drawn sizes and choices, with its weights."""
    cell = choices.get("cell") or str(random.choice(list(CELLS)))
    activation = str(random.choice(CELLS[cell].activations))
    precision = choices.get("precision") or str(random.choice(["float32", "int8"]))
    inputs, hidden, layers = int(random.integers(1, 40)), int(random.integers(1, 70)), int(random.integers(1, 4))
    words = bool(random.integers(2))
    before = cell == "gru" and random.integers(2)
    recurrent = RecurrentSpec(
        cell=cell, activation=activation, precision=precision, inputs=inputs, hidden=hidden, layers=layers,
        reset_after=not before,
    )  # fmt: skip
    parts = tuple(str(one) for one in random.permutation(["last", "mean", "max"])[: random.integers(0, 4)])
    pooling = PoolingSpec(parts=parts, inputs=hidden) if parts else None
    wide = pooling.outputs if pooling else hidden
    outputs, how = int(random.integers(1, 40)), str(random.choice(["linear", "tanh", "relu"]))
    dense = DenseSpec(inputs=wide, outputs=outputs, activation=how) if random.integers(3) else None
    embedding = EmbeddingSpec(words=50, size=inputs, scale=0.5) if words else None
    plan = Stack(embedding=embedding, recurrent=recurrent, pooling=pooling, dense=dense)
    tensors = drawn(plan, seed=int(random.integers(1 << 30)))
    for tensor in tensors.values():
        tensor.flags.writeable = bool(choices.get("writeable"))
    return plan, tensors


def tokens_of(plan: Stack, random: np.random.Generator, count: int) -> Any:
    if plan.embedding:
        return random.integers(0, 50, (count, 1))
    return random.standard_normal((count, plan.recurrent.inputs)).astype(np.float32)


def read(streams: Any, tokens: Any, *, every: bool = True, **places: Any) -> Any:
    rows = len(tokens) if every else len(places["offsets"]) - 1
    answers = np.empty((rows, streams.steps.outputs), np.float32)
    name = "ids" if streams.steps.each else "values"
    streams.read(**{name: np.ascontiguousarray(tokens)}, answers=answers, every=every, raw=True, **places)
    return answers


def whole(streams: Any, tokens: Any, slot: int = 0) -> Any:
    return read(streams, tokens, offsets=np.array([0, len(tokens)]), slots=np.array([slot]))


def one_case(seed: int) -> None:
    random = np.random.default_rng(seed)
    plan, tensors = stack(random)
    steps = steps_of(plan, tensors)
    sequences = [tokens_of(plan, random, int(random.integers(1, 200))) for _ in range(int(random.integers(1, 9)))]
    wanted = [whole(streams_of(steps, 1), tokens) for tokens in sequences]
    # In parts of any lengths, some of one token.
    for tokens, answers in zip(sequences, wanted, strict=True):
        alone, at = streams_of(steps, 1), 0
        while at < len(tokens):
            size = int(random.choice([1, 1, 2, 7, 64, 150]))
            np.testing.assert_array_equal(whole(alone, tokens[at : at + size]), answers[at : at + size])
            at += size
    # Among others, in any order, as many tokens of each as come.
    pool, slots = streams_of(steps, len(sequences)), random.permutation(len(sequences))
    done = np.zeros(len(sequences), int)
    while any(done[row] < len(tokens) for row, tokens in enumerate(sequences)):
        left = [row for row, tokens in enumerate(sequences) if done[row] < len(tokens)]
        rows = random.permutation(left)[: random.integers(1, len(left) + 1)]
        sizes = [int(min(random.integers(1, 90), len(sequences[row]) - done[row])) for row in rows]
        parts = [sequences[row][done[row] : done[row] + size] for row, size in zip(rows, sizes, strict=True)]
        every = bool(random.integers(2))
        got = read(
            pool, np.concatenate(parts), every=every, offsets=np.cumsum([0, *sizes]), slots=slots[rows].astype(np.int64)
        )
        kept = [
            wanted[row][done[row] if every else done[row] + size - 1 : done[row] + size]
            for row, size in zip(rows, sizes, strict=True)
        ]
        np.testing.assert_array_equal(got, np.concatenate(kept))
        done[rows] += sizes


@WITH_ENGINE
@pytest.mark.parametrize("seed", range(25))
def test_whole_in_parts_token_by_token_and_among_others_give_the_same_bits(seed: int) -> None:
    one_case(seed)


@WITH_ENGINE
@pytest.mark.slow
def test_a_thousand_drawn_nets_give_the_same_bits_however_they_read() -> None:
    for seed in range(1_000):
        one_case(seed)


@WITH_ENGINE
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_session_has_the_bits_of_the_sweep_of_predict(precision: str) -> None:
    random = np.random.default_rng(1)
    for cell in CELLS:
        plan, tensors = stack(random, cell=cell, precision=precision)
        plan = plan.model_copy(update={"dense": None})
        sequences = [tokens_of(plan, random, length) for length in (1, 7, 64, 65, 200)]
        flat = [tokens[:, 0].astype(np.int32) if plan.embedding else tokens for tokens in sequences]
        rows = run(plan, tensors, join(flat))[0]
        streams = streams_of(steps_of(plan, tensors), 5)
        offsets = np.cumsum([0, *map(len, sequences)])
        got = read(streams, np.concatenate(sequences), every=plan.pooling is None, offsets=offsets)
        np.testing.assert_array_equal(got, rows)


@pytest.mark.parametrize("seed", range(8))
def test_numpy_steps_as_the_engine_does_but_for_rounding(seed: int) -> None:
    random = np.random.default_rng(seed)
    plan, tensors = stack(random, precision="float32")
    steps = steps_of(plan, tensors)
    tokens = tokens_of(plan, random, 90)
    plain, quick = PlainStreams(steps, 2), streams_of(steps, 2)
    places = {"offsets": np.array([0, 30, 31, 90]), "slots": np.array([0, 1, 0])}
    for _ in range(2):
        np.testing.assert_allclose(
            read(plain, tokens, every=False, **places), read(quick, tokens, every=False, **places), rtol=1e-4, atol=1e-5
        )
    for part, other in zip(plain.parts, quick.parts, strict=True):
        np.testing.assert_allclose(part, other, rtol=1e-4, atol=1e-4)
    assert plain.counts.tolist() == quick.counts.tolist() == [178, 2]


def test_an_imported_stack_is_stepped_as_it_runs_whole() -> None:
    layers = (
        EmbeddingSpec(words=9, size=3),
        RecurrentSpec(cell="gru", inputs=3, hidden=6, layers=2),
        DenseSpec(inputs=6, outputs=4, activation="relu"),
        RecurrentSpec(cell="lstm", inputs=4, hidden=5),
    )
    origin = ImportOrigin(file="x", sha256="", form="torch", took=(), against="nobody", difference=0.0, cases=1)
    for chain in (layers, layers[1:]):
        plan = SequenceNet(chain=chain)
        model = ImportedNet(plan, drawn(plan), origin)
        random = np.random.default_rng(0)
        values = random.integers(0, 9, 20) if plan.words else random.standard_normal((20, 3)).astype(np.float32)
        wanted, _ = model.run([values])
        session = Session(model)
        np.testing.assert_allclose([session.push(one) for one in values], wanted[0], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(Session(model).push_many(values)[:7], Session(model).push_many(values[:7]))
        assert session.names == () and session.outputs == 5 and list(session.parts) == [
            "recurrent0.l0.hidden", "recurrent0.l1.hidden", "recurrent1.l0.hidden", "recurrent1.l0.cell",
        ]  # fmt: skip
        with pytest.raises(UsageError, match=r"observations|tokens"):
            session.push([1.0] * 7)
        if not plan.words:
            with pytest.raises(UsageError, match="finite"):
                session.push([1.0, np.nan, 0.0])
            with pytest.raises(UsageError, match="a text"):
                session.push("words")
            odd = np.asfortranarray(values.astype(np.float64))[::-1][::-1]
            np.testing.assert_array_equal(Session(model).push_many(odd), Session(model).push_many(values))


@WITH_ENGINE
def test_other_threads_of_python_run_while_a_call_that_is_worth_it_works() -> None:
    plan, tensors = stack(np.random.default_rng(0), cell="lstm", precision="float32")
    streams = streams_of(steps_of(plan, tensors), 1)
    tokens = tokens_of(plan, np.random.default_rng(0), 400_000)
    begun, ended = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        read(streams, tokens, every=False, offsets=np.array([0, len(tokens)]))
        ended.set()

    thread, steps = threading.Thread(target=work), 0
    thread.start()
    begun.wait()
    with pytest.raises(ValueError, match="another thread"):
        while not ended.is_set():
            steps += 1
            if steps > 100:
                whole(streams, tokens[:1])
    thread.join()
    assert steps > 100
    assert streams.counts[0] == len(tokens)
