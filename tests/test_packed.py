"""The packed route, a GPU's for what cuDNN knows, equals the equations on the processor too, gradients and all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from recurra.batches import Ragged
from recurra.cells.backends.torch import SweepWeights, TensorState
from recurra.config import CellKind
from recurra.engine.choose import Route, sweep_layer
from recurra.engine.packed import KERNELS, packing

KINDS = [CellKind(cell, activation) for cell, activation in KERNELS]  # type: ignore[arg-type]
HIDDEN, FEATURES = 4, 3
BATCHES = {"ragged, some empty": [4, 0, 9, 1, 9, 0, 3], "of one length": [5, 5, 5], "one": [6], "one and none": [0, 3]}


@dataclass
class Given:
    """What a layer is swept with; everything wants a gradient."""

    inputs: Ragged[Tensor]
    weights: list[SweepWeights]
    states: list[TensorState]

    def leaves(self) -> list[Tensor]:
        return [self.inputs.values, *(one for side in [*self.weights, *self.states] for one in side)]


def given(kind: CellKind, lengths: list[int], sides: int, dtype: torch.dtype = torch.float64) -> Given:
    generator = torch.Generator().manual_seed(0)
    rows = HIDDEN * kind.gates

    def made(*shape: int) -> Tensor:
        return (torch.randn(shape, generator=generator, dtype=torch.float64) * 0.4).to(dtype).requires_grad_()

    weights = [SweepWeights(made(rows, FEATURES), made(rows, HIDDEN), made(rows), made(rows)) for _ in range(sides)]
    states = [tuple(made(len(lengths), HIDDEN) for _ in kind.states) for _ in range(sides)]
    return Given(Ragged(made(sum(lengths), FEATURES), np.cumsum([0, *lengths])), weights, states)


def results(kind: CellKind, one: Given, route: Route, *, carried: bool = True) -> list[Tensor]:
    """Outputs, final states, and all gradients of a loss that takes each number differently."""
    outputs, final = sweep_layer(kind, one.inputs, one.weights, one.states if carried else None, route=route)
    found = [outputs.values, *(part for state in final for part in state or ())]
    loss = sum((part * torch.linspace(-1, 2, part.numel()).to(part).view(part.shape)).sum() for part in found)
    leaves = one.leaves() if carried else one.leaves()[: 1 + 4 * len(one.weights)]
    gradients = torch.autograd.grad(loss, leaves)  # type: ignore[arg-type]
    return [one.detach() for one in (*found, *gradients)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("lengths", BATCHES.values(), ids=BATCHES)
@pytest.mark.parametrize("carried", [True, False])
def test_values_ends_and_gradients_are_those_of_the_equations(
    kind: CellKind, sides: int, lengths: list[int], carried: bool
) -> None:
    one = given(kind, lengths, sides)
    wanted = results(kind, one, "plain", carried=carried)
    for found, right in zip(results(kind, one, "packed", carried=carried), wanted, strict=True):
        torch.testing.assert_close(found, right, rtol=0, atol=1e-11)


def apart(found: list[Tensor], wanted: list[Tensor]) -> float:
    """Length of the largest difference of any tensor, relative to that tensor's length."""
    pairs = zip(found, wanted, strict=True)
    return max(float((a - b).norm() / b.norm().clamp(min=1e-3)) for a, b in pairs)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_and_products_of_bfloat16_stay_within_the_contract(kind: CellKind) -> None:
    one = given(kind, BATCHES["ragged, some empty"], 2, torch.float32)
    exact, wanted = results(kind, one, "packed"), results(kind, one, "plain")
    assert apart(exact, wanted) <= 1e-5
    rounding = kind._replace(precision="bf16")
    found = results(rounding, one, "packed")
    # Where a ReLU's input is near zero, rounding may switch it.
    assert apart(found, results(rounding, one, "plain")) <= (6e-2 if kind.activation == "relu" else 1e-2)
    assert 1e-5 < apart(found[:1], exact[:1]) <= 1e-2  # that products are rounded shows


def test_no_tokens_at_all_leave_the_states_as_they_were() -> None:
    kind = CellKind("lstm")
    one = given(kind, [0, 0], 2)
    outputs, final = sweep_layer(kind, one.inputs, one.weights, one.states, route="packed")
    assert outputs.values.shape == (0, 2 * HIDDEN) and final == one.states
    _, zeros = sweep_layer(kind, one.inputs, one.weights, route="packed")
    assert all(part.shape == (2, HIDDEN) and not part.any() for state in zeros for part in state or ())


def test_packing_takes_step_after_step_from_the_longest_to_the_shortest() -> None:
    packed = packing(np.array([0, 2, 2, 5, 6]))
    assert packed.order.tolist() == [2, 0, 3, 1]
    assert packed.running.tolist() == [3, 2, 1]
    assert packed.places.tolist() == [2, 0, 5, 3, 1, 4]
