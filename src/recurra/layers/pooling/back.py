"""Pooling with the way back to its inputs, without torch: (sequences, steps, inputs) -> (sequences, outputs).

Not here: answers (run.py), and the gradients of attention's weights, which learning alone needs (learn.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from recurra.batches import rectangle
from recurra.engine import native
from recurra.engine.processors import threads
from recurra.layers.layer import Floats, Weights
from recurra.layers.pooling.run import PoolingSpec

Back = Callable[[Floats], Floats]
"""From errors (sequences, outputs) to errors (sequences, steps, inputs)."""


def pooling_and_back(spec: PoolingSpec, weights: Weights, values: Floats) -> tuple[Floats, Back]:
    """Pool sequences of one length, at least one step each; the engine does where it is there, as in answers."""
    if native.serves(values.dtype):
        return _native(spec, weights, values)
    pooled = {
        "last": lambda: _last(spec, values),
        "mean": lambda: _mean(values),
        "max": lambda: _max(values),
        "attention": lambda: _attention(spec, weights, values),
    }
    parts = [pooled[part]() for part in spec.parts]

    def back(errors: Floats) -> Floats:
        shares = np.split(errors, len(parts), axis=1)
        return sum((way(share) for (_, way), share in zip(parts, shares, strict=True)), np.zeros_like(values))

    return np.concatenate([rows for rows, _ in parts], axis=1), back


def _native(spec: PoolingSpec, weights: Weights, values: Floats) -> tuple[Floats, Back]:
    laid = rectangle(values)
    places, inputs = native.ragged(laid.offsets), np.ascontiguousarray(laid.values, np.float32)
    # Without attention there are no weights at all.
    scorer: Any = tuple(weights[f"attention_{name}"] for name in ("weight", "bias", "query") if weights) or None
    asked: dict[str, Any] = {"directions": 2 if spec.bidirectional else 1, "threads": threads()}
    pooled = native.pool(inputs, places, spec.parts, scorer, learning=True, **asked)

    def back(errors: Floats) -> Floats:
        given = np.empty_like(inputs)
        # The engine makes the scorer's gradients along with the others.
        learnt = tuple(np.empty_like(part) for part in scorer) if scorer else None
        native.compiled.pool_back(
            places, values=inputs, parts=spec.parts, scorer=scorer, **pooled._asdict(), **asked,
            errors=np.ascontiguousarray(errors, np.float32), value_errors=given, gradients=learnt,
        )  # fmt: skip
        return given.reshape(values.shape)

    return pooled.rows, back


def _last(spec: PoolingSpec, values: Floats) -> tuple[Floats, Back]:
    size = spec.inputs // 2 if spec.bidirectional else spec.inputs
    # The reverse sweep ends at a sequence's first token.
    rows = np.concatenate([values[:, -1, :size], values[:, 0, size:]], axis=1)

    def back(errors: Floats) -> Floats:
        given = np.zeros_like(values)
        given[:, -1, :size] = errors[:, :size]
        given[:, 0, size:] = errors[:, size:]
        return given

    return rows, back


def _mean(values: Floats) -> tuple[Floats, Back]:
    steps = values.shape[1]
    return values.mean(axis=1), lambda errors: np.broadcast_to(errors[:, None] / steps, values.shape)


def _max(values: Floats) -> tuple[Floats, Back]:
    where = values.argmax(axis=1)[:, None]

    def back(errors: Floats) -> Floats:
        given = np.zeros_like(values)
        # Each feature's error goes to the one step that has its maximum.
        np.put_along_axis(given, where, errors[:, None], axis=1)
        return given

    return np.take_along_axis(values, where, axis=1)[:, 0], back


def _attention(spec: PoolingSpec, weights: Weights, values: Floats) -> tuple[Floats, Back]:
    """As in run.py: u = tanh(W h + b), a = softmax over steps of q · u, Σ a h over each head's share of features."""
    weight, bias, query = (weights[f"attention_{name}"] for name in ("weight", "bias", "query"))
    each = spec.inputs // spec.heads
    hidden = np.tanh(values @ weight.T + bias)
    scores = hidden @ query.T
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = raised / raised.sum(axis=1, keepdims=True)
    spread = np.repeat(shares, each, axis=2)

    def back(errors: Floats) -> Floats:
        wide = errors[:, None]
        # By each head's share: the features that it weighs, times their errors.
        to_shares = (values * wide).reshape(*values.shape[:2], spec.heads, each).sum(axis=3)
        # The softmax's own slope: what all steps gain alike changes no share.
        to_scores = shares * (to_shares - (shares * to_shares).sum(axis=1, keepdims=True))
        to_hidden = (to_scores @ query) * (1 - hidden**2)
        through: Floats = spread * wide + to_hidden @ weight
        return through

    return (values * spread).sum(axis=1), back
