"""A sequence of states becomes one vector, as a record and in NumPy: (tokens, inputs) -> (sequences, outputs).

Not here: learning.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from recurra.batches import Ragged, last_places
from recurra.config import Pool
from recurra.engine import native
from recurra.engine.processors import threads
from recurra.layers.layer import Floats, LayerSpec, Shapes, Weights


class PoolingSpec(LayerSpec):
    """A sequence of states becomes one vector: (tokens, inputs) -> (sequences, outputs), the parts concatenated."""

    kind: Literal["pooling"] = "pooling"
    parts: tuple[Pool, ...] = Field(min_length=1, max_length=4)
    inputs: int = Field(ge=1, le=32_768)
    heads: int = Field(default=1, ge=1, le=64)
    scorer: int = Field(default=32, ge=1, le=4096)
    bidirectional: bool = False

    @model_validator(mode="after")
    def _parts_fit(self) -> PoolingSpec:
        if len(set(self.parts)) != len(self.parts):
            raise ValueError("each pooling at most once")
        # Each head weighs its own share of the features.
        if "attention" in self.parts and self.inputs % self.heads:
            raise ValueError(f"{self.heads} heads do not share {self.inputs} features evenly")
        return self

    def weights(self) -> Shapes:
        """Return names and shapes of the weights."""
        if "attention" not in self.parts:
            return {}
        return {
            "attention_weight": (self.scorer, self.inputs),
            "attention_bias": (self.scorer,),
            "attention_query": (self.heads, self.scorer),
        }

    @property
    def outputs(self) -> int:
        """Features that come out."""
        return self.inputs * len(self.parts)


def pooling(spec: PoolingSpec, weights: Weights, inputs: Ragged[Floats]) -> Floats:
    """Concatenate the parts in the order of the spec; an empty sequence gives zeros.

    The engine makes all parts of float32 from one reading of the values; else, and in float64, NumPy makes each.
    """
    if native.serves(inputs.values.dtype):
        return _native(spec, weights, inputs)
    return np.concatenate([_pool(part, spec, weights, inputs) for part in spec.parts], axis=1)


def _native(spec: PoolingSpec, weights: Weights, inputs: Ragged[Floats]) -> Floats:
    # Without attention there are no weights at all, and the tuple is empty.
    scorer: Any = tuple(weights[f"attention_{name}"] for name in ("weight", "bias", "query") if weights)
    directions = 2 if spec.bidirectional else 1
    values: Any = np.ascontiguousarray(inputs.values)
    places = native.ragged(inputs.offsets)
    return native.pool(values, places, spec.parts, scorer or None, directions=directions, threads=threads()).rows


def _pool(part: Pool, spec: PoolingSpec, weights: Weights, inputs: Ragged[Floats]) -> Floats:
    if part == "last":
        return _last(spec, inputs)
    if part == "attention":
        return _attention(spec, weights, inputs)
    if part == "max":
        return _reduced(np.maximum, inputs)
    sums = _reduced(np.add, inputs)
    # An empty sequence has the sum 0, which stays 0 when it is divided by 1.
    return sums / np.maximum(inputs.lengths, 1)[:, None].astype(sums.dtype)


def _reduced(operation: np.ufunc, inputs: Ragged[Floats]) -> Floats:
    """Reduce the tokens of each sequence: (sequences, features); an empty one gives zeros."""
    pooled = np.zeros((inputs.sequences, inputs.values.shape[1]), inputs.values.dtype)
    # reduceat gives the element at an empty slice's place instead of nothing, so empty sequences are left out.
    filled = inputs.lengths > 0
    if filled.any():
        pooled[filled] = operation.reduceat(inputs.values, inputs.offsets[:-1][filled], axis=0)
    return pooled


def _last(spec: PoolingSpec, inputs: Ragged[Floats]) -> Floats:
    sides = np.split(inputs.values, 2, axis=1) if spec.bidirectional else [inputs.values]
    ends = []
    for number, side in enumerate(sides):
        # The reverse sweep ends at a sequence's first token.
        places = last_places(inputs.offsets, reverse=number == 1)
        ends.append(np.where(places[:, None] >= 0, side[places], side.dtype.type(0)))
    return np.concatenate(ends, axis=1)


def _attention(spec: PoolingSpec, weights: Weights, inputs: Ragged[Floats]) -> Floats:
    """u_t = tanh(W h_t + b), a_t = softmax_t(q · u_t), Σ a_t h_t over each head's share of the features."""
    hidden = np.tanh(inputs.values @ weights["attention_weight"].T + weights["attention_bias"])
    scores = inputs.carry(hidden @ weights["attention_query"].T)
    owners = inputs.owners()
    # Softmax of each sequence by itself; its highest score is taken away, so that nothing overflows.
    raised = np.exp(scores.values - _reduced(np.maximum, scores)[owners])
    shares = raised / _reduced(np.add, scores.carry(raised))[owners]
    return _reduced(np.add, inputs.carry(inputs.values * np.repeat(shares, spec.inputs // spec.heads, axis=1)))
