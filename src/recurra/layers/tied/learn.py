"""The output layer of a language model that shares the embedding's table, learning.

Not here: the table itself (layers/embedding) and which words are sampled (tasks/heads/next_token/learn.py).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recurra.layers.specs import TiedSpec


class Tied(nn.Module):
    """logits = E h + b with the embedding's table E (Press & Wolf 2017; Inan et al. 2017)."""

    def __init__(self, spec: TiedSpec) -> None:
        """Start the bias at zero."""
        super().__init__()
        self.spec = spec
        self.bias = nn.Parameter(torch.zeros(spec.words, 1))

    def forward(self, hidden: Tensor, table: Tensor, words: Tensor | None = None) -> Tensor:
        """Score all words, or only the given ones: (rows, size) -> (rows, words); only their rows get gradients."""
        if words is None:
            return nn.functional.linear(hidden, table, self.bias[:, 0])
        rows = nn.functional.embedding(words, table, sparse=True)
        bias = nn.functional.embedding(words, self.bias, sparse=True)
        return nn.functional.linear(hidden, rows, bias[:, 0])
