"""Layers are right in proportion to what comes out of them: inputs of 1e-8 … 1 lose no digits, forward and backward.

Not here: the activations alone (test_activations.py), and values of ordinary size (test_native.py).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from recurra.batches import Ragged
from recurra.cells import CELLS
from recurra.config import CellKind
from recurra.engine.native import engine
from recurra.layers.recurrent.learn import Recurrent
from recurra.layers.recurrent.run import RecurrentSpec, recurrent
from recurra.nets.learn import tensors_of

FOUND = engine()
built = pytest.mark.skipif(FOUND.library is None, reason="the native engine was not built here")
SHARED = [CellKind(cell, activation) for cell in CELLS for activation in CELLS[cell].activations]
KINDS = [*SHARED, CellKind("gru", reset_after=False)]
SCALES = (1e-8, 1e-6, 1e-4, 1e-2, 1.0)
TOLERANCE = 1e-5
INPUTS, HIDDEN, OFFSETS = 10, 20, np.array([0, 7, 20, 60])


def net_of(kind: CellKind, *, positive: bool = False) -> Recurrent:
    """Both directions of a layer of small weights, without biases."""
    spec = RecurrentSpec(**kind._asdict(), inputs=INPUTS, hidden=HIDDEN, bidirectional=True)
    net = Recurrent(spec)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, weight in net.named_parameters():
            drawn = 0.1 * torch.randn(weight.shape, generator=generator)
            weight.copy_(torch.zeros_like(drawn) if name.startswith("bias") else drawn.abs() if positive else drawn)
    return net


def inputs_of(scale: float) -> Tensor:
    return scale * torch.randn(int(OFFSETS[-1]), INPUTS, generator=torch.Generator().manual_seed(1))


def everything(kind: CellKind, scale: float, route: Any) -> list[Tensor]:
    """Outputs, final states and all gradients: the equations in float64, the engine in float32."""
    net = net_of(kind).to(torch.float64 if route == "plain" else torch.float32)
    values = inputs_of(scale).to(next(net.parameters()).dtype).requires_grad_()
    outputs, states = net(Ragged(values, OFFSETS), route=route)
    results = [outputs.values, *(part for state in states for part in state)]
    slope = torch.randn(outputs.values.shape, generator=torch.Generator().manual_seed(2))
    learnt = [values, *(weight for weight in net.parameters() if weight.numel())]
    gradients = torch.autograd.grad((outputs.values * slope).sum(), learnt, allow_unused=True)
    return [one.detach() for one in (*results, *gradients) if one is not None]


@cache
def equations(kind: CellKind, scale: float) -> list[Tensor]:
    """What `everything` is by the equations, which no instruction set changes."""
    return everything(kind, scale, "plain")


def apart(found: Tensor, wanted: Tensor) -> float:
    """Largest difference, relative to the largest value of the tensor."""
    return float((found.double() - wanted).abs().max() / wanted.abs().max())


@built
@pytest.mark.parametrize("kind", KINDS)
def test_values_and_gradients_equal_the_equations_relative_to_their_size(instructions: str, kind: CellKind) -> None:
    for scale in SCALES:
        pairs = zip(everything(kind, scale, "native"), equations(kind, scale), strict=True)
        assert max(apart(mine, exact) for mine, exact in pairs if exact.abs().max() > 0) <= TOLERANCE, scale


def check_each_value(kind: CellKind, route: Any) -> None:
    net = net_of(kind, positive=True)
    weights, exactly = tensors_of(net), {name: one.astype(np.float64) for name, one in tensors_of(net).items()}
    for scale in SCALES:
        values = inputs_of(scale).abs().numpy()
        found, _ = recurrent(net.spec, weights, Ragged(values, OFFSETS), route=route)
        exact, _ = recurrent(net.spec, exactly, Ragged(values.astype(np.float64), OFFSETS), route="numpy")
        np.testing.assert_allclose(found.values, exact.values, rtol=TOLERANCE, atol=0)


@built
@pytest.mark.parametrize("kind", KINDS)
def test_where_no_terms_cancel_each_single_value_is_right(instructions: str, kind: CellKind) -> None:
    check_each_value(kind, "native")


@pytest.mark.parametrize("kind", KINDS)
def test_so_it_is_in_the_run_without_the_engine(kind: CellKind) -> None:
    check_each_value(kind, "numpy")
