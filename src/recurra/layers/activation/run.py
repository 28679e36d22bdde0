"""Functions that stand as layers of their own, as a record and in NumPy: (rows, inputs) -> (rows, outputs).

Not here: the activations within a cell (cells/) and of a dense layer (layers/matrix/run.py).
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from pydantic import Field, model_validator

from recurra.cells.backends.numpy import ACTIVATE
from recurra.layers.layer import Floats, LayerSpec, Shapes

Function = Literal["tanh", "relu", "sigmoid", "softmax", "magnitude"]
FUNCTIONS: tuple[Function, ...] = get_args(Function)


class ActivationSpec(LayerSpec):
    """A function of each number; of each row (softmax); or of pairs (magnitude), which leaves half as many.

    magnitude: at each place the first half of the numbers are real parts, the second half imaginary ones.
    """

    kind: Literal["activation"] = "activation"
    function: Function
    inputs: int = Field(ge=1, le=4_194_304)
    places: int = Field(default=1, ge=1, le=1_048_576)
    """Places of a chunk that a row holds one after another."""

    @model_validator(mode="after")
    def _in_pairs(self) -> ActivationSpec:
        if self.function == "magnitude" and self.inputs % (2 * self.places):
            raise ValueError("inputs of a magnitude: an even number at each place")
        return self

    def weights(self) -> Shapes:
        """A function has none."""
        return {}

    @property
    def outputs(self) -> int:
        """Numbers that come out."""
        return self.inputs // 2 if self.function == "magnitude" else self.inputs


def activation(spec: ActivationSpec, inputs: Floats) -> Floats:
    """Apply the function."""
    if spec.function == "softmax":
        return softmax(inputs)
    if spec.function != "magnitude":
        return ACTIVATE[spec.function](inputs)
    parts = inputs.reshape(len(inputs), spec.places, 2, spec.outputs // spec.places)
    # Squares and a root, as those who train with it write it: hypot guards ranges that sound never has, and is slow.
    squares = parts[:, :, 0] ** 2 + parts[:, :, 1] ** 2
    found: Floats = np.sqrt(squares).reshape(len(inputs), spec.outputs)
    return found


def softmax(logits: Floats) -> Floats:
    """Turn scores into probabilities along the last axis."""
    # Shares do not change when all scores move alike; without the highest taken away, e^1000 would be infinite.
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return shares
