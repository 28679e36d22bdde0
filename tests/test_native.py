"""The native engine equals the equations: every cell, activation, direction, instruction set, value and gradient."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.batches import Ragged
from recurra.cells import CELLS
from recurra.cells.backends.torch import SweepWeights
from recurra.config import CellKind, CellName
from recurra.engine import native
from recurra.engine.autograd import native_sweep
from recurra.engine.choose import sweep_layer
from recurra.engine.native import engine, knows, padded, ragged

FOUND = engine()
built = pytest.mark.skipif(FOUND.library is None, reason="the native engine was not built here")
SHARED = [CellKind(cell, activation) for cell in CELLS for activation in CELLS[cell].activations]
KINDS = [*SHARED, CellKind("gru", reset_after=False)]
BOTH = [kind for one in KINDS for precision in ("float32", "bf16") if knows(kind := one._replace(precision=precision))]
# Instruction sets vary fastest where the equations' answer, which none of them changes, is worked out once for all.
each_set = pytest.mark.parametrize("instructions", FOUND.available or ["none"], indirect=True)
TOLERANCE = 1e-5
SIZES = [(1, 1), (3, 5), (16, 16), (100, 64), (7, 33), (65, 130)]


def test_where_a_compiler_is_the_engine_was_built() -> None:
    # Without one the package installs all the same, which would also hide a source that does not compile.
    assert FOUND.library is not None or not any(shutil.which(name) for name in ("c++", "g++", "clang++"))


def weights_of(
    cell: CellName, inputs: int, hidden: int, *, seed: int = 0, dtype: torch.dtype = torch.float32
) -> SweepWeights:
    generator = torch.Generator().manual_seed(seed)
    rows = hidden * len(CELLS[cell].gates)
    recurrent, recurrent_bias = CellKind(cell).recurrent_shapes(hidden)
    shapes = ((rows, inputs), recurrent, (rows,), recurrent_bias)
    scales = (inputs**-0.5, 0.7 * hidden**-0.5, 0.1, 0.1)
    drawn = [torch.randn(shape, generator=generator) * scale for shape, scale in zip(shapes, scales, strict=True)]
    return SweepWeights(*(one.to(dtype).requires_grad_() for one in drawn))


def drawn(*shape: int, seed: int, dtype: torch.dtype) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype).requires_grad_()


def everything(
    kind: CellKind, sizes: tuple[int, int], lengths: list[int], *, both: bool, carried: bool, route: Any
) -> list[torch.Tensor]:
    """Outputs, final states and all gradients; the equations in float64, the native engine in float32."""
    cell = kind.cell
    dtype = torch.float64 if route == "plain" else torch.float32
    inputs, hidden = sizes
    offsets = np.cumsum([0, *lengths])
    sides = range(2 if both else 1)
    weights = [weights_of(cell, inputs, hidden, seed=20 + side, dtype=dtype) for side in sides]
    values = drawn(int(offsets[-1]), inputs, seed=1, dtype=dtype)
    parts = len(kind.states)
    states = [
        tuple(drawn(len(lengths), hidden, seed=2 + 2 * side + part, dtype=dtype) for part in range(parts))
        for side in sides
    ]
    begin = states if carried else None
    outputs, final = sweep_layer(kind, Ragged(values, offsets), weights, begin, route=route)
    told = [outputs.values, *(part for state in final for part in state or ())]
    loss = sum((one * drawn(*one.shape, seed=9 + place, dtype=dtype)).sum() for place, one in enumerate(told))
    learnt = [values, *(one for side in weights for one in side), *(part for state in begin or () for part in state)]
    gradients = torch.autograd.grad(loss, learnt, allow_unused=True)  # type: ignore[arg-type]
    each = zip(learnt, gradients, strict=True)
    told += [torch.zeros_like(one) if gradient is None else gradient for one, gradient in each]
    return [one.detach() for one in told if one.numel()]


@lru_cache(maxsize=2 * len(SIZES))
def equations(
    kind: CellKind, sizes: tuple[int, int], lengths: tuple[int, ...], *, both: bool, carried: bool
) -> list[torch.Tensor]:
    """What `everything` is by the equations; kept for the instruction sets that follow each other."""
    return everything(kind, sizes, list(lengths), both=both, carried=carried, route="plain")


def worst(found: list[torch.Tensor], wanted: list[torch.Tensor]) -> float:
    """Largest difference of any tensor, relative to that tensor's largest value or 1."""
    assert [one.shape for one in found] == [one.shape for one in wanted]
    pairs = [(a.double(), b) for a, b in zip(found, wanted, strict=True) if b.numel()]
    return max((float((a - b).abs().max() / b.abs().max().clamp(min=1)) for a, b in pairs), default=0.0)


@built
@each_set
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("carried", [False, True])
def test_values_and_gradients_equal_the_equations(instructions: str, kind: CellKind, both: bool, carried: bool) -> None:
    for number, sizes in enumerate(SIZES):
        lengths = [5, 0, 1, 9, 9, 2, 12] if number % 2 else [11] * (number + 1)
        how = {"both": both, "carried": carried}
        found = everything(kind, sizes, lengths, route="native", **how)
        assert worst(found, equations(kind, sizes, tuple(lengths), **how)) <= TOLERANCE, (instructions, sizes)


def apart(found: list[torch.Tensor], wanted: list[torch.Tensor]) -> float:
    """Length of the largest difference of any tensor, relative to that tensor's length: bfloat16 rounds each value."""
    pairs = [(a.double(), b) for a, b in zip(found, wanted, strict=True) if b.numel()]
    return max((float((a - b).norm() / b.norm().clamp(min=1e-3)) for a, b in pairs), default=0.0)


@built
@each_set
@pytest.mark.parametrize("kind", SHARED)
@pytest.mark.parametrize("carried", [False, True])
def test_bfloat16_values_and_gradients_equal_the_equations_that_round_alike(
    instructions: str, kind: CellKind, carried: bool
) -> None:
    for number, sizes in enumerate(SIZES[1:]):
        how: Any = {"both": number % 2 == 0, "carried": carried}
        lengths = (5, 0, 17, 1, 40, 33, *([9] * (3 * number)))
        rounding, exact = kind._replace(precision="bf16"), equations(kind, sizes, lengths, **how)
        found = everything(rounding, sizes, list(lengths), route="native", **how)
        # A ReLU whose sum rounds to the other side of zero has another slope: few of them, and each counts whole.
        allowed = 6e-2 if kind.activation == "relu" else 1e-2
        wanted = equations(rounding, sizes, lengths, **how)
        assert apart(found, wanted) <= allowed, (instructions, sizes)
        assert 1e-5 < apart(found[:1], exact[:1]) <= 1e-2, (instructions, sizes)


@built
@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    sizes=st.tuples(st.integers(1, 40), st.integers(1, 70)),
    lengths=st.lists(st.integers(0, 20), min_size=1, max_size=12),
    both=st.booleans(),
    carried=st.booleans(),
)
def test_any_lengths_sizes_and_states_equal_the_equations(
    kind: CellKind, sizes: tuple[int, int], lengths: list[int], both: bool, carried: bool
) -> None:
    how = {"both": both, "carried": carried}
    if sum(lengths) or carried:
        found = everything(kind, sizes, lengths, route="native", **how)
        assert worst(found[:1], everything(kind, sizes, lengths, route="plain", **how)[:1]) <= TOLERANCE


def swept(
    kind: CellKind, lengths: list[int], rows: list[int], threads: int
) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
    """Outputs of each chosen sequence, then all gradients when all are chosen."""
    cell = kind.cell
    torch_threads = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        values = [drawn(length, 20, seed=place, dtype=torch.float32) for place, length in enumerate(lengths)]
        offsets = np.cumsum([0, *(lengths[row] for row in rows)])
        weights = [weights_of(cell, 20, 48, seed=side) for side in range(2)]
        batch = torch.cat([values[row] for row in rows])
        outputs, _, _ = native_sweep(kind, ragged(offsets), batch, weights)
        outputs.square().sum().backward()  # type: ignore[no-untyped-call]
        parts = [outputs[start:stop] for start, stop in pairwise(offsets)]
        gradients = [one.grad for side in weights for one in side if one.grad is not None]
        return [one.detach().numpy() for one in (*parts, *gradients)]
    finally:
        torch.set_num_threads(torch_threads)


@built
@pytest.mark.parametrize("kind", BOTH)
def test_bits_do_not_depend_on_threads_and_outputs_not_on_the_batch(instructions: str, kind: CellKind) -> None:
    lengths = [40, 3, 17, 29, 29, 1, 8]
    rows = list(range(len(lengths)))
    one, several = swept(kind, lengths, rows, 1), swept(kind, lengths, rows, 3)
    assert all(np.array_equal(a, b) for a, b in zip(one, several, strict=True))
    turned = [4, 1, 5, 2]
    for place, row in enumerate(turned):
        assert np.array_equal(swept(kind, lengths, turned, 2)[place], one[row]), instructions


@built
@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("lengths", [[9], [0], [7, 12]])
def test_threads_that_share_the_panels_of_few_wide_sequences_give_the_same_bits(
    instructions: str, kind: CellKind, lengths: list[int]
) -> None:
    told, before = [], torch.get_num_threads()
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        told.append(everything(kind, (40, 400), lengths, both=True, carried=True, route="native"))
    torch.set_num_threads(before)
    assert all(torch.equal(a, b) for several in told[1:] for a, b in zip(several, told[0], strict=True)), instructions


@built
def test_a_hundred_thousand_tokens_may_stand_in_one_sequence() -> None:
    found = everything(CellKind("gru"), (2, 5), [100_000], both=False, carried=False, route="native")
    assert all(torch.isfinite(one).all() for one in found)


@built
@pytest.mark.parametrize("kind", BOTH)
def test_what_is_not_a_number_stays_one_and_stays_in_its_sequence(instructions: str, kind: CellKind) -> None:
    values = torch.zeros(6, 3)
    values[1], values[4] = torch.nan, torch.inf
    weights = [weights_of(kind[0], 3, 20)]
    outputs, _, _ = native_sweep(kind, ragged(np.array([0, 2, 4, 6])), values, weights)
    assert torch.isnan(outputs[1]).all(), instructions
    assert torch.isfinite(outputs[[0, 2, 3]]).all()


@built
def test_errors_that_vanish_become_zero_and_the_callers_own_arithmetic_keeps_its_denormals() -> None:
    weights, values = [weights_of("gru", 3, 20)], drawn(3000, 3, seed=0, dtype=torch.float32)
    outputs, _, _ = native_sweep(CellKind("gru"), ragged(np.array([0, 3000])), values, weights)
    outputs[-1].sum().backward()  # type: ignore[no-untyped-call]
    assert values.grad is not None
    far, near = values.grad[:1000], values.grad[-10:]
    assert near.all() and not far.any()
    assert np.float32(1e-30) * np.float32(1e-10) > 0


@built
@pytest.mark.parametrize("kind", BOTH)
def test_distinct_inputs_give_the_same_bits_as_every_token_by_itself(instructions: str, kind: CellKind) -> None:
    sides = [tuple(one.detach().numpy() for one in weights_of(kind[0], 6, 20, seed=seed)) for seed in (0, 1)]
    words = drawn(9, 6, seed=2, dtype=torch.float32).detach().numpy()
    rows = np.random.default_rng(0).integers(0, 9, 400).astype(np.int32)
    # Few sequences, and as many as fill a tile of bfloat16, whose inputs are multiplied in another place.
    for offsets in (np.array([0, 150, 150, 151, 400]), np.arange(0, 401, 10)):
        found, _ = native.sweep(kind, sides, words, offsets, None, rows)
        wanted, _ = native.sweep(kind, sides, words[rows], offsets)
        assert np.array_equal(found, wanted), instructions
    for wrong in (np.full(400, 9, np.int32), np.full(400, -1, np.int32), rows[:399]):
        with pytest.raises(ValueError, match="rows"):
            native.sweep(kind, sides, words, offsets, None, wrong)


@built
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_columns_of_a_grid_are_swept_each_to_its_own_end(cell: CellName) -> None:
    steps, lengths = 7, np.array([7, 0, 3, 5])
    values = drawn(steps * 4, 6, seed=0, dtype=torch.float32)
    weights = [weights_of(cell, 6, 10, seed=side) for side in (0, 1)]
    outputs, final, _ = native_sweep(CellKind(cell), padded(steps, lengths), values, weights)
    (found,) = torch.autograd.grad(outputs.square().sum(), values)
    columns = values.view(steps, 4, 6)
    for row, length in enumerate(lengths):
        alone = columns[:length, row].contiguous()
        wanted, end, _ = native_sweep(CellKind(cell), ragged(np.array([0, length])), alone, weights)
        assert torch.equal(outputs.view(steps, 4, 20)[:length, row], wanted) and torch.equal(final[:, row], end[:, 0])
        assert not outputs.view(steps, 4, 20)[length:, row].any() and not found.view(steps, 4, 6)[length:, row].any()


@built
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("both", [False, True])
def test_distinct_inputs_give_the_same_as_every_token_with_its_own(
    instructions: str, kind: CellKind, both: bool
) -> None:
    for sizes, lengths, known in (((5, 7), [4, 0, 9, 1], 3), ((100, 33), [30] * 12, 40), ((17, 130), [70, 3], 200)):
        places, rows = ragged(np.cumsum([0, *lengths])), np.random.default_rng(0).integers(0, known, sum(lengths))
        values = drawn(known, sizes[0], seed=1, dtype=torch.float32)
        weights = [weights_of(kind.cell, *sizes, seed=20 + side) for side in range(1 + both)]
        learnt = [values, *(one for side in weights for one in side if one.numel())]
        told = {}
        for name, mine, row in (("distinct", values, rows.astype(np.int32)), ("each", values[rows], None)):
            outputs, *final = native_sweep(kind, places, mine, weights, rows=row)
            loss = (outputs * drawn(*outputs.shape, seed=3, dtype=torch.float32)).sum() + final[0].square().sum()
            told[name] = [outputs.detach(), *torch.autograd.grad(loss, learnt)]
        assert torch.equal(told["distinct"][0], told["each"][0]), instructions
        assert worst(told["distinct"], [one.double() for one in told["each"]]) <= TOLERANCE, (instructions, sizes)


@built
def test_a_second_gradient_equals_the_first_unless_inputs_are_distinct() -> None:
    places, rows = ragged(np.array([0, 4])), np.array([0, 1, 1, 2], np.int32)
    values, weights = drawn(4, 3, seed=0, dtype=torch.float32), [weights_of("gru", 3, 4)]
    loss = native_sweep(CellKind("gru"), places, values, weights)[0].square().sum()
    first, second = (torch.autograd.grad(loss, [values, *weights[0]], retain_graph=True) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    loss = native_sweep(CellKind("gru"), places, values[:3], weights, rows=rows)[0].square().sum()
    loss.backward(retain_graph=True)  # type: ignore[no-untyped-call]
    with pytest.raises(RuntimeError, match="used up"):
        loss.backward()  # type: ignore[no-untyped-call]


@built
def test_several_python_threads_use_it_at_once() -> None:
    kind = CellKind("lstm")
    alone = swept(kind, [30] * 8, list(range(8)), 2)
    with ThreadPoolExecutor(4) as several:
        for found in several.map(lambda _: swept(kind, [30] * 8, list(range(8)), 2), range(12)):
            assert all(np.array_equal(a, b) for a, b in zip(found, alone, strict=True))
