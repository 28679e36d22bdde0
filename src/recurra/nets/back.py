"""A pooled net with the way back to its token vectors, without torch: what explanations are made of.

Not here: answers (run.py), and learning (learn.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from recurra.layers.layer import Floats
from recurra.layers.matrix.run import dense_and_back
from recurra.layers.pooling.back import pooling_and_back
from recurra.layers.recurrent.back import recurrent_and_back
from recurra.nets.run import PooledNet, Tensors

Back = Callable[[Floats], Floats]
_AND_BACK: dict[str, Callable[[Any, Any, Floats], tuple[Floats, Back]]] = {
    "recurrent": recurrent_and_back, "pooling": pooling_and_back, "dense": dense_and_back,
}  # fmt: skip


def run_and_back(plan: PooledNet, tensors: Tensors, vectors: Floats) -> tuple[Floats, Back]:
    """Fold the layers behind the embedding over texts of one length: (texts, tokens, size) -> (texts, outputs).

    Texts longer than the plan's window are read in windows, as in answers. The second result leads from errors of the
    outputs (texts, outputs) to those of the vectors.
    """
    if not plan.flow:
        return np.zeros((len(vectors), plan.outputs)), lambda _: np.zeros_like(vectors)
    tokens = vectors.shape[1]
    if not plan.window or tokens <= plan.window:
        return _whole(plan, tensors, vectors)
    pieces = np.array_split(vectors, -(-tokens // plan.window), axis=1)
    # Each window counts by its tokens.
    shares = [piece.shape[1] / tokens for piece in pieces]
    read = [_whole(plan, tensors, piece) for piece in pieces]
    outputs = sum((share * rows for share, (rows, _) in zip(shares, read, strict=True)), np.zeros_like(read[0][0]))

    def back(errors: Floats) -> Floats:
        return np.concatenate([way(share * errors) for share, (_, way) in zip(shares, read, strict=True)], axis=1)

    return outputs, back


def _whole(plan: PooledNet, tensors: Tensors, vectors: Floats) -> tuple[Floats, Back]:
    values, ways = vectors, list[Back]()
    for spec, names in plan.steps[1:]:
        values, back = _AND_BACK[spec.kind](spec, {name: tensors[full] for name, full in names.items()}, values)
        ways.append(back)

    def through(errors: Floats) -> Floats:
        for back in reversed(ways):
            errors = back(errors)
        return errors

    return values, through
