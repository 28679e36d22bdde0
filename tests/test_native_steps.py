"""Embedding rows, dropout masks and sparse Adam of the native engine equal torch's own operations."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from recurra.autograd_rows import native_gather, native_masked
from recurra.native import engine, grid, library, ragged
from recurra.training.optimisers import RowAdam

FOUND = engine()
pytestmark = pytest.mark.skipif(FOUND.library is None, reason="the native engine was not built here")
OFFSETS = np.array([0, 5, 5, 6, 600, 611])
OWNERS = np.repeat(np.arange(5), np.diff(OFFSETS))


@pytest.fixture(params=FOUND.available or ["none"], autouse=True)
def instructions(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set this processor runs, in turn."""
    chosen: Any = FOUND.library
    assert chosen.choose(request.param)
    yield request.param
    chosen.choose(FOUND.name)


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
        words = library().words(ragged(OFFSETS), ids)
        rows, chosen = np.empty((words.count, 20), np.float32), np.empty(words.count, np.int64)
        library().gather_gradient(words, ragged(OFFSETS), drawn(611, 20).numpy(), None, 1.0, chosen, rows, threads)
        told.append(rows)
    assert np.array_equal(*told)


def test_masks_of_whole_sequences_forward_and_back() -> None:
    values, masks = drawn(611, 33).requires_grad_(), drawn(5, 33, seed=1)
    found = native_masked(values, masks, OFFSETS)
    found.sum().backward()  # type: ignore[no-untyped-call]
    assert torch.equal(found.detach(), values.detach() * masks[OWNERS])
    assert values.grad is not None and torch.equal(values.grad, masks[OWNERS])


def test_the_columns_of_a_grid_have_each_their_own_mask() -> None:
    values, masks, into = drawn(6, 4).numpy(), drawn(2, 4, seed=1).numpy(), np.full((6, 4), 7, np.float32)
    library().gather(grid(3, np.array([3, 1])), values, None, masks, 2.0, into, 2)
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


def test_bad_ids_shapes_and_order_are_refused_before_anything_is_touched() -> None:
    places, table, into = ragged(np.array([0, 4])), np.zeros((5, 3), np.float32), np.full((4, 3), 7, np.float32)
    for wrong in ([0, 1, 2, 5], [0, -1, 2, 3], [0, 1, 2]):
        with pytest.raises(ValueError, match=r"found .* allowed"):
            library().gather(places, table, np.array(wrong), None, 1.0, into, 1)
    with pytest.raises(ValueError, match="masks"):
        library().gather(places, table, np.zeros(4, np.int64), table[:2], 1.0, into, 1)
    with pytest.raises(ValueError, match="ids"):
        library().words(places, np.array([0, 1, -2, 3]))
    for wrong in ([1, 1], [2, 1], [1, 5]):
        with pytest.raises(ValueError, match="ids"):
            library().adam(table, table.copy(), table.copy(), np.array(wrong), into[:2], 0.1, 0.9, 0.999, 1e-8, 1)
    assert (into == 7).all() and not table.any()
