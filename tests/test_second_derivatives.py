"""Derivatives of derivatives are right wherever the engine gives the first: never zeros that nobody sees.

Not here: first gradients (test_native.py, test_native_pools.py, test_native_steps.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import recurra.nn
from recurra.batches import Ragged
from recurra.cells import CELLS
from recurra.cells.backends.torch import SweepWeights
from recurra.config import CellKind, Pool
from recurra.engine import native
from recurra.engine.autograd import native_sweep
from recurra.engine.choose import sweep_layer
from recurra.layers.draws import native_masked
from recurra.layers.matrix.learn import native_distinct, native_gather
from recurra.layers.pooling.learn import Scorer, native_pool, plain_pool

pytestmark = pytest.mark.skipif(native.engine().library is None, reason="the native engine was not built here")
KINDS = [
    *(CellKind(cell, activation) for cell in CELLS for activation in CELLS[cell].activations),
    CellKind("gru", reset_after=False),
]
LENGTHS = [3, 0, 5, 1]
OFFSETS = np.cumsum([0, *LENGTHS])
INPUTS, HIDDEN = 3, 4
LAYERS: list[Any] = [(nn.RNN, recurra.nn.RNN), (nn.GRU, recurra.nn.GRU), (nn.LSTM, recurra.nn.LSTM)]
layers = pytest.mark.parametrize(("torchs", "ours"), LAYERS, ids=["rnn", "gru", "lstm"])


def drawn(*shape: int, seed: int = 0, scale: float = 1.0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * scale


def near(found: Sequence[Tensor], wanted: Sequence[Tensor], tolerance: float = 1e-5) -> None:
    """Each difference is small beside the tensor's largest value, and not everything is zero."""
    for a, b in zip(found, wanted, strict=True):
        scale = float(b.detach().abs().max()) if b.numel() else 1.0
        torch.testing.assert_close(a.double(), b.double(), rtol=0, atol=tolerance * max(scale, 1.0))
    assert any(one.detach().abs().sum() > 1e-3 for one in wanted)


def twice(results: Sequence[Tensor], learn: Sequence[Tensor]) -> list[Tensor]:
    """First gradients of a loss that weighs each number differently, and the gradients of their squares."""
    loss = sum((one.square() * torch.linspace(-1, 2, one.numel()).to(one).view(one.shape)).sum() for one in results)
    first = torch.autograd.grad(loss, learn, create_graph=True, materialize_grads=True)  # type: ignore[arg-type]
    penalty = sum(one.square().sum() for one in first)
    return [*first, *torch.autograd.grad(penalty, learn, materialize_grads=True)]  # type: ignore[arg-type]


def leaves_of(kind: CellKind, tokens: int, sides: int, dtype: torch.dtype) -> list[Tensor]:
    gates = kind.gates
    recurrent, recurrent_bias = kind.recurrent_shapes(HIDDEN)
    weights = [(gates * HIDDEN, INPUTS), recurrent, (gates * HIDDEN,), recurrent_bias] * sides
    states = [(sides, len(LENGTHS), HIDDEN)] * len(kind.states)
    shapes = [(tokens, INPUTS), *states, *weights]
    return [drawn(*shape, seed=place, scale=0.5).to(dtype).requires_grad_() for place, shape in enumerate(shapes)]


def natively(kind: CellKind, places: Any, leaves: list[Tensor], rows: Any = None) -> list[Tensor]:
    parts = len(kind.states)
    values, states, flat = leaves[0], leaves[1 : 1 + parts], leaves[1 + parts :]
    weights = [SweepWeights(*flat[start : start + 4]) for start in range(0, len(flat), 4)]
    return [*native_sweep(kind, places, values, weights, *states, rows=rows)][: 1 + parts]


def by_the_equations(kind: CellKind, leaves: list[Tensor], tokens: Any) -> list[Tensor]:
    parts = len(kind.states)
    states, flat = leaves[1 : 1 + parts], leaves[1 + parts :]
    weights = [SweepWeights(*flat[start : start + 4]) for start in range(0, len(flat), 4)]
    begin = [tuple(part[side] for part in states) for side in range(len(weights))]
    outputs, final = sweep_layer(kind, Ragged(leaves[0][tokens], OFFSETS), weights, begin, route="plain")
    return [outputs.values, *(torch.stack(ends) for ends in zip(*(end or () for end in final), strict=True))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sides", [1, 2])
def test_second_derivatives_of_a_sweep_equal_the_equations(kind: CellKind, sides: int) -> None:
    narrow, exact = (leaves_of(kind, 9, sides, dtype) for dtype in (torch.float32, torch.float64))
    found = twice(natively(kind, native.ragged(OFFSETS), narrow), narrow)
    near(found, twice(by_the_equations(kind, exact, np.arange(9)), exact))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [False, True])
def test_second_derivatives_of_a_padded_sweep_equal_the_equations(kind: CellKind, rows: bool) -> None:
    steps = max(LENGTHS) + 1
    narrow, exact = (leaves_of(kind, steps * len(LENGTHS), 2, dtype) for dtype in (torch.float32, torch.float64))
    step, owner = np.concatenate([np.arange(length) for length in LENGTHS]), np.repeat(np.arange(4), LENGTHS)
    tokens = owner * steps + step if rows else step * len(LENGTHS) + owner
    results = natively(kind, native.padded(steps, np.array(LENGTHS), rows=rows), narrow)
    assert not np.delete(results[0].detach().numpy(), tokens, axis=0).any()
    found = twice([results[0][tokens], *results[1:]], narrow)
    near(found, twice(by_the_equations(kind, exact, tokens), exact))


@pytest.mark.parametrize("kind", KINDS)
def test_second_derivatives_of_a_sweep_of_distinct_inputs_equal_the_equations(kind: CellKind) -> None:
    rows = np.array([0, 2, 1, 1, 0, 2, 2, 1, 0], np.int32)
    narrow, exact = (leaves_of(kind, 3, 1, dtype) for dtype in (torch.float32, torch.float64))
    found = twice(natively(kind, native.ragged(OFFSETS), narrow, rows), narrow)
    near(found, twice(by_the_equations(kind, exact, rows), exact))


def test_the_graph_of_a_gradient_in_bfloat16_has_its_numbers() -> None:
    kind = CellKind("lstm", precision="bf16")
    leaves = leaves_of(kind, 9, 2, torch.float32)
    results = natively(kind, native.ragged(OFFSETS), leaves)
    loss = sum(one.square().sum() for one in results)
    first = torch.autograd.grad(loss, leaves, retain_graph=True)  # type: ignore[arg-type]
    again = torch.autograd.grad(loss, leaves, create_graph=True)  # type: ignore[arg-type]
    for a, b in zip(again, first, strict=True):
        assert float((a.detach() - b).norm() / b.norm()) <= 1e-2
    assert torch.autograd.grad(again[0].square().sum(), leaves[0])[0].abs().sum() > 1e-3


def test_an_input_that_hangs_on_a_weight_is_differentiated_once() -> None:
    # Were its way back followed inside too, the weight's gradient would hold it twice.
    def loss(weight: Tensor, sweep: Callable[..., Tensor]) -> Tensor:
        bias = weight.new_zeros(HIDDEN)
        side = SweepWeights(weight, weight, bias, bias)
        return sweep(sweep(weight @ weight, side), side).square().sum()

    places, offsets = native.ragged(np.array([0, HIDDEN])), np.array([0, HIDDEN])
    told = {}
    for dtype in (torch.float32, torch.float64):
        weight = drawn(HIDDEN, HIDDEN, scale=0.5).to(dtype).requires_grad_()

        def sweep(values: Tensor, side: SweepWeights) -> Tensor:
            if values.dtype == torch.float32:
                return native_sweep(CellKind("rnn"), places, values, [side])[0]
            return sweep_layer(CellKind("rnn"), Ragged(values, offsets), [side], route="plain")[0].values

        (first,) = torch.autograd.grad(loss(weight, sweep), weight, create_graph=True)
        told[dtype] = [first, *torch.autograd.grad(first.square().sum(), weight)]
    near(told[torch.float32], told[torch.float64])


@pytest.mark.parametrize("masked", [False, True])
def test_second_derivatives_through_rows_masks_and_distinct_rows_equal_torchs(masked: bool) -> None:
    ids, masks = torch.tensor([1, 4, 1, 0, 2, 2, 1, 3, 3]), drawn(len(LENGTHS), INPUTS, seed=5)
    spread, scale = masks.repeat_interleave(torch.tensor(LENGTHS), dim=0), 0.5
    table, other = (drawn(6, INPUTS).requires_grad_() for _ in range(2))

    def ours(table: Tensor) -> Tensor:
        if masked:
            return native_masked(native_gather(table, ids, OFFSETS, scale=scale, masks=masks), masks, OFFSETS)
        rows, which = native_distinct(table, ids, OFFSETS, scale=scale)
        return rows[torch.from_numpy(which)]

    def torchs(table: Tensor) -> Tensor:
        found = nn.functional.embedding(ids, table) * scale
        return found * spread * spread if masked else found

    def penalty(leaf: Tensor, look_up: Callable[[Tensor], Tensor]) -> list[Tensor]:
        (first,) = torch.autograd.grad(look_up(leaf).sin().sum(), leaf, create_graph=True)
        (second,) = torch.autograd.grad((first.to_dense() if first.is_sparse else first).square().sum(), leaf)
        return [first.to_dense() if first.is_sparse else first, second.to_dense() if second.is_sparse else second]

    near(penalty(table, ours), penalty(other, torchs))


@pytest.mark.parametrize("parts", [("last", "mean"), ("max",), ("attention", "max", "mean", "last")])
def test_second_derivatives_of_pools_equal_the_equations(parts: tuple[Pool, ...]) -> None:
    told = []
    for dtype in (torch.float32, torch.float64):
        shapes = [(9, 4), (5, 4), (5,), (2, 5)] if "attention" in parts else [(9, 4)]
        values, *weights = [drawn(*shape, seed=place).to(dtype).requires_grad_() for place, shape in enumerate(shapes)]
        scorer = Scorer(*weights) if weights else None
        where = torch.stack([_highest(values, start, stop) for start, stop in pairwise(OFFSETS)])
        pooled = (
            native_pool(values, OFFSETS, parts, scorer, directions=2)
            if dtype == torch.float32
            else plain_pool(Ragged(values, OFFSETS), parts, scorer, directions=2, where=where)
        )
        told.append(twice([pooled], [values, *weights]))
    near(*told)


def _highest(values: Tensor, start: int, stop: int) -> Tensor:
    return start + values[start:stop].argmax(dim=0) if stop > start else torch.full((4,), -1)


def pair(torchs: Any, ours: Any, **options: Any) -> tuple[Any, Any]:
    torch.manual_seed(0)
    reference, layer = torchs(INPUTS, HIDDEN, **options), ours(INPUTS, HIDDEN, **options)
    layer.load_state_dict(reference.state_dict())
    return reference, layer


def loss_of(layer: Any) -> Callable[[Tensor], Tensor]:
    return lambda values: layer(values)[0].square().sum()


@layers
def test_hessians_and_their_products_are_torchs(torchs: Any, ours: Any) -> None:
    values, functional = drawn(2, 3, INPUTS), torch.autograd.functional
    told = []
    for layer in pair(torchs, ours, batch_first=True, num_layers=2, bidirectional=True):
        loss, direction = loss_of(layer), torch.ones_like(values)
        told.append([
            functional.hessian(loss, values),
            functional.hessian(loss, values, vectorize=True),
            functional.hvp(loss, values, direction)[1],
            functional.vhp(loss, values, direction)[1],
            functional.jacobian(loss, values),
            functional.jacobian(lambda one, layer=layer: layer(one)[0].sum(dim=0), values, vectorize=True),
        ])  # fmt: skip
    near(*told)


@layers
def test_a_penalty_on_the_gradient_moves_the_weights_as_torchs_does(torchs: Any, ours: Any) -> None:
    told = []
    for layer in pair(torchs, ours, num_layers=2):
        values = drawn(5, 2, INPUTS).requires_grad_()
        loss = layer(values)[0].square().mean()
        (slope,) = torch.autograd.grad(loss, values, create_graph=True)
        (loss + (slope.norm() - 1).square()).backward()
        told.append([values.grad, *(weight.grad for weight in layer.parameters())])
    near(*told)


@layers
def test_a_batch_of_gradients_at_once_is_torchs(torchs: Any, ours: Any) -> None:
    told = []
    for layer in pair(torchs, ours):
        values = drawn(3, 2, INPUTS).requires_grad_()
        outputs = layer(values)[0].sum(dim=(1, 2))
        leaves = [values, *layer.parameters()]
        told.append(torch.autograd.grad(outputs, leaves, torch.eye(3), is_grads_batched=True))
    near(*told)


@layers
def test_gradgradcheck_passes(torchs: Any, ours: Any) -> None:
    _, layer = pair(torchs, ours, bidirectional=True)
    layer.double()
    assert torch.autograd.gradgradcheck(lambda values: layer(values)[0], drawn(2, 1, INPUTS).double().requires_grad_())
