"""int8 in answers: the engine equals NumPy's equations, whose sums of whole numbers are exact; nothing learns."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from native_calls import unpacked
from recurra.batches import Ragged
from recurra.cells.backends.numpy import factor, product
from recurra.config import LEARNING, CellKind, Settings
from recurra.engine import native
from recurra.engine.choose import sweep_layer
from recurra.errors import UsageError
from recurra.layers.recurrent.run import RecurrentSpec, recurrent
from test_native import SHARED, built, each_set, weights_of

KINDS = [kind._replace(precision="int8") for kind in (*SHARED, CellKind("gru", reset_after=False))]
SIZES = [(1, 1), (3, 5), (16, 16), (100, 64), (7, 33), (65, 130)]
LENGTHS = [5, 0, 17, 1, 40, 33, 9]
Numbers = NDArray[np.float32]


def spec_of(kind: CellKind, sizes: tuple[int, int], *, both: bool = False) -> RecurrentSpec:
    return RecurrentSpec(**kind._asdict(), inputs=sizes[0], hidden=sizes[1], bidirectional=both)


def tensors(spec: RecurrentSpec) -> dict[str, Numbers]:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    made = {}
    for seed, (layer, suffix) in enumerate(spec.sweeps):
        drawn = weights_of(spec.cell, spec.inputs, spec.hidden, seed=seed)
        made |= {f"{name}_l{layer}{suffix}": one.detach().numpy() for name, one in zip(names, drawn, strict=True)}
    return {name: one for name, one in made.items() if len(one)}


def normal(*shape: int, seed: int = 0) -> Numbers:
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def batch_of(lengths: list[int], inputs: int, seed: int = 0) -> Ragged[Numbers]:
    offsets = np.cumsum([0, *lengths])
    return Ragged(normal(int(offsets[-1]), inputs, seed=seed), offsets)


def states_of(spec: RecurrentSpec, sequences: int) -> list[tuple[Numbers, ...]]:
    parts = range(len(spec.states))
    return [tuple(normal(sequences, spec.hidden, seed=9 + part) for part in parts) for _ in spec.sweeps]


def swept(spec: RecurrentSpec, batch: Ragged[Numbers], states: Any = None, **how: Any) -> list[Numbers]:
    """Outputs and all parts of all final states."""
    outputs, final = recurrent(spec, tensors(spec), batch, states, **how)
    return [outputs.values, *(part for state in final for part in state)]


def apart(found: list[Numbers], wanted: list[Numbers]) -> float:
    """The largest difference, relative to the largest value or 1."""
    assert [one.shape for one in found] == [one.shape for one in wanted]
    pairs = [(a, b) for a, b in zip(found, wanted, strict=True) if b.size]
    return max(float(np.abs(a - b).max() / max(1.0, np.abs(b).max())) for a, b in pairs)


@lru_cache(maxsize=len(SIZES))
def equations(kind: CellKind, sizes: tuple[int, int], *, both: bool, carried: bool) -> list[Numbers]:
    """What NumPy's equations give; kept for the instruction sets that follow each other."""
    spec, batch = spec_of(kind, sizes, both=both), batch_of(LENGTHS, sizes[0])
    return swept(spec, batch, states_of(spec, len(LENGTHS)) if carried else None, route="numpy")


@built
@each_set
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("carried", [False, True])
def test_the_engine_equals_the_equations(instructions: str, kind: CellKind, carried: bool) -> None:
    for number, sizes in enumerate(SIZES):
        spec, batch = spec_of(kind, sizes, both=number % 2 == 0), batch_of(LENGTHS, sizes[0])
        states = states_of(spec, len(LENGTHS)) if carried else None
        found = swept(spec, batch, states, route="native")
        wanted = equations(kind, sizes, both=number % 2 == 0, carried=carried)
        # ReLU's cells are exact. A quick activation is off by 1e-4, and where a state is multiplied again that may take
        # it to the next whole number: seldom, and by one step.
        largest = 1e-5 if kind.activation == "relu" else 1e-3 if kind.parallel else 2e-2
        assert apart(found, wanted) <= largest, (instructions, sizes)
        assert np.mean(np.abs(found[0] - wanted[0])) <= 1e-3, (instructions, sizes)


@built
@pytest.mark.parametrize("kind", KINDS)
def test_every_instruction_set_gives_the_same_bits(kind: CellKind) -> None:
    library: Any = native.engine().library
    before = library.engine()
    for number, sizes in enumerate(SIZES):
        spec, batch = spec_of(kind, sizes, both=number % 2 == 0), batch_of(LENGTHS, sizes[0])
        # Sums of all sizes: where activations are steep, flat and at their ends.
        batch.values[:] *= 10.0 ** np.random.default_rng(1).integers(-9, 5, (len(batch.values), 1))
        found = set()
        for name in library.available():
            assert library.choose(name)
            found.add(b"".join(part.tobytes() for part in swept(spec, batch)))
        assert len(found) == 1, sizes
    library.choose(before)


@built
@pytest.mark.parametrize("kind", KINDS)
def test_what_rounding_costs_is_bounded(kind: CellKind) -> None:
    for sizes in SIZES[2:]:
        spec, batch = spec_of(kind, sizes, both=True), batch_of(LENGTHS, sizes[0])
        exact = swept(spec.model_copy(update={"precision": "float32"}), batch)
        assert 1e-4 < apart(swept(spec, batch)[:1], exact[:1]) < 6e-2, sizes


def one_product(values: Numbers, weight: Numbers) -> tuple[Numbers, Numbers]:
    """values · weightᵀ as the engine makes it, as the outputs of a ReLU, and as the equations do."""
    hidden, none = len(weight), np.zeros(len(weight), np.float32)
    side = (weight, np.zeros((hidden, hidden), np.float32), none, none)
    kind, offsets = CellKind("rnn", "relu", "int8"), np.arange(len(values) + 1)
    found, _ = native.sweep(kind, [side], values, offsets)
    return found, np.maximum(product(factor(values, "int8"), factor(weight, "int8")), 0)


def whole(rows: int, depth: int, seed: int) -> Numbers:
    """Whole numbers from -127 to 127, both in each row: their step is 1."""
    drawn = np.random.default_rng(seed).integers(-127, 128, (rows, depth)).astype(np.float32)
    drawn[:, 0] = 127
    return drawn


@built
@pytest.mark.parametrize("depth", [1, 3, 4, 5, 63, 64, 65, 1000])
def test_sums_are_exact(instructions: str, depth: int) -> None:
    values, weight = whole(9, depth, seed=1), whole(37, depth, seed=2)
    found, wanted = one_product(values, weight)
    assert np.array_equal(found, np.maximum(values.astype(np.float64) @ weight.T, 0)), instructions
    assert np.array_equal(found, wanted)


@built
def test_the_longest_sums_do_not_overflow_and_longer_ones_are_refused(instructions: str) -> None:
    most = 1 << 17
    ones = np.ones((2, most), np.float32)
    for sign in (1, -1):
        found, _ = one_product(sign * ones, sign * ones)
        np.testing.assert_allclose(found, most, rtol=1e-6, err_msg=instructions)
    with pytest.raises(ValueError, match="inputs: found 131073"):
        unpacked("rnn", "int8", inputs=most + 1)


@built
def test_values_halfway_between_two_whole_numbers_go_to_the_even_one(instructions: str) -> None:
    values = np.array([[127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5]], np.float32)
    found, _ = one_product(np.abs(values), np.eye(8, dtype=np.float32))
    assert found.tolist() == [[127, 0, 2, 2, 0, 2, 2, 126]], instructions
    assert factor(values, "int8").values.tolist() == [[127, 0, 2, 2, 0, -2, -2, 126]]


@built
def test_rows_of_zeros_of_tiny_and_of_huge_values_come_out_as_they_should(instructions: str) -> None:
    base = np.abs(normal(5, 50)) + 0.1
    values = base * np.array([0, 1e-38, 1e-25, 1, 1e30], np.float32)[:, None]
    weight = np.abs(normal(20, 50, seed=1))
    found, wanted = one_product(values, weight)
    assert not found[:2].any() and np.isfinite(found).all(), instructions
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    np.testing.assert_allclose(found[2:], values[2:] @ weight.T, rtol=2e-2)
    weight[3] = 0
    assert not one_product(values, weight)[0][:, 3].any()


@built
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_finite_makes_its_own_row_not_a_number(instructions: str, kind: CellKind, bad: float) -> None:
    spec = spec_of(kind, (50, 20))
    batch = batch_of([2, 2, 2], 50)
    batch.values[1, 30] = bad
    batch.values[4, 0] = bad
    for route in ("native", "numpy"):
        outputs = swept(spec, batch, route=route)[0]
        assert np.isnan(outputs[[1, 4, 5]]).all(), (instructions, route)
        assert np.isfinite(outputs[[0, 2, 3]]).all(), (instructions, route)


@built
def test_a_channel_that_is_not_finite_is_not_a_number_and_leaves_the_others_alone(instructions: str) -> None:
    values, weight = np.abs(normal(3, 40)), np.abs(normal(20, 40, seed=1))
    whole_weight = one_product(values, weight)[0]
    weight[7, 39] = np.inf
    found = one_product(values, weight)[0]
    others = np.arange(20) != 7
    assert np.array_equal(found[:, others], whole_weight[:, others]), instructions
    assert np.isnan(found[:, 7]).all()


@built
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", [(20, 48), (40, 400)])
def test_bits_depend_on_neither_threads_nor_batch_mates_nor_chunks(
    instructions: str, kind: CellKind, sizes: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = [40, 3, 17, 0, 29, 1]
    spec, batch = spec_of(kind, sizes, both=True), batch_of(lengths, sizes[0])
    told = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(native, "threads", lambda threads=threads: threads)
        told.append(swept(spec, batch, states_of(spec, len(lengths))))
    for several in told[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(several, told[0], strict=True)), instructions
    alone = spec_of(kind, sizes)
    whole_batch = swept(alone, batch)[0]
    for start, stop in zip(batch.offsets, batch.offsets[1:], strict=False):
        for cut in {start, (start + stop) // 2}:  # first and second part, the state carried over
            parts, state = [], None
            for begin, end in ((start, cut), (cut, stop)):
                one = Ragged(batch.values[begin:end], np.array([0, end - begin]))
                outputs, state = recurrent(alone, tensors(alone), one, state)
                parts.append(outputs.values)
            assert np.array_equal(np.concatenate(parts), whole_batch[start:stop]), instructions


@built
@pytest.mark.parametrize("kind", KINDS)
def test_distinct_inputs_give_the_same_bits_as_every_token_by_itself(instructions: str, kind: CellKind) -> None:
    spec, words = spec_of(kind, (6, 20), both=True), normal(300, 6, seed=2)
    rows, offsets = np.random.default_rng(0).integers(0, 300, 400).astype(np.int32), np.array([0, 150, 150, 151, 400])
    found = swept(spec, Ragged(words, offsets), rows=rows)
    wanted = swept(spec, Ragged(words[rows], offsets))
    assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True)), instructions


@built
def test_the_engine_learns_nothing_in_int8() -> None:
    kind, places = CellKind("gru", precision="int8"), native.ragged(np.array([0, 3]))
    four = tuple(one.detach().numpy() for one in weights_of("gru", 3, 4))
    with pytest.raises(ValueError, match="backward: found true of int8"):
        native.layer(kind, four, reverse=False, backward=True, threads=1)  # type: ignore[arg-type]
    packed = native.layer(kind, four, reverse=False, backward=False, threads=1)  # type: ignore[arg-type]
    outputs = np.zeros((3, 4), np.float32)
    with pytest.raises(ValueError, match="keep: found true of int8"):
        native.compiled.forward([packed], places, values=normal(3, 3), outputs=outputs, keep=True, threads=1)
    assert not outputs.any()
    with pytest.raises(ValueError, match="reset_after"):
        unpacked("gru", "bf16", reset_after=False)


@pytest.mark.parametrize("route", [None, "plain"])
def test_torch_refuses_to_learn_in_int8(route: Any) -> None:
    inputs = Ragged(torch.zeros(3, 3), np.array([0, 3]))
    with pytest.raises(UsageError, match="found int8; allowed: float32, bf16"):
        sweep_layer(CellKind("gru", precision="int8"), inputs, [weights_of("gru", 3, 4)], route=route)


def test_settings_of_training_refuse_int8_in_one_line() -> None:
    assert LEARNING == ("float32", "bf16")
    with pytest.raises(UsageError, match=r"net\.precision: .*'float32' or 'bf16', found 'int8'") as refused:
        Settings().changed({"precision": "int8"})
    assert "\n" not in str(refused.value)
