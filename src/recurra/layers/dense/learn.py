"""A fully connected layer, learning: (rows, inputs) -> (rows, outputs).

Not here: dropout before it (nets/learn.py).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recurra.config import Init
from recurra.layers.dropout import Generator
from recurra.layers.initial import draw_dense
from recurra.layers.specs import DenseSpec


class Dense(nn.Module):
    """y = f(W x + b), with W (outputs, inputs)."""

    def __init__(self, spec: DenseSpec, generator: Generator = None, init: Init = "gates") -> None:
        """Draw the first weights."""
        super().__init__()
        self.spec = spec
        self.weight = nn.Parameter(torch.zeros(spec.outputs, spec.inputs))
        self.bias = nn.Parameter(torch.zeros(spec.outputs))
        draw_dense(self.weight, self.bias, spec, init, generator)

    def forward(self, inputs: Tensor) -> Tensor:
        """Multiply, add, activate."""
        outputs = nn.functional.linear(inputs, self.weight, self.bias)
        if self.spec.activation == "relu":
            return torch.relu(outputs)
        return torch.tanh(outputs) if self.spec.activation == "tanh" else outputs
