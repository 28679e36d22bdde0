"""The Triton kernels without a GPU: beside the equations in float64 under Triton's interpreter, or compiled.

Not here: tests. `TRITON_INTERPRET=1 python interpreted_scans.py compare` prints the worst differences as one JSON
object, `python interpreted_scans.py compile` for which processors every kernel compiles.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import torch

from recurra.batches import Ragged
from recurra.cells.backends.torch import SweepWeights
from recurra.config import CellKind, CellName
from recurra.engine.choose import sweep_direction

LENGTHS = (3, 0, 1, 9, 4, 0)
HIDDEN, FEATURES = 5, 3
CELLS = ("mingru", "sru")


def of_equations(cell: CellName, dtype: torch.dtype) -> tuple[list[torch.Tensor], SweepWeights]:
    """Inputs and states that want gradients, and weights."""
    generator = torch.Generator().manual_seed(0)
    kind = CellKind(cell)
    rows, sequences = kind.gates * HIDDEN, len(LENGTHS)
    recurrent, _ = kind.recurrent_shapes(HIDDEN)
    shapes = [(sum(LENGTHS), FEATURES), (sequences, HIDDEN), (sequences, HIDDEN), (rows, FEATURES), recurrent, (rows,)]
    made = [torch.randn(shape, generator=generator).to(dtype).requires_grad_() for shape in shapes]
    return made, SweepWeights(*made[3:], torch.zeros(0, dtype=dtype))


def results(cell: CellName, dtype: torch.dtype, *, reverse: bool, kernels: bool) -> list[torch.Tensor]:
    """Outputs, final states, all gradients of a loss that takes each number differently, and those of their squares."""
    from recurra.engine.triton import kernel_sweep

    given, weights = of_equations(cell, dtype)
    kind, offsets = CellKind(cell), np.cumsum([0, *LENGTHS])
    state = tuple(given[1 : 1 + len(kind.states)])
    if kernels:
        projected = torch.nn.functional.linear(given[0], weights.input, weights.input_bias)
        outputs, final = kernel_sweep(kind, projected, weights.recurrent, state, offsets, reverse=reverse)
    else:
        swept, ends = sweep_direction(
            kind, Ragged(given[0], offsets), weights, state=state, reverse=reverse, route="plain"
        )
        outputs, final = swept.values, (ends or ())[1:]
    found = [outputs, *final]
    loss = sum((part * torch.linspace(-1, 2, part.numel()).to(dtype).view(part.shape)).sum() for part in found)
    wanted = [one for one in given if one.numel()]
    first = torch.autograd.grad(loss, wanted, materialize_grads=True, retain_graph=True)  # type: ignore[arg-type]
    again = torch.autograd.grad(loss, wanted, materialize_grads=True, create_graph=True)  # type: ignore[arg-type]
    penalty = sum(one.square().sum() for one in again) / 100
    return [*found, *first, *torch.autograd.grad(penalty, wanted, materialize_grads=True)]  # type: ignore[arg-type]


def compare() -> dict[str, float]:
    """Compare both cells in both directions and both types."""
    worst = {}
    for cell in CELLS:
        for reverse in (False, True):
            wanted = results(cell, torch.float64, reverse=reverse, kernels=False)
            for dtype in (torch.float32, torch.float64):
                found = results(cell, dtype, reverse=reverse, kernels=True)
                apart = max(float((a - b).detach().abs().max()) for a, b in zip(found, wanted, strict=True))
                worst[f"{cell} {'reverse' if reverse else 'forward'} {str(dtype)[6:]}"] = apart
    return worst


def compiled() -> dict[str, bool]:
    """Compile every kernel to machine code for an old and a new kind of GPU."""
    import triton
    from triton.backends.compiler import GPUTarget

    from recurra.engine import triton as scan_triton

    told = {}
    for capability in (75, 90):
        for name in ("_mingru_forward", "_mingru_backward", "_sru_forward", "_sru_backward"):
            kernel = getattr(scan_triton, name)
            types = {"offsets": "*i64", "hidden": "i32", "away": "constexpr", "block": "constexpr"}
            signature = {argument: types.get(argument, "*fp32") for argument in kernel.arg_names}
            source = triton.compiler.ASTSource(kernel, signature, {"away": -1, "block": 64})
            made = triton.compile(source, target=GPUTarget("cuda", capability, 32), options={"num_warps": 2})
            told[f"cuda {capability}"] = told.get(f"cuda {capability}", True) and bool(made.asm["cubin"])
    return told


if __name__ == "__main__":
    print(json.dumps(compare() if sys.argv[1] == "compare" else compiled()))
