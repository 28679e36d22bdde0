"""Layers that are one matrix, learning: token vectors, fully connected, and the output that shares the vectors' table.

Through the engine, rows of a table are looked up by torch functions with gradients. A table's gradient is row-sparse
and coalesced, each word's sum in the order of its tokens, so that its bits do not depend on the number of threads.
Looking up is linear: where a graph of the gradient is wanted, torch's operations give it.

Not here: where token vectors come from (text/vectors.py), dropout behind a dense layer (nets/learn.py), and which words
are sampled (tasks/heads/next_token/learn.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recurra.batches import Integers, Ragged
from recurra.config import Init, Learning
from recurra.engine import native, processors
from recurra.engine.autograd import rows_to_read, to_read, to_write, untraced, wants_numbers
from recurra.engine.choose import TokenRows, is_native
from recurra.layers.draws import Generator, check_drawn, draw_dense, gathered, row_masks, spread_masks, variational
from recurra.layers.matrix.run import BagSpec, DenseSpec, EmbeddingSpec, TiedSpec


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


class Bag(nn.Module):
    """A table of which each token has several rows, which are added; its gradient is row-sparse."""

    def __init__(self, spec: BagSpec, generator: Generator = None) -> None:
        """Draw vectors as an embedding's."""
        super().__init__()
        self.spec = spec
        self.weight = nn.Parameter(torch.randn(spec.words, spec.size, generator=generator) * 0.1)

    def forward(self, ids: Ragged[Tensor]) -> Ragged[Tensor]:
        """Look the rows up, and add them."""
        rows = nn.functional.embedding(ids.values, self.weight, sparse=True)
        return ids.carry(rows.sum(dim=1) * self.spec.scale)


@untraced
def native_gather(table: Tensor, ids: Tensor, offsets: Integers, *, scale: float, masks: Tensor | None) -> Tensor:
    """table[ids] · scale · mask of the token's sequence: ids (tokens,) -> (tokens, size).

    `masks` (sequences, size) or none; each sequence's tokens lie between its offsets.
    """
    check_drawn(masks)
    found: Tensor = _Gather.apply(table, ids.long(), offsets, scale, masks)  # type: ignore[no-untyped-call]
    return found


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, table: Tensor, ids: Tensor, offsets: Integers, scale: float, masks: Tensor | None
    ) -> Tensor:
        context.places, context.threads = native.ragged(offsets), processors.threads()
        context.offsets, context.scale, context.shape = offsets, scale, table.shape
        context.save_for_backward(ids, masks)
        return gathered(context, table, ids, masks, scale)

    @staticmethod
    @untraced
    def backward(context: Any, error: Tensor) -> Any:
        ids, masks = context.saved_tensors
        if wants_numbers(error):
            return _rows_gradient(context, ids, masks, error), None, None, None, None
        # The same in operations that torch differentiates again.
        rows = error * context.scale if masks is None else error * context.scale * spread_masks(masks, context.offsets)
        # Not coalesced: a word that comes twice has two entries, which torch adds up.
        return torch.sparse_coo_tensor(ids[None], rows, context.shape, check_invariants=False), None, None, None, None


def _rows_gradient(context: Any, ids: Tensor, masks: Tensor | None, error: Tensor) -> Tensor:
    # Tokens sorted by word, so that each row of the gradient is summed by one thread in one order.
    words = native.compiled.words(context.places, to_read(ids))
    rows, chosen = error.new_empty(words.count, context.shape[1]), ids.new_empty(words.count)
    native.compiled.gather_gradient(
        words,
        context.places,
        errors=rows_to_read(error),
        masks=to_read(masks),
        scale=context.scale,
        ids=to_write(chosen),
        rows=to_write(rows),
        threads=context.threads,
    )
    return _sparse(chosen, rows, context.shape)


@untraced
def native_distinct(table: Tensor, ids: Tensor, offsets: Integers, *, scale: float) -> tuple[Tensor, NDArray[np.int32]]:
    """Rows of the distinct ids, times scale: (words, size); and which of them each token has: (tokens,)."""
    words = native.compiled.words(native.ragged(offsets), to_read(ids.long()))
    # The engine says how many words there are before it is asked for them: their memory is the caller's.
    chosen, rows = np.empty(words.count, np.int64), np.empty(len(ids), np.int32)
    native.compiled.distinct(words, ids=chosen, rows=rows)
    found: Tensor = _Distinct.apply(table, torch.from_numpy(chosen), scale)  # type: ignore[no-untyped-call]
    return found, rows


class _Distinct(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, table: Tensor, chosen: Tensor, scale: float) -> Tensor:
        context.scale, context.shape = scale, table.shape
        context.save_for_backward(chosen)
        # In place: the row was copied by the index, and belongs to nobody else.
        return table[chosen].mul_(scale)

    @staticmethod
    def backward(context: Any, error: Tensor) -> Any:
        (chosen,) = context.saved_tensors
        return _sparse(chosen, error * context.scale, context.shape), None, None


def _sparse(chosen: Tensor, rows: Tensor, shape: torch.Size) -> Tensor:
    """A gradient of a few rows of a table, `chosen` in rising order."""
    # Rising and distinct already: torch need not sort. Its own checks would read all indices once more.
    return torch.sparse_coo_tensor(chosen[None], rows, shape, is_coalesced=True, check_invariants=False)


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

    def forward(
        self, hidden: Tensor, table: Tensor, words: Tensor | None = None, *, precision: Learning = "float32"
    ) -> Tensor:
        """Score all words, or only the given ones: (rows, size) -> (rows, words); only their rows get gradients.

        Products of bf16 come out rounded to bfloat16: a score of 10 to the nearest 0.06. The bias joins in float32.
        """
        if words is None:
            return _scores(hidden, table, self.bias[:, 0], precision)
        rows = nn.functional.embedding(words, table, sparse=True)
        # Sparse gradients again: with 10,000 words and 500 samples, a dense step would cost twenty times as much.
        bias = nn.functional.embedding(words, self.bias, sparse=True)
        return _scores(hidden, rows, bias[:, 0], precision)


def _scores(hidden: Tensor, rows: Tensor, bias: Tensor, precision: Learning) -> Tensor:
    if precision == "float32":
        return nn.functional.linear(hidden, rows, bias)
    # Half of a step's work is here, where words are many: matrix units make it several times as quick.
    return nn.functional.linear(hidden.bfloat16(), rows.bfloat16()).float() + bias
