"""A fully connected layer, learning: (rows, inputs) -> (rows, outputs).

Not here: dropout before it (nets/learn.py).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recurra.layers.dropout import Generator
from recurra.layers.specs import DenseSpec


class Dense(nn.Module):
    """y = f(W x + b), with W (outputs, inputs)."""

    def __init__(self, spec: DenseSpec, generator: Generator = None) -> None:
        """Draw W uniformly within ±1/√inputs, as torch.nn.Linear does; b starts at zero."""
        super().__init__()
        self.spec = spec
        bound = spec.inputs**-0.5
        self.weight = nn.Parameter(torch.empty(spec.outputs, spec.inputs).uniform_(-bound, bound, generator=generator))
        self.bias = nn.Parameter(torch.zeros(spec.outputs))

    def forward(self, inputs: Tensor) -> Tensor:
        """Multiply, add, activate."""
        outputs = nn.functional.linear(inputs, self.weight, self.bias)
        if self.spec.activation == "relu":
            return torch.relu(outputs)
        return torch.tanh(outputs) if self.spec.activation == "tanh" else outputs
