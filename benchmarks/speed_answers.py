"""Answers' speed: a layer forward alone, beside torch, OpenVINO and ONNX Runtime, and where the engine loses to torch.

Not here: training (speed.py, speed_steps.py). Ours runs as `predict` does: from NumPy, weights packed once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, get_args

import numpy as np
import torch
from rival import rival, there
from timing import INPUTS, NAMES, THREADS, Step, in_turn
from torch import nn

import recurra.nn
from recurra import native
from recurra.cells import SweepWeights
from recurra.config import Cell, CellKind, Precision

BATCHES = ((64, 256), (1, 230))
RIVALS = (("openvino", "float32"), ("openvino", "bf16"), ("onnxruntime", "float32"), ("onnxruntime", "int8"))


def inference() -> dict[str, Any]:
    """Batch 64 and batch 1, 128 and 256 units: ours in each precision against torch eager and the rivals there are."""
    told: dict[str, Any] = {}
    for cell in ("lstm", "gru"):
        for hidden in (128, 256):
            for rows, steps in BATCHES:
                name = f"{cell} {hidden} batch {rows}"
                told[name] = _beside(cell, hidden, rows, steps)
    return told


def _beside(cell: Cell, hidden: int, rows: int, steps: int) -> dict[str, Any]:
    sizes = {"inputs": INPUTS, "hidden": hidden, "rows": rows, "steps": steps}
    rounds = 15 if rows == 1 else 9
    ours = {precision: answer(cell, precision, **sizes) for precision in get_args(Precision)}  # type: ignore[arg-type]
    told: dict[str, Any] = {"torch float32": in_turn(ours["float32"], eager(cell, **sizes), rounds=rounds)}
    with torch.autocast("cpu", torch.bfloat16):
        told["torch bf16"] = in_turn(ours["bf16"], eager(cell, **sizes), rounds=rounds)
    for precision in ("float32", "bf16"):
        told[f"ours in int8 beside ours in {precision}"] = in_turn(ours["int8"], ours[precision], rounds=rounds)
    for name, precision in RIVALS if there() else ():
        if name == "onnxruntime" and precision == "int8" and cell == "gru":
            continue  # it quantises no GRU
        with ExitStack() as stack:
            task = {"rival": name, "cell": cell, "precision": precision, "threads": THREADS}
            other = stack.enter_context(rival(**task, **sizes))
            told[f"{name} {precision}"] = in_turn(ours[precision], other, rounds=rounds)
    return told


def answer(cell: Cell, precision: Precision, *, inputs: int, hidden: int, rows: int, steps: int) -> Step:
    """Forward of one of our layers, from NumPy, its weights read-only as those of a loaded model are."""
    layer = getattr(recurra.nn, NAMES[cell])(inputs, hidden)
    side = tuple(one.detach().numpy() for one in SweepWeights(*layer.all_weights[0]))
    for one in side:
        one.flags.writeable = False
    values = np.random.default_rng(0).standard_normal((rows * steps, inputs), np.float32)
    offsets, kind = np.arange(rows + 1) * steps, CellKind(cell, precision=precision)

    def step() -> None:
        native.sweep(kind, [side], values, offsets)  # type: ignore[list-item]

    return step


def eager(cell: str, *, inputs: int, hidden: int, rows: int, steps: int) -> Step:
    """Forward of torch's layer without gradients."""
    torch.manual_seed(0)
    layer = getattr(nn, NAMES[cell])(inputs, hidden).eval()
    values = torch.randn(steps, rows, inputs)

    def step() -> None:
        with torch.no_grad():
            layer(values)

    return step


PARTS: dict[str, Callable[[], dict[str, Any]]] = {"inference": inference}
