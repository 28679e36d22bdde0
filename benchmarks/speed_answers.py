"""Answers' speed: a layer forward alone, beside torch, OpenVINO and ONNX Runtime, and where the engine loses to torch.

Not here: training (speed.py, speed_steps.py). Ours runs as `predict` does: from NumPy, weights packed once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise, product
from typing import Any, get_args

import numpy as np
import torch
from rival import rival, there
from smoke import sized
from timing import HIDDEN, INPUTS, NAMES, SEQUENCES, THREADS, Step, in_turn, review_words
from torch import nn

import recurra.nn
from recurra.batches import Integers, Ragged
from recurra.cells.backends.torch import SweepWeights
from recurra.config import CellKind, CellName, Precision
from recurra.engine import native
from recurra.layers.recurrent.run import RecurrentSpec, recurrent, words_of

BATCHES = sized(((64, 256), (1, 230)), ((4, 12), (1, 7)))
WIDTHS = sized((128, 256), (HIDDEN,))
RIVALS = (("openvino", "float32"), ("openvino", "bf16"), ("onnxruntime", "float32"), ("onnxruntime", "int8"))


def inference() -> dict[str, Any]:
    """Batch 64 and batch 1, 128 and 256 units: ours in each precision against torch eager and the rivals there are."""
    told: dict[str, Any] = {}
    for cell in ("lstm", "gru"):
        for hidden in WIDTHS:
            for rows, steps in BATCHES:
                name = f"{cell} {hidden} batch {rows}"
                told[name] = _beside(cell, hidden, rows, steps)
    return told


def _beside(cell: CellName, hidden: int, rows: int, steps: int) -> dict[str, Any]:
    sizes = {"inputs": INPUTS, "hidden": hidden, "rows": rows, "steps": steps}
    rounds = 15 if rows == 1 else 9
    ours = {precision: answer(cell, precision, **sizes) for precision in get_args(Precision)}
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
            if precision == "bf16":
                told[f"{name} bf16, ours in int8"] = in_turn(ours["int8"], other, rounds=rounds)
    return told


def answer(cell: CellName, precision: Precision, *, inputs: int, hidden: int, rows: int, steps: int) -> Step:
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


def table() -> dict[str, Any]:
    """Answers over real reviews: words from the table of projected words, beside a product for every token."""
    ids, offsets = review_words(SEQUENCES * 8)
    told = {}
    for cell, inputs in product(NAMES, (INPUTS, 3 * INPUTS)):
        told[f"{cell} {inputs}"] = in_turn(*(look_up(cell, inputs, ids, offsets, known) for known in (True, False)))
    return told


def look_up(cell: CellName, inputs: int, ids: Integers, offsets: Integers, known: bool) -> Step:
    """Forward over reviews, a batch after the other; their words in the table, or their vectors as inputs."""
    spec = RecurrentSpec(cell=cell, inputs=inputs, hidden=HIDDEN)
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(0, 0.1, shape).astype(np.float32) for name, shape in spec.weights().items()}
    vectors = rng.standard_normal((int(ids.max()) + 1, inputs), np.float32)
    for one in (vectors, *weights.values()):
        one.flags.writeable = False
    cut = offsets[::SEQUENCES]
    batches = [
        Ragged(ids[begin:end], offsets[first : first + SEQUENCES + 1] - begin)
        for first, (begin, end) in zip(range(0, len(offsets) - 1, SEQUENCES), pairwise(cut), strict=True)
    ]
    words = words_of(spec, weights, vectors) if known else None

    def step() -> None:
        for batch in batches:
            if words:
                rows = words.places(batch.values, lambda new: vectors[new])
                recurrent(spec, weights, batch.carry(vectors[:0]), rows=rows, table=words)
            else:
                recurrent(spec, weights, batch.carry(vectors[batch.values]))

    return step


PARTS: dict[str, Callable[[], dict[str, Any]]] = {"inference": inference, "table": table}
