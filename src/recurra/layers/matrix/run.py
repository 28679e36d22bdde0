"""Layers that are one matrix, as records and in NumPy: rows looked up, added or multiplied, a table shared as output.

Not here: learning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from pydantic import Field

from recurra.layers.layer import Floats, LayerSpec, Shapes, TokenIds, Weights


class EmbeddingSpec(LayerSpec):
    """A table of token vectors: ids (tokens,) -> (tokens, size), times `scale`."""

    kind: Literal["embedding"] = "embedding"
    words: int = Field(ge=1, le=2_000_000)
    size: int = Field(ge=1, le=4096)
    scale: float = Field(default=1.0, gt=0.0, le=1000.0)

    def weights(self) -> Shapes:
        """Return names and shapes of the weights."""
        return {"weight": (self.words, self.size)}

    @property
    def outputs(self) -> int:
        """Features that come out."""
        return self.size


class BagSpec(LayerSpec):
    """A table of which each token has several rows: ids (tokens, ids) -> their sum (tokens, size), times `scale`."""

    kind: Literal["bag"] = "bag"
    words: int = Field(ge=1, le=2_000_000)
    size: int = Field(ge=1, le=4096)
    scale: float = Field(default=1.0, gt=0.0, le=1000.0)

    def weights(self) -> Shapes:
        """Return names and shapes of the weights."""
        return {"weight": (self.words, self.size)}

    @property
    def outputs(self) -> int:
        """Features that come out."""
        return self.size


class DenseSpec(LayerSpec):
    """A fully connected layer: (rows, inputs) -> (rows, outputs)."""

    kind: Literal["dense"] = "dense"
    inputs: int = Field(ge=1, le=4_194_304)
    outputs: int = Field(ge=1, le=2_000_000)
    activation: Literal["linear", "tanh", "relu"] = "linear"

    def weights(self) -> Shapes:
        """Return names and shapes of the weights."""
        return {"weight": (self.outputs, self.inputs), "bias": (self.outputs,)}


class TiedSpec(LayerSpec):
    """The output layer of a language model that shares the embedding's table: (rows, size) -> (rows, words)."""

    kind: Literal["tied"] = "tied"
    words: int = Field(ge=1, le=2_000_000)

    def weights(self) -> Shapes:
        """Return names and shapes of the weights: the table is the embedding's, only the bias is its own."""
        # One column, so that torch can give its rows sparse gradients as it does a table's.
        return {"bias": (self.words, 1)}

    @property
    def outputs(self) -> int:
        """Scores that come out."""
        return self.words


def embedding(spec: EmbeddingSpec, weights: Weights, ids: TokenIds) -> Floats:
    """Look the rows up."""
    rows: Floats = np.take(weights["weight"], ids, axis=0)
    return rows * spec.scale


def bag(spec: BagSpec, weights: Weights, ids: TokenIds) -> Floats:
    """Look the rows of each token up, and add them."""
    # One column after another: the rows of all columns at once would be as many times as large.
    summed: Floats = np.take(weights["weight"], ids[:, 0], axis=0)
    for column in range(1, ids.shape[1]):
        summed += np.take(weights["weight"], ids[:, column], axis=0)
    return summed * spec.scale


def dense(spec: DenseSpec, weights: Weights, inputs: Floats) -> Floats:
    """Multiply, add, activate: y = f(W x + b)."""
    outputs = inputs @ weights["weight"].T + weights["bias"]
    if spec.activation == "relu":
        return np.maximum(outputs, 0)
    return np.tanh(outputs) if spec.activation == "tanh" else outputs


def dense_and_back(spec: DenseSpec, weights: Weights, inputs: Floats) -> tuple[Floats, Callable[[Floats], Floats]]:
    """The same, and the way back: from errors of the outputs (rows, outputs) to errors of the inputs (rows, inputs)."""
    outputs = dense(spec, weights, inputs)

    def back(errors: Floats) -> Floats:
        # Both activations tell their slope by what they gave.
        if spec.activation == "tanh":
            errors = errors * (1 - outputs**2)
        elif spec.activation == "relu":
            errors = np.where(outputs > 0, errors, 0)
        given: Floats = errors @ weights["weight"]
        return given

    return outputs, back


def tied(weights: Weights, hidden: Floats, table: Floats) -> Floats:
    """Score all words: (rows, size) -> (rows, words)."""
    return hidden @ table.T + weights["bias"][:, 0]
