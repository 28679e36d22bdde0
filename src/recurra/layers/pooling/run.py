"""A sequence of states becomes one vector, running in NumPy: (tokens, inputs) -> (sequences, outputs).

Not here: learning.
"""

from __future__ import annotations

import numpy as np

from recurra.batches import Ragged, last_places
from recurra.config import Pool
from recurra.layers.specs import PoolingSpec
from recurra.layers.types import Floats, Weights


def pooling(spec: PoolingSpec, weights: Weights, inputs: Ragged[Floats]) -> Floats:
    """Concatenate the parts in the order of the spec; an empty sequence gives zeros."""
    return np.concatenate([_pool(part, spec, weights, inputs) for part in spec.parts], axis=1)


def _pool(part: Pool, spec: PoolingSpec, weights: Weights, inputs: Ragged[Floats]) -> Floats:
    if part == "last":
        return _last(spec, inputs)
    if part == "attention":
        return _attention(spec, weights, inputs)
    pooled = np.zeros((inputs.sequences, inputs.values.shape[1]), inputs.values.dtype)
    filled = inputs.lengths > 0
    if not filled.any():
        return pooled
    starts = inputs.offsets[:-1][filled]
    if part == "max":
        pooled[filled] = np.maximum.reduceat(inputs.values, starts, axis=0)
    else:
        pooled[filled] = np.add.reduceat(inputs.values, starts, axis=0) / inputs.lengths[filled, None]
    return pooled


def _last(spec: PoolingSpec, inputs: Ragged[Floats]) -> Floats:
    sides = np.split(inputs.values, 2, axis=1) if spec.bidirectional else [inputs.values]
    ends = []
    for number, side in enumerate(sides):
        places = last_places(inputs.offsets, reverse=number == 1)
        ends.append(np.where(places[:, None] >= 0, side[places], side.dtype.type(0)))
    return np.concatenate(ends, axis=1)


def _attention(spec: PoolingSpec, weights: Weights, inputs: Ragged[Floats]) -> Floats:
    """u_t = tanh(W h_t + b), a_t = softmax_t(q · u_t), Σ a_t h_t for each head's q."""
    hidden = np.tanh(inputs.values @ weights["attention_weight"].T + weights["attention_bias"])
    scores = hidden @ weights["attention_query"].T
    pooled = np.zeros((inputs.sequences, spec.heads, spec.inputs), inputs.values.dtype)
    for row in range(inputs.sequences):
        part = slice(inputs.offsets[row], inputs.offsets[row + 1])
        if part.stop > part.start:
            shares = np.exp(scores[part] - scores[part].max(axis=0))
            pooled[row] = (shares / shares.sum(axis=0)).T @ inputs.values[part]
    return pooled.reshape(inputs.sequences, -1)
