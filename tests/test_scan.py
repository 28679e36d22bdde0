"""The scans of the parallel cells equal their equations: in torch on the processor, and as Triton's kernels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

import interpreted_scans
from recurra.batches import Ragged
from recurra.cells.backends.torch import SweepWeights
from recurra.config import CellKind
from recurra.engine.choose import sweep_direction
from recurra.engine.scan import linear_scan

LENGTHS = [3, 0, 1, 17, 4, 0]
OFFSETS = np.cumsum([0, *LENGTHS])
HIDDEN = 5


def made(*shapes: tuple[int, int], dtype: torch.dtype = torch.float64) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(shape, generator=generator, dtype=torch.float64).to(dtype) for shape in shapes]


def stepped(decay: Tensor, entry: Tensor, start: Tensor, reverse: bool) -> Tensor:
    """The recurrence as it is written."""
    rows: list[Tensor] = [decay.new_zeros(HIDDEN)] * len(decay)
    for number, (begin, stop) in enumerate(pairwise(OFFSETS)):
        state = start[number]
        for token in range(begin, stop)[:: -1 if reverse else 1]:
            state = rows[token] = decay[token] * state + entry[token]
    return torch.stack(rows)


TOKENS = (int(OFFSETS[-1]), HIDDEN)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_is_its_recurrence_step_by_step(reverse: bool) -> None:
    decay, entry, start = made(TOKENS, TOKENS, (len(LENGTHS), HIDDEN))
    found = linear_scan(decay, entry, start, OFFSETS, reverse=reverse)
    torch.testing.assert_close(found, stepped(decay, entry, start, reverse), rtol=0, atol=1e-12)


@pytest.mark.parametrize("reverse", [False, True])
def test_first_and_second_gradients_of_a_scan_pass_the_float64_check(reverse: bool) -> None:
    decay, entry, start = (one.requires_grad_() for one in made(TOKENS, TOKENS, (len(LENGTHS), HIDDEN)))
    for check in (torch.autograd.gradcheck, torch.autograd.gradgradcheck):
        assert check(lambda *leaves: linear_scan(*leaves, OFFSETS, reverse=reverse), (decay, entry, start))


@pytest.mark.parametrize("decays", [0.0, 1e-30, 1.0])
def test_decays_that_vanish_over_long_sequences_leave_finite_numbers_and_do_not_reach_a_neighbour(
    decays: float,
) -> None:
    offsets = np.array([0, 600, 1200])
    decay, entry = torch.full((1200, 2), decays), torch.ones(1200, 2)
    decay.requires_grad_(), entry.requires_grad_()
    outputs = linear_scan(decay, entry, torch.zeros(2, 2), offsets)
    wanted = torch.arange(1.0, 601.0) if decays == 1.0 else torch.ones(600)
    torch.testing.assert_close(outputs[:600, 0], wanted, rtol=1e-6, atol=0)
    torch.testing.assert_close(outputs[600:, 0], wanted, rtol=1e-6, atol=0)
    outputs[600:].sum().backward()  # type: ignore[no-untyped-call]
    assert decay.grad is not None and entry.grad is not None
    assert torch.isfinite(decay.grad).all() and not decay.grad[:600].any() and not entry.grad[:600].any()


@pytest.mark.parametrize(("precision", "largest"), [("float32", 1e-5), ("bf16", 1e-2)])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_scanned_mingru_is_the_equations_in_values_ends_and_gradients(
    precision: str, largest: float, reverse: bool
) -> None:
    kind = CellKind("mingru", precision=precision)  # type: ignore[arg-type]
    shapes = [(int(OFFSETS[-1]), 3), (len(LENGTHS), HIDDEN), (2 * HIDDEN, 3), (0, HIDDEN), (1, 2 * HIDDEN)]
    values, start, matrix, none, bias = (one.requires_grad_() for one in made(*shapes, dtype=torch.float32))
    weights = SweepWeights(matrix, none, bias[0], none.new_zeros(0))
    results = []
    for route in ("scan", "plain"):
        outputs, final = sweep_direction(
            kind, Ragged(values, OFFSETS), weights, state=(start,), reverse=reverse, route=route  # type: ignore[arg-type]
        )  # fmt: skip
        loss = outputs.values.square().sum() + (0.0 if final is None else final[0].sum())
        results.append([outputs.values, *(final or ()), *torch.autograd.grad(loss, [values, start, matrix, bias])])
    for found, wanted in zip(*results, strict=True):
        torch.testing.assert_close(found, wanted, rtol=largest, atol=largest)


@pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed here")
@pytest.mark.parametrize("work", ["compare", "compile"])
def test_tritons_kernels_are_the_equations_under_its_interpreter_and_compile_for_gpus(work: str) -> None:
    command = [sys.executable, interpreted_scans.__file__, work]
    environment = os.environ | ({"TRITON_INTERPRET": "1"} if work == "compare" else {})
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    told = json.loads(done.stdout)
    if work == "compile":
        assert set(told) == {"cuda 75", "cuda 90"} and all(told.values())
        return
    assert len(told) == 8
    for name, worst in told.items():
        assert worst <= (1e-5 if "float32" in name else 1e-12), name
