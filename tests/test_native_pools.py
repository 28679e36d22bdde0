"""Pooling of the native engine equals the equations in float64: every part, value, gradient and instruction set."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from recurra.batches import Ragged
from recurra.config import Pool
from recurra.engine import native
from recurra.engine.native import compiled, engine, padded, ragged
from recurra.layers.pooling.learn import Pooling, Scorer, native_pool
from recurra.layers.pooling.run import PoolingSpec, pooling
from recurra.nets.learn import tensors_of

FOUND = engine()
pytestmark = pytest.mark.skipif(FOUND.library is None, reason="the native engine was not built here")
ALL: tuple[Pool, ...] = ("max", "attention", "last", "mean")
PARTS: list[tuple[Pool, ...]] = [("last",), ("mean",), ("max",), ("attention",), ("mean", "max"), ALL]
TOLERANCE = 1e-5


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def spec_of(parts: Sequence[Pool], inputs: int, *, heads: int = 1, scorer: int = 32) -> PoolingSpec:
    return PoolingSpec(parts=tuple(parts), inputs=inputs, heads=heads, scorer=scorer, bidirectional=inputs % 2 == 0)


def net_of(spec: PoolingSpec, dtype: torch.dtype) -> Pooling:
    net = Pooling(spec).to(dtype)
    with torch.no_grad():
        for place, weight in enumerate(net.parameters()):
            weight.copy_(drawn(*weight.shape, seed=30 + place) * (1.5 if place == 2 else weight.shape[-1] ** -0.5))
    return net


def everything(spec: PoolingSpec, offsets: Any, dtype: torch.dtype) -> list[Tensor]:
    """The result and all gradients: float64 takes the equations in torch, float32 the engine."""
    net, values = net_of(spec, dtype), drawn(int(offsets[-1]), spec.inputs, seed=1).to(dtype).requires_grad_()
    found = net(Ragged(values, offsets))
    (found * drawn(*found.shape, seed=2).to(dtype)).sum().backward()
    gradients = [weight.grad for weight in (values, *net.parameters())]
    return [found.detach(), *(one for one in gradients if one is not None)]


def worst(found: list[Tensor], wanted: list[Tensor]) -> float:
    """Largest difference of any tensor, relative to that tensor's largest value or 1."""
    assert [one.shape for one in found] == [one.shape for one in wanted]
    pairs = [(a.double(), b) for a, b in zip(found, wanted, strict=True) if b.numel()]
    return max((float((a - b).abs().max() / b.abs().max().clamp(min=1)) for a, b in pairs), default=0.0)


SIZES = [(1, 1, 1), (6, 3, 5), (16, 1, 32), (50, 5, 33), (130, 2, 70), (7, 7, 16)]


@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize(("inputs", "heads", "units"), SIZES)
def test_values_and_gradients_equal_the_equations(
    instructions: str, parts: tuple[Pool, ...], inputs: int, heads: int, units: int
) -> None:
    spec = spec_of(parts, inputs, heads=heads, scorer=units)
    offsets = np.cumsum([0, 5, 0, 1, 64, 65, 17, 0, 200])
    found = everything(spec, offsets, torch.float32)
    assert worst(found, everything(spec, offsets, torch.float64)) <= TOLERANCE, instructions
    assert not found[0][[1, 6]].any()


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 140), max_size=9),
    parts=st.permutations(ALL).flatmap(lambda order: st.integers(1, 4).map(lambda count: order[:count])),
    span=st.integers(1, 40),
    heads=st.integers(1, 3),
)
def test_any_lengths_parts_and_widths_equal_the_equations(
    lengths: list[int], parts: list[Pool], span: int, heads: int
) -> None:
    spec = spec_of(parts, span * heads, heads=heads)
    offsets = np.cumsum([0, *lengths])
    found = everything(spec, offsets, torch.float32)
    if sum(lengths):
        assert worst(found, everything(spec, offsets, torch.float64)) <= TOLERANCE
    assert found[0].shape == (len(lengths), spec.outputs)


def test_a_batch_of_nothing_has_no_rows_and_leaves_gradients_of_zero() -> None:
    for offsets in (np.array([0]), np.array([0, 0, 0])):
        found = everything(spec_of(ALL, 6, heads=2), offsets, torch.float32)
        assert found[0].shape == (len(offsets) - 1, 24) and len(found) == 5
        assert not any(one.any() for one in found)


def test_a_hundred_thousand_tokens_may_stand_in_one_sequence() -> None:
    spec, offsets = spec_of(ALL, 6, heads=2), np.array([0, 100_000])
    found, wanted = (everything(spec, offsets, dtype) for dtype in (torch.float32, torch.float64))
    assert worst(found, wanted) <= TOLERANCE
    # Every weight of the softmax is about 1e-5: a difference counts beside what it differs from.
    assert float((found[1].double() - wanted[1]).norm() / wanted[1].norm()) <= TOLERANCE


@pytest.mark.parametrize("scale", [1e-3, 30.0, 1e4])
def test_scores_far_apart_neither_overflow_nor_lose_the_small_ones(instructions: str, scale: float) -> None:
    values, offsets = drawn(300, 8), np.array([0, 300])
    scorer = [drawn(5, 8, seed=3), drawn(5, seed=4), drawn(2, 5, seed=5) * scale]
    found = native.pool(
        values.numpy(), ragged(offsets), ["attention"], tuple(one.numpy() for one in scorer), threads=1  # type: ignore[arg-type]
    )  # fmt: skip
    weight, bias, query = (one.double() for one in scorer)
    scores = torch.tanh(values.double() @ weight.T + bias) @ query.T
    # A score of 100 in float32 is exact to 1e-5, and so is what it is raised to.
    allowed = 1e-5 * max(1.0, scale / 10)
    assert found.shares is not None
    np.testing.assert_allclose(found.shares, torch.softmax(scores, 0).T.numpy(), rtol=allowed, atol=1e-30)
    np.testing.assert_allclose(found.shares.sum(axis=1), 1.0, rtol=1e-6)


def swept(lengths: list[int], rows: list[int], threads: int) -> list[Any]:
    """The rows of the chosen sequences, their values' gradients, then the scorer's."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        spec = spec_of(ALL, 260, heads=2)
        net = net_of(spec, torch.float32)
        values = torch.cat([drawn(lengths[row], 260, seed=row) for row in rows]).requires_grad_()
        offsets = np.cumsum([0, *(lengths[row] for row in rows)])
        found = net(Ragged(values, offsets))
        (found * drawn(1, spec.outputs, seed=9)).sum().backward()
        assert values.grad is not None
        parts = [values.grad[start:stop] for start, stop in pairwise(offsets)]
        gradients = [weight.grad for weight in net.parameters() if weight.grad is not None]
        return [one.detach().numpy() for one in (*found, *parts, *gradients)]
    finally:
        torch.set_num_threads(before)


def test_bits_do_not_depend_on_threads_and_rows_not_on_the_batch(instructions: str) -> None:
    lengths = [300, 3, 170, 65, 64, 1, 80, 129, 12, 40, 7, 90, 31, 2, 500, 60, 33, 20]
    rows = list(range(len(lengths)))
    one = swept(lengths, rows, 1)
    for threads in (2, 5):
        assert all(np.array_equal(a, b) for a, b in zip(swept(lengths, rows, threads), one, strict=True)), instructions
    turned = [4, 1, 14, 2]
    told = swept(lengths, turned, 2)
    for place, row in enumerate(turned):
        assert np.array_equal(told[place], one[row])
        assert np.array_equal(told[len(turned) + place], one[len(rows) + row])


def test_the_answers_without_torch_have_the_bits_of_training(instructions: str) -> None:
    spec, offsets = spec_of(ALL, 34, heads=2), np.array([0, 5, 5, 90])
    net, values = net_of(spec, torch.float32), drawn(90, 34)
    ran = pooling(spec, tensors_of(net), Ragged(values.numpy(), offsets))
    assert np.array_equal(ran, net(Ragged(values, offsets)).detach().numpy())


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_what_is_not_a_number_wins_and_stays_in_its_sequence_and_its_columns(instructions: str, broken: float) -> None:
    values, offsets = drawn(12, 6), np.array([0, 4, 8, 12])
    values[5, 1] = broken
    best, mean, last = native_pool(values, offsets, ("max", "mean", "last")).split(6, dim=1)
    for one in (best, mean):
        assert torch.isfinite(one[[0, 2]]).all() and torch.isfinite(one[1, [0, 2, 3, 4, 5]]).all()
        assert one[1, 1].isnan() if np.isnan(broken) else one[1, 1] == np.inf
    assert torch.isfinite(last).all()
    scorer = Scorer(drawn(5, 6, seed=3), drawn(5, seed=4), drawn(2, 5, seed=5))
    weighted = native_pool(values, offsets, ("attention",), scorer)
    assert torch.isfinite(weighted[[0, 2]]).all() and not torch.isfinite(weighted[1, 1])


def test_the_first_of_equal_maxima_gets_the_whole_gradient(instructions: str) -> None:
    values = torch.tensor([[1.0, 2.0], [3.0, 2.0], [3.0, -1.0]], requires_grad=True)
    found = native_pool(values, np.array([0, 3, 3]), ("max",))
    (found * torch.tensor([[5.0, 7.0], [1.0, 1.0]])).sum().backward()  # type: ignore[no-untyped-call]
    assert found.tolist() == [[3.0, 2.0], [0.0, 0.0]]
    assert values.grad is not None and values.grad.tolist() == [[0.0, 7.0], [5.0, 0.0], [0.0, 0.0]]


def test_values_with_gaps_between_their_rows_are_read_as_they_are() -> None:
    wide, offsets = drawn(20, 12).requires_grad_(), np.array([0, 9, 20])
    found = native_pool(wide[:, 3:9], offsets, ("mean", "max"))
    wanted = native_pool(wide[:, 3:9].contiguous(), offsets, ("mean", "max"))
    assert torch.equal(found, wanted)
    first, second = (torch.autograd.grad(one.square().sum(), wide)[0] for one in (found, wanted))
    assert torch.equal(first, second)


def test_a_second_gradient_equals_the_first() -> None:
    values, offsets = drawn(8, 4).requires_grad_(), np.array([0, 8])
    scorer = Scorer(*(one.requires_grad_() for one in (drawn(5, 4), drawn(5), drawn(1, 5))))
    loss = native_pool(values, offsets, ALL, scorer).square().sum()
    first, second = (torch.autograd.grad(loss, values, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)


def floats(*shape: int) -> Any:
    return np.zeros(shape, np.float32)


GOOD: dict[str, Any] = {
    "values": floats(6, 4),
    "parts": ["attention", "max"],
    "directions": 2,
    "scorer": (floats(3, 4), floats(3), floats(2, 3)),
    "where": np.zeros((2, 4), np.int32),
    "shares": floats(2, 6),
    "hidden": floats(6, 3),
}
BAD: dict[str, dict[str, Any]] = {
    "too few values": {"values": floats(5, 4)},
    "columns apart": {"values": floats(6, 8)[:, ::2]},
    "no columns": {"values": floats(6, 0)},
    "rows on top of each other": {"values": np.lib.stride_tricks.as_strided(floats(9), (6, 4), (4, 4))},
    "an unknown part": {"parts": ["attention", "median"]},
    "a part twice": {"parts": ["max", "attention", "max"]},
    "no part": {"parts": []},
    "three directions": {"directions": 3},
    "no direction": {"directions": 0},
    "an odd half": {"values": floats(6, 3)},
    "attention without a scorer": {"scorer": None},
    "a scorer without attention": {"parts": ["max", "mean"]},
    "too narrow a weight": {"scorer": (floats(3, 3), floats(3), floats(2, 3))},
    "too short a bias": {"scorer": (floats(3, 4), floats(2), floats(2, 3))},
    "too wide a query": {"scorer": (floats(3, 4), floats(3), floats(2, 4))},
    "heads that do not share the columns": {"scorer": (floats(3, 4), floats(3), floats(3, 3)), "shares": floats(3, 6)},
    "no units": {"scorer": (floats(0, 4), floats(0), floats(2, 0))},
    "no heads": {"scorer": (floats(3, 4), floats(3), floats(0, 3))},
    "no place for the shares": {"shares": None},
    "shares of fewer tokens": {"shares": floats(2, 5)},
    "too few units kept": {"hidden": floats(6, 2)},
    "no place for the tokens of the maxima": {"where": None},
    "too few tokens of the maxima": {"where": np.zeros((1, 4), np.int32)},
    "too narrow a result": {"rows": floats(2, 7)},
    "a row too few": {"rows": floats(1, 8)},
    "the columns of a grid": {"places": 2},
}


@pytest.mark.parametrize("wrong", BAD)
def test_nothing_is_touched_before_shapes_and_strides_are_right(wrong: str) -> None:
    given_wrong = dict(BAD[wrong])
    places = ragged(np.array([0, 2, 6]))
    if given_wrong.pop("places", None):
        places = padded(3, np.array([3, 3]))
    into = given_wrong.pop("rows", np.full((2, 8), 7, np.float32))
    told = {"places": places, "rows": into, "threads": 1} | GOOD | given_wrong
    before = into.copy()
    with pytest.raises(ValueError, match=r"found .* allowed"):
        compiled.pool(**told)
    with pytest.raises(ValueError, match=r"found .* allowed"):
        compiled.pool_back(**told, errors=floats(2, 8), value_errors=floats(6, 4), gradients=GOOD["scorer"])
    assert np.array_equal(into, before)


BAD_BACK: dict[str, dict[str, Any]] = {
    "too few errors": {"errors": floats(1, 8)},
    "too narrow errors of values": {"value_errors": floats(6, 3)},
    "no gradients": {"gradients": None},
    "gradients of other units": {"gradients": (floats(2, 4), floats(2), floats(2, 2))},
    "no units kept": {"hidden": None},
}


@pytest.mark.parametrize("wrong", BAD_BACK)
def test_the_way_back_checks_its_own_arguments_too(wrong: str) -> None:
    into, gradients = floats(2, 8), tuple(one.copy() for one in GOOD["scorer"])
    told = {"places": ragged(np.array([0, 2, 6])), "rows": into, "threads": 1, "gradients": gradients} | GOOD
    told |= {"errors": floats(2, 8) + 1, "value_errors": floats(6, 4)}
    compiled.pool_back(**told)
    kept = told["value_errors"].copy()
    with pytest.raises(ValueError, match=r"found .* allowed"):
        compiled.pool_back(**(told | BAD_BACK[wrong]))
    assert np.array_equal(told["value_errors"], kept)
    with pytest.raises(TypeError):
        compiled.pool_back(**(told | {"errors": np.zeros((2, 8))}))
