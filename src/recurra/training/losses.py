"""Losses as (sum, count), to be divided once.

Not here: metrics of finished answers (metrics.py).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from recurra.batches import Ragged
from recurra.engine.devices import tensor_on
from recurra.layers.tied.learn import Tied


def classification(logits: Tensor, targets: Tensor, weights: Tensor, *, smoothing: float = 0.0) -> tuple[Tensor, float]:
    """Weighted cross-entropy in nats: logits (rows, classes), targets (rows,), weights (rows,) -> (sum, weight)."""
    losses = functional.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)
    return (losses * weights).sum(), float(weights.sum())


def adversarial(vectors: Ragged[Tensor], length: float) -> Tensor:
    """Return the step on token vectors that raises each sequence's loss most: (tokens, size), of norm `length` each."""
    gradient = gradient_of(vectors.values)
    owners = tensor_on(gradient.device, vectors.owners())
    squares = gradient.new_zeros(vectors.sequences).index_add(0, owners, (gradient**2).sum(dim=1))
    return gradient * (length / squares.sqrt().clamp(min=1e-12))[owners, None]


def gradient_of(values: Tensor) -> Tensor:
    """Return what a loss left behind at a leaf."""
    if values.grad is None:
        raise RuntimeError("no loss was taken back to these values")
    return values.grad


def squared_error(forecasts: Tensor, targets: Tensor) -> tuple[Tensor, float]:
    """Squared error over all steps: (sum, count)."""
    return ((forecasts - targets) ** 2).sum(), float(targets.numel())


def full_softmax(output: Tied, hidden: Tensor, table: Tensor, targets: Tensor) -> tuple[Tensor, float]:
    """Cross-entropy of the next token over all words, in nats: (sum, count)."""
    return functional.cross_entropy(output(hidden, table), targets, reduction="sum"), float(len(targets))


def sampled_softmax(
    output: Tied, hidden: Tensor, table: Tensor, targets: Tensor, *, drawn: NDArray[np.int64], chance: Tensor
) -> tuple[Tensor, float]:
    """Cross-entropy over the batch's own targets and the `drawn` words instead of all words: (sum, count).

    Each kept word w stands for 1 / q(w) words, so log q(w) is subtracted from its score (Jean et al. 2015; Bengio &
    Senécal 2008); q is the chance that w is among the kept words of a step, `chance` (words,). The target itself is
    always kept, and its correction is the same, so that the expected gradient approaches the full softmax's.
    """
    kept = torch.unique(torch.cat([targets, tensor_on(targets.device, drawn)]))
    places = torch.searchsorted(kept, targets)
    scores = output(hidden, table, kept) - torch.log(chance[kept])
    return functional.cross_entropy(scores, places, reduction="sum"), float(len(targets))


def inclusion_chance(
    counts: NDArray[np.int64], *, samples: int, targets: int, power: float = 0.75
) -> NDArray[np.float64]:
    """Return the chance of each word to be kept in a step: (words,).

    `samples` draws from unigram^power and `targets` tokens of the text itself: 1 - (1 - p)^samples · (1 - u)^targets.
    """
    unigram = counts / counts.sum()
    drawn = proposal(counts, power=power)
    missed = samples * np.log1p(-drawn) + targets * np.log1p(-np.minimum(unigram, 1 - 1e-9))
    chance: NDArray[np.float64] = np.maximum(-np.expm1(missed), 1e-12)
    return chance


def proposal(counts: NDArray[np.int64], *, power: float = 0.75) -> NDArray[np.float64]:
    """Return the distribution that samples are drawn from: proportional to (count + 1)^power."""
    weights = (counts + 1.0) ** power
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares
