"""Token vectors, learning: ids (tokens,) -> (tokens, size).

Not here: where the vectors come from (text/vectors.py).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recurra.layers.specs import EmbeddingSpec


class Embedding(nn.Module):
    """A table whose gradient is row-sparse: a step touches only the rows of the tokens it saw."""

    def __init__(self, spec: EmbeddingSpec) -> None:
        """Draw vectors from N(0, 0.1²): small beside the recurrent weights, as pre-trained vectors are scaled to be."""
        super().__init__()
        self.spec = spec
        self.weight = nn.Parameter(torch.randn(spec.words, spec.size) * 0.1)

    def forward(self, ids: Tensor) -> Tensor:
        """Look the rows up."""
        return nn.functional.embedding(ids, self.weight, sparse=True) * self.spec.scale
