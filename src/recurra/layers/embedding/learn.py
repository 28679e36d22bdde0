"""Token vectors, learning: ragged ids -> ragged vectors (tokens, size).

Not here: where the vectors come from (text/vectors.py).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recurra.batches import Ragged
from recurra.engine.choose import Rows, is_native
from recurra.engine.rows import native_distinct, native_gather
from recurra.layers.dropout import Generator, variational, variational_masks
from recurra.layers.specs import EmbeddingSpec


class Embedding(nn.Module):
    """A table whose gradient is row-sparse: a step touches only the rows of the tokens it saw."""

    def __init__(self, spec: EmbeddingSpec, generator: Generator = None) -> None:
        """Draw vectors from N(0, 0.1²): small beside the recurrent weights, as pre-trained vectors are scaled to be."""
        super().__init__()
        self.spec = spec
        self.weight = nn.Parameter(torch.randn(spec.words, spec.size, generator=generator) * 0.1)

    def forward(self, ids: Ragged[Tensor], generator: Generator = None, *, dropout: float = 0.0) -> Ragged[Tensor]:
        """Look the rows up; `dropout` is variational, one mask for each sequence."""
        if not is_native(self.weight):
            found = nn.functional.embedding(ids.values, self.weight, sparse=True) * self.spec.scale
            return variational(ids.carry(found), dropout, generator)
        size = self.spec.size
        masks = variational_masks(ids.sequences, size, dropout, generator, like=self.weight) if dropout else None
        return ids.carry(native_gather(self.weight, ids.values, ids.offsets, scale=self.spec.scale, masks=masks))

    def distinct(self, ids: Ragged[Tensor]) -> tuple[Ragged[Tensor], Rows | None]:
        """Look each distinct id up once: (words, size), and which of them each token has: (tokens,).

        Without the native engine every token has its own row, and nothing is told beside.
        """
        if not is_native(self.weight):
            return self(ids), None
        found, rows = native_distinct(self.weight, ids.values, ids.offsets, scale=self.spec.scale)
        return ids.carry(found), rows
