"""Dropout, in training only: it leaves no weights and nothing to run.

Not here: when it is applied (nets/learn.py). Every mask is drawn from the generator that comes in; None is torch's
global one, which a fit never touches: fits side by side in threads would draw from it in turn.
"""

from __future__ import annotations

import torch
from torch import Tensor

from recurra.batches import Ragged
from recurra.engine.choose import is_native
from recurra.engine.devices import tensor_on
from recurra.engine.rows import native_masked
from recurra.text.vocabulary import UNK

Generator = torch.Generator | None


def elements(values: Tensor, rate: float, generator: Generator) -> Tensor:
    """Drop single numbers (Srivastava et al. 2014), scaled by 1 / (1 - rate): torch's own dropout, bit for bit."""
    if not rate:
        return values
    # Drawn like torch's own: the same generator gives the same masks, so that an older run can be repeated.
    kept = torch.empty_like(values).bernoulli_(1 - rate, generator=generator)
    return values * kept.div_(1 - rate)


def variational(inputs: Ragged[Tensor], rate: float, generator: Generator) -> Ragged[Tensor]:
    """Drop the same features at every step of a sequence (Gal & Ghahramani 2016), scaled by 1 / (1 - rate)."""
    if not rate:
        return inputs
    values = inputs.values
    masks = variational_masks(inputs.sequences, values.shape[1], rate, generator, like=values)
    # One pass over the values: the masks are never spread to a row for each token.
    if is_native(values):
        return inputs.carry(native_masked(values, masks, inputs.offsets))
    return inputs.carry(values * masks[tensor_on(values.device, inputs.owners())])


def variational_masks(sequences: int, features: int, rate: float, generator: Generator, *, like: Tensor) -> Tensor:
    """Draw one mask for each sequence: (sequences, features), zero or 1 / (1 - rate)."""
    kept = torch.rand(sequences, features, device=like.device, generator=generator) >= rate
    # What stays is enlarged, so that sums keep their mean and nothing needs a factor when the net answers.
    return kept.to(like.dtype) / (1 - rate)


def unknown_words(ids: Ragged[Tensor], rate: float, generator: Generator) -> Ragged[Tensor]:
    """Replace words by <unk> at random (Dai & Le 2015): the net must not lean on any single word."""
    if not rate:
        return ids
    lost = torch.rand(len(ids.values), device=ids.values.device, generator=generator) < rate
    return ids.carry(ids.values.masked_fill(lost, UNK))


def whole_tokens(inputs: Ragged[Tensor], rate: float, generator: Generator) -> Ragged[Tensor]:
    """Drop whole tokens' vectors, scaled by 1 / (1 - rate) (Iyyer et al. 2015)."""
    if not rate:
        return inputs
    kept = torch.rand(len(inputs.values), 1, device=inputs.values.device, generator=generator) >= rate
    return inputs.carry(inputs.values * (kept.to(inputs.values.dtype) / (1 - rate)))
