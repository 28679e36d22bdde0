"""Dropout on ragged sequences, in training only: it leaves no weights and nothing to run.

Not here: when it is applied (nets/learn.py).
"""

from __future__ import annotations

import torch
from torch import Tensor

from recurra.autograd_rows import native_masked
from recurra.batches import Ragged
from recurra.devices import tensor_on
from recurra.engine import is_native
from recurra.text.vocabulary import UNK


def variational(inputs: Ragged[Tensor], rate: float) -> Ragged[Tensor]:
    """Drop the same features at every step of a sequence (Gal & Ghahramani 2016), scaled by 1 / (1 - rate)."""
    if not rate:
        return inputs
    values = inputs.values
    masks = variational_masks(inputs.sequences, values.shape[1], rate, like=values)
    if is_native(values.dtype, values.device.type):
        return inputs.carry(native_masked(values, masks, inputs.offsets))
    return inputs.carry(values * masks[tensor_on(values.device, inputs.owners())])


def variational_masks(sequences: int, features: int, rate: float, *, like: Tensor) -> Tensor:
    """Draw one mask for each sequence: (sequences, features), zero or 1 / (1 - rate)."""
    kept = torch.rand(sequences, features, device=like.device) >= rate
    return kept.to(like.dtype) / (1 - rate)


def unknown_words(ids: Ragged[Tensor], rate: float) -> Ragged[Tensor]:
    """Replace words by <unk> at random (Dai & Le 2015): the net must not lean on any single word."""
    if not rate:
        return ids
    lost = torch.rand(len(ids.values), device=ids.values.device) < rate
    return ids.carry(ids.values.masked_fill(lost, UNK))


def whole_tokens(inputs: Ragged[Tensor], rate: float) -> Ragged[Tensor]:
    """Drop whole tokens' vectors, scaled by 1 / (1 - rate) (Iyyer et al. 2015)."""
    if not rate:
        return inputs
    kept = torch.rand(len(inputs.values), 1, device=inputs.values.device) >= rate
    return inputs.carry(inputs.values * (kept.to(inputs.values.dtype) / (1 - rate)))
