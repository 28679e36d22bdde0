"""A fully connected layer, running in NumPy: (rows, inputs) -> (rows, outputs).

Not here: learning.
"""

from __future__ import annotations

import numpy as np

from recurra.layers.specs import DenseSpec
from recurra.layers.types import Floats, Weights


def dense(spec: DenseSpec, weights: Weights, inputs: Floats) -> Floats:
    """Multiply, add, activate: y = f(W x + b)."""
    outputs = inputs @ weights["weight"].T + weights["bias"]
    if spec.activation == "relu":
        return np.maximum(outputs, 0)
    return np.tanh(outputs) if spec.activation == "tanh" else outputs
