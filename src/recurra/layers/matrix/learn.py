"""Layers that are one matrix, learning: token vectors, fully connected, and the output that shares the vectors' table.

Not here: where token vectors come from (text/vectors.py), dropout behind a dense layer (nets/learn.py), and which words
are sampled (tasks/heads/next_token/learn.py).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recurra.batches import Ragged
from recurra.config import Init
from recurra.engine.choose import TokenRows, is_native
from recurra.engine.rows import native_distinct, native_gather
from recurra.layers.draws import Generator, draw_dense, row_masks, variational
from recurra.layers.matrix.run import DenseSpec, EmbeddingSpec, TiedSpec


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
            vectors = nn.functional.embedding(ids.values, self.weight, sparse=True) * self.spec.scale
            return variational(ids.carry(vectors), dropout, generator)
        size = self.spec.size
        # The engine multiplies by the masks while it copies the rows: they are never written without them.
        masks = row_masks(ids.sequences, size, dropout, generator, like=self.weight) if dropout else None
        return ids.carry(native_gather(self.weight, ids.values, ids.offsets, scale=self.spec.scale, masks=masks))

    def distinct(self, ids: Ragged[Tensor]) -> tuple[Ragged[Tensor], TokenRows | None]:
        """Look each distinct id up once: (words, size), and which of them each token has: (tokens,).

        Without the native engine every token has its own row, and nothing is told beside.
        """
        if not is_native(self.weight):
            return self(ids), None
        vectors, rows = native_distinct(self.weight, ids.values, ids.offsets, scale=self.spec.scale)
        return ids.carry(vectors), rows


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
        # Sparse gradients again: with 10,000 words and 500 samples, a dense step would cost twenty times as much.
        bias = nn.functional.embedding(words, self.bias, sparse=True)
        return nn.functional.linear(hidden, rows, bias[:, 0])
