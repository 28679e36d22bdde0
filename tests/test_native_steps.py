"""Embedding rows, dropout masks, clipping and Adam of the native engine equal torch's own operations."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from native_calls import STEP
from recurra.engine.native import compiled, engine, padded, ragged
from recurra.layers.draws import native_masked
from recurra.layers.matrix.learn import native_gather
from recurra.training.adam import RowAdam, WholeAdam

FOUND = engine()
pytestmark = [
    pytest.mark.skipif(FOUND.library is None, reason="the native engine was not built here"),
    pytest.mark.usefixtures("instructions"),
]
OFFSETS = np.array([0, 5, 5, 6, 600, 611])
OWNERS = np.repeat(np.arange(5), np.diff(OFFSETS))


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [1, 7, 16, 100])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("words", [3, 5000])
def test_rows_and_their_gradient_equal_torchs_embedding(size: int, masked: bool, words: int) -> None:
    ids = torch.randint(0, words, (611,), generator=torch.Generator().manual_seed(1))
    masks = (drawn(5, size, seed=2) > 0) * 2.0 if masked else None
    results = []
    for ours in (True, False):
        table = drawn(words, size).requires_grad_()
        if ours:
            found = native_gather(table, ids, OFFSETS, scale=1.5, masks=masks)
        else:
            found = torch.nn.functional.embedding(ids, table) * 1.5 * (1.0 if masks is None else masks[OWNERS])
        (found * drawn(611, size, seed=3)).sum().backward()  # type: ignore[no-untyped-call]
        assert table.grad is not None
        if ours:
            assert torch.equal(table.grad._indices()[0], ids.unique())
        results.append((found.detach(), table.grad.to_dense()))
    for found, wanted in zip(*results, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-4)


def test_the_gradients_bits_do_not_depend_on_threads() -> None:
    ids, told = torch.randint(0, 700, (611,)).numpy(), []
    for threads in (1, 3):
        places = ragged(OFFSETS)
        words = compiled.words(places, ids)
        rows, chosen = np.empty((words.count, 20), np.float32), np.empty(words.count, np.int64)
        errors = drawn(611, 20).numpy()
        compiled.gather_gradient(words, places, errors=errors, scale=1.0, ids=chosen, rows=rows, threads=threads)
        told.append(rows)
    assert np.array_equal(*told)


def test_masks_of_whole_sequences_are_applied_forward_and_back() -> None:
    values, masks = drawn(611, 33).requires_grad_(), drawn(5, 33, seed=1)
    found = native_masked(values, masks, OFFSETS)
    found.sum().backward()  # type: ignore[no-untyped-call]
    assert torch.equal(found.detach(), values.detach() * masks[OWNERS])
    assert values.grad is not None and torch.equal(values.grad, masks[OWNERS])


def test_the_columns_of_a_grid_have_each_their_own_mask() -> None:
    values, masks, into = drawn(6, 4).numpy(), drawn(2, 4, seed=1).numpy(), np.full((6, 4), 7, np.float32)
    places = padded(3, np.array([3, 1]))
    compiled.gather(places, table=values, masks=masks, scale=2.0, into=into, threads=2)
    np.testing.assert_allclose(into[[0, 2, 4]], values[[0, 2, 4]] * masks[0] * 2, rtol=1e-6)
    np.testing.assert_allclose(into[1], values[1] * masks[1] * 2, rtol=1e-6)
    assert (into[[3, 5]] == 7).all()


@pytest.mark.parametrize("size", [1, 19, 64])
def test_sparse_adam_equals_torchs_step_after_step_and_goes_on_from_its_state(size: int) -> None:
    tables = [drawn(900, size).requires_grad_() for _ in range(2)]
    ours, theirs = RowAdam([tables[0]], lr=0.01), torch.optim.SparseAdam([tables[1]], lr=0.01)
    for step in range(6):
        rows = torch.randperm(900, generator=torch.Generator().manual_seed(step))[:500].sort().values
        for table in tables:
            slope = drawn(500, size, seed=10 + step)
            table.grad = torch.sparse_coo_tensor(
                rows[None], slope, (900, size), is_coalesced=True, check_invariants=False
            )
        ours.step()
        theirs.step()  # type: ignore[no-untyped-call]
        if step == 2:
            ours.load_state_dict(copy.deepcopy(theirs.state_dict()))
    torch.testing.assert_close(tables[0].detach(), tables[1].detach(), rtol=1e-5, atol=3e-6)
    state = ours.state[tables[0]]
    assert state["step"] == 6 and set(state) == {"step", "exp_avg", "exp_avg_sq"}


def test_gradients_that_are_not_coalesced_take_torchs_way() -> None:
    table = drawn(9, 3).requires_grad_()
    before = table.detach().clone()
    table.grad = torch.sparse_coo_tensor(torch.tensor([[4, 4]]), torch.ones(2, 3), (9, 3), check_invariants=False)
    RowAdam([table], lr=0.1).step()
    assert torch.equal((table.detach() != before).any(dim=1).nonzero().flatten(), torch.tensor([4]))


SHAPES = [(70, 33), (5,), (1, 1), (40_000,), (3, 0)]


@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_adam_over_whole_weights_equals_torchs_step_after_step_and_goes_on_from_its_state(
    decoupled: bool, decay: float
) -> None:
    both = [[drawn(*shape, seed=place).requires_grad_() for place, shape in enumerate(SHAPES)] for _ in range(2)]
    kinds = WholeAdam, torch.optim.AdamW if decoupled else torch.optim.Adam
    how: list[dict[str, Any]] = [{"decoupled_weight_decay": decoupled}, {}]
    made = []
    for kind, weights, more in zip(kinds, both, how, strict=True):
        groups = [{"params": weights[:2], "weight_decay": decay}, {"params": weights[2:], "weight_decay": 0.0}]
        made.append(kind(groups, lr=0.01, **more))
    ours, theirs = made
    for step in range(7):
        for weights in both:
            for place, weight in enumerate(weights):
                weight.grad = None if place == 1 and step < 2 else drawn(*weight.shape, seed=100 * step + place) * 1e-3
        for one in (ours, theirs):
            one.step()
        if step == 3:  # each goes on from the other's state, as a checkpoint would hand it over
            mine, other = (copy.deepcopy(one.state_dict()) for one in (ours, theirs))
            ours.load_state_dict(other)
            theirs.load_state_dict(mine)
    for mine, other in zip(*both, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-6)
        told, wanted = ours.state[mine], theirs.state[other]
        assert set(told) == set(wanted) and told["step"].dtype == wanted["step"].dtype
        for name in told:
            torch.testing.assert_close(told[name], wanted[name], rtol=1e-5, atol=1e-9)


def test_weights_the_engine_does_not_move_take_torchs_way() -> None:
    for changes in ({"amsgrad": True}, {"maximize": True}, {}):
        dtype = torch.float32 if changes else torch.float64
        mine, other = (drawn(4, 3).to(dtype).requires_grad_() for _ in range(2))
        mine.grad = other.grad = drawn(4, 3, seed=1).to(dtype)
        WholeAdam([mine], lr=0.1, **changes).step()
        torch.optim.Adam([other], lr=0.1, **changes).step()
        assert torch.equal(mine, other)


def test_clipping_scales_all_gradients_to_one_joint_length_and_its_bits_do_not_depend_on_threads() -> None:
    given, told = [drawn(*shape, seed=place) for place, shape in enumerate(SHAPES)], []
    wanted = float(torch.cat([one.flatten() for one in given]).double().norm())
    for threads in (1, 3):
        arrays = [one.clone().numpy() for one in given]
        norm = compiled.clip(arrays, largest=0.5, threads=threads)
        assert norm == pytest.approx(wanted, rel=1e-12)
        told.append((norm, *arrays))
        for mine, before in zip(arrays, given, strict=True):
            np.testing.assert_allclose(mine, before.numpy() * (0.5 / wanted), rtol=1e-5)
    assert all(np.array_equal(one, other) for one, other in zip(*told, strict=True))
    untouched = [one.clone().numpy() for one in given]
    for largest in (0.0, wanted * 1.01):
        compiled.clip(untouched, largest=largest, threads=2)
    assert all(np.array_equal(mine, one.numpy()) for mine, one in zip(untouched, given, strict=True))


def test_gradients_too_large_to_square_are_clipped_and_what_is_not_a_number_is_told() -> None:
    large = np.full(1000, 1e30, np.float32)
    assert compiled.clip([large], largest=1.0, threads=1) == pytest.approx(1e30 * 1000**0.5, rel=1e-6)
    np.testing.assert_allclose(large, 1000**-0.5, rtol=1e-5)
    broken = np.array([1.0, np.nan, 5.0], np.float32)
    assert np.isnan(compiled.clip([broken], largest=1.0, threads=1)) and broken[2] == 5.0
    assert compiled.clip([], largest=1.0, threads=1) == 0.0


def test_arrays_that_overlap_or_do_not_fit_are_refused_before_anything_is_touched() -> None:
    whole = np.full((8, 4), 7, np.float32)
    with pytest.raises(ValueError, match="overlapping"):
        compiled.clip([whole, whole[2:]], largest=1.0, threads=1)
    for wrong in (whole[:, :2], whole.astype(np.float64)):
        with pytest.raises(TypeError):
            compiled.clip([wrong], largest=1.0, threads=1)
    for arrays in ((whole, whole, whole.copy(), whole.copy()), (whole, whole.copy(), whole[1:].copy(), whole.copy())):
        with pytest.raises(ValueError, match=r"found .* allowed"):
            compiled.adam_whole([(*arrays, compiled.Adam(**STEP))], threads=1)
    assert (whole == 7).all()


def test_bad_ids_shapes_and_order_are_refused_before_anything_is_touched() -> None:
    places, table, into = ragged(np.array([0, 4])), np.zeros((5, 3), np.float32), np.full((4, 3), 7, np.float32)
    for wrong in ([0, 1, 2, 5], [0, -1, 2, 3], [0, 1, 2]):
        with pytest.raises(ValueError, match=r"found .* allowed"):
            compiled.gather(places, table=table, ids=np.array(wrong), scale=1.0, into=into, threads=1)
    with pytest.raises(ValueError, match="masks"):
        ids = np.zeros(4, np.int64)
        compiled.gather(places, table=table, ids=ids, masks=table[:2], scale=1.0, into=into, threads=1)
    with pytest.raises(ValueError, match="ids"):
        compiled.words(places, np.array([0, 1, -2, 3]))
    for wrong in ([1, 1], [2, 1], [1, 5]):
        with pytest.raises(ValueError, match="ids"):
            moved = table, table.copy(), table.copy()
            compiled.adam(*moved, ids=np.array(wrong), gradient=into[:2], step=compiled.Adam(**STEP), threads=1)
    assert (into == 7).all() and not table.any()
