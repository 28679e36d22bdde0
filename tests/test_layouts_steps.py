"""The rest of a training step takes tensors that lie anyhow: gathers, masks, pools, clipping and Adam, and writes back.

Not here: sweeps (test_layouts.py). Memory that nobody has written yet is NaN in this file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from layouts import APART, Hand, apart, in_one_piece, names, nan_where_nobody_wrote
from recurra.batches import Ragged
from recurra.config import Pool
from recurra.engine import native
from recurra.layers.draws import native_masked
from recurra.layers.matrix.learn import native_distinct, native_gather
from recurra.layers.pooling.learn import Scorer, native_pool, plain_pool
from recurra.training.adam import RowAdam, WholeAdam
from recurra.training.descent import clip

pytestmark = [
    pytest.mark.skipif(native.engine().library is None, reason="the native engine was not built here"),
    pytest.mark.usefixtures(nan_where_nobody_wrote.__name__),
]
# Each example takes about 3 ms; the same ones each time.
several = settings(max_examples=60, deadline=None, derandomize=True, database=None)
layouts = st.lists(names, min_size=1, max_size=6)
lengths = st.lists(st.integers(0, 6), min_size=1, max_size=5)


def close(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


@several
@given(
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    lengths=lengths,
    layouts=layouts,
    masked=st.booleans(),
    whole=st.sampled_from([torch.int64, torch.int32]),
    twice=st.integers(1, 2),
)
def test_rows_of_a_table_and_their_gradient_equal_torchs(
    sizes: tuple[int, int], lengths: list[int], layouts: list[str], masked: bool, whole: torch.dtype, twice: int
) -> None:
    hand, offsets = Hand(1, layouts), np.cumsum([0, *lengths])
    table = hand.draw(*sizes).requires_grad_()
    ids = (torch.arange(twice * sum(lengths)) * 7 % sizes[0]).to(whole)[::twice]
    masks = hand.draw(len(lengths), sizes[1]) if masked else None
    error = hand.draw(sum(lengths), sizes[1])
    found = native_gather(table, ids, offsets, scale=0.5, masks=masks)
    wanted = nn.functional.embedding(ids, table) * 0.5
    if masks is not None:
        wanted = wanted * masks.repeat_interleave(torch.tensor(lengths), dim=0)
    close(found, wanted)
    (sparse,), (dense,) = (torch.autograd.grad(one, table, error) for one in (found, wanted))
    close(sparse.to_dense(), dense)
    rows, which = native_distinct(table, ids, offsets, scale=0.5)
    close(rows[torch.from_numpy(which)], nn.functional.embedding(ids, table) * 0.5)
    (sparse,) = torch.autograd.grad(rows, table, torch.ones_like(rows))
    assert set(sparse.indices()[0].tolist()) == set(ids.tolist())
    assert (sparse.values() == 0.5).all()


@several
@given(columns=st.integers(1, 9), lengths=lengths, layouts=layouts)
def test_masks_of_sequences_and_their_gradient_equal_torchs(
    columns: int, lengths: list[int], layouts: list[str]
) -> None:
    hand, offsets = Hand(2, layouts), np.cumsum([0, *lengths])
    values, masks = hand.draw(sum(lengths), columns).requires_grad_(), hand.draw(len(lengths), columns)
    error, found = hand.draw(sum(lengths), columns), native_masked(values, masks, offsets)
    wanted = values * masks.repeat_interleave(torch.tensor(lengths), dim=0)
    close(found, wanted)
    close(*(torch.autograd.grad(one, values, error)[0] for one in (found, wanted)))
    with pytest.raises(ValueError, match="masks: found weights that learn"):
        native_masked(values, in_one_piece(masks).requires_grad_(), offsets)


@several
@given(
    columns=st.integers(1, 4).map(lambda half: 2 * half),
    lengths=lengths,
    layouts=layouts,
    parts=st.permutations(["last", "mean", "max", "attention"]),
    count=st.integers(1, 4),
    directions=st.integers(1, 2),
)
def test_pools_and_their_gradients_equal_torchs(
    columns: int, lengths: list[int], layouts: list[str], parts: list[Pool], count: int, directions: int
) -> None:
    hand, offsets, parts = Hand(3, layouts), np.cumsum([0, *lengths]), parts[:count]
    values = hand.draw(sum(lengths), columns).requires_grad_()
    weights = [hand.draw(*shape).requires_grad_() for shape in ((3, columns), (3,), (2, 3))]
    scorer = Scorer(*weights) if "attention" in parts else None
    found = native_pool(values, offsets, parts, scorer, directions=directions)
    # Where several tokens share a maximum, either may have its error: they must not.
    unique = "max" not in parts or len({tuple(row) for row in values.tolist()}) == len(values)
    wanted = plain_pool(Ragged(values, offsets), parts, scorer, directions=directions)
    close(found, wanted)
    learn, error = [values, *(scorer or ())], hand.draw(*found.shape)
    pairs = zip(
        *(torch.autograd.grad(one, learn, error, materialize_grads=True) for one in (found, wanted)), strict=True
    )
    for a, b in pairs:
        if unique:
            close(a, b)


def laid(values: Tensor, name: str) -> Tensor:
    return APART[name](values.clone()).detach()


def steps_of(optimiser: Any, weight: nn.Parameter, gradients: list[Tensor]) -> None:
    for gradient in gradients:
        weight.grad = gradient
        optimiser.step()


@several
@given(
    shape=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    weight=apart,
    gradient=names,
    reload=st.none() | apart,
    decay=st.sampled_from([0.0, 0.1]),
)
def test_adam_moves_a_weight_that_lies_anyhow_as_torchs_does_before_and_after_its_moments_come_from_a_checkpoint(
    shape: tuple[int, int], weight: str, gradient: str, reload: str | None, decay: float
) -> None:
    hand = Hand(4, [gradient])
    start, gradients = torch.randn(shape, generator=hand.random), [hand.draw(*shape) for _ in range(3)]
    ours, torchs = nn.Parameter(laid(start, weight)), nn.Parameter(start.clone())
    mine, theirs = WholeAdam([ours], lr=0.1, weight_decay=decay), torch.optim.Adam([torchs], lr=0.1, weight_decay=decay)
    for optimiser, moved in ((mine, ours), (theirs, torchs)):
        steps_of(optimiser, moved, gradients[:2])
    if reload:
        with_strides(mine, reload)
    for optimiser, moved in ((mine, ours), (theirs, torchs)):
        steps_of(optimiser, moved, gradients[2:])
    close(ours, torchs)


def with_strides(optimiser: torch.optim.Optimizer, name: str) -> None:
    """Give the optimiser's moments back to it as another process may have left them."""
    state = optimiser.state_dict()
    for one in state["state"].values():
        one.update({name_: laid(one[name_], name) for name_ in ("exp_avg", "exp_avg_sq")})
    optimiser.load_state_dict(state)


@several
@given(
    shape=st.tuples(st.integers(2, 6), st.integers(1, 6)),
    weight=apart,
    gradient=names,
    reload=st.none() | apart,
    largest=st.booleans(),
)
def test_adam_moves_rows_of_a_table_that_lies_anyhow_as_torchs_does(
    shape: tuple[int, int], weight: str, gradient: str, reload: str | None, largest: bool
) -> None:
    hand, ids = Hand(5, [gradient]), torch.tensor([[0, shape[0] - 1]])
    start = torch.randn(shape, generator=hand.random)
    rows = [
        torch.sparse_coo_tensor(ids, hand.draw(2, shape[1]), shape, check_invariants=False).coalesce() for _ in range(3)
    ]
    ours, torchs = nn.Parameter(laid(start, weight)), nn.Parameter(start.clone())
    mine, theirs = (kind([moved], lr=0.1, maximize=largest) for kind, moved in
                    ((RowAdam, ours), (torch.optim.SparseAdam, torchs)))  # fmt: skip
    for optimiser, moved in ((mine, ours), (theirs, torchs)):
        steps_of(optimiser, moved, rows[:2])
    if reload:
        with_strides(mine, reload)
    for optimiser, moved in ((mine, ours), (theirs, torchs)):
        steps_of(optimiser, moved, rows[2:])
    close(ours, torchs)


@several
@given(
    shapes=st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=3), layouts=st.lists(apart)
)
def test_gradients_that_lie_anyhow_are_clipped_where_they_lie(
    shapes: list[tuple[int, int]], layouts: list[str]
) -> None:
    hand, net = Hand(6, ["in one piece"]), nn.ParameterList(torch.zeros(shape) for shape in shapes)
    drawn = [hand.draw(*shape) for shape in shapes]
    for place, (weight, gradient) in enumerate(zip(net, drawn, strict=True)):
        weight.grad = laid(gradient, layouts[place]) if place < len(layouts) else gradient.clone()
    norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(gradient) for gradient in drawn]))
    assert clip(net, 0.25) == pytest.approx(float(norm), rel=1e-5)
    for weight, gradient in zip(net, drawn, strict=True):
        assert weight.grad is not None
        close(weight.grad, gradient * min(1.0, 0.25 / float(norm)))
