"""What layers draw at random while they learn: the masks of dropout, and the first weights.

Nothing of it is left to run: an answer draws nothing. Every draw takes the generator that comes in; None is torch's
global one, which a fit never touches: fits side by side in threads would draw from it in turn.

Weights of recurrent and dense layers are drawn in one of three ways.
gates: of each gate by itself, input weights as Glorot & Bengio 2010, recurrent ones orthogonal (Saxe et al. 2014); an
LSTM's forget bias is 1 (Jozefowicz et al. 2015); dense weights even within ±1/√inputs, biases zero.
keras: the same, but of all gates at once, as Keras stacks them; dense weights as Glorot & Bengio.
torch: torch.nn's: all weights and biases even within ±1/√hidden, of a dense layer within ±1/√inputs.

Not here: when dropout is applied (nets/learn.py); token vectors and what pools, which start alike in all three ways.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recurra.batches import Integers, Ragged
from recurra.config import Init
from recurra.engine import native, processors
from recurra.engine.autograd import rows_to_read, to_read, to_write, untraced, wants_numbers
from recurra.engine.choose import is_native
from recurra.engine.devices import tensor_on
from recurra.layers.matrix.run import DenseSpec
from recurra.layers.recurrent.run import RecurrentSpec
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
    masks = row_masks(inputs.sequences, values.shape[1], rate, generator, like=values)
    # One pass over the values: the masks are never spread to a row for each token.
    if is_native(values):
        return inputs.carry(native_masked(values, masks, inputs.offsets))
    return inputs.carry(values * masks[tensor_on(values.device, inputs.owners())])


def row_masks(rows: int, features: int, rate: float, generator: Generator, *, like: Tensor) -> Tensor:
    """Draw a mask for each row, a sequence or a token: (rows, features), zero or 1 / (1 - rate)."""
    kept = torch.rand(rows, features, device=like.device, generator=generator) >= rate
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
    values = inputs.values
    return inputs.carry(values * row_masks(len(values), 1, rate, generator, like=values))


@untraced
def native_masked(values: Tensor, masks: Tensor, offsets: Integers) -> Tensor:
    """values (tokens, size) times the mask (sequences, size) of each token's sequence."""
    check_drawn(masks)
    found: Tensor = _Masked.apply(values, masks, offsets)  # type: ignore[no-untyped-call]
    return found


class _Masked(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor, masks: Tensor, offsets: Integers) -> Tensor:
        # Threads are counted once: a backward pass runs on a thread of torch, where the number may read otherwise.
        context.places, context.threads = native.ragged(offsets), processors.threads()
        context.offsets = offsets
        context.save_for_backward(masks)
        return gathered(context, values, None, masks)

    @staticmethod
    @untraced
    def backward(context: Any, error: Tensor) -> Any:
        (masks,) = context.saved_tensors
        if wants_numbers(error):
            return gathered(context, error, None, masks), None, None
        return error * spread_masks(masks, context.offsets), None, None


def gathered(context: Any, table: Tensor, ids: Tensor | None, masks: Tensor | None, scale: float = 1.0) -> Tensor:
    """Return each token's row, by its id or as rows come, times scale and its sequence's mask: (tokens, size).

    `context` has the places of the sequences and the count of threads.
    """
    # Every token is written, so that nothing needs to be zeroed first.
    found = table.new_empty(len(table if ids is None else ids), table.shape[1])
    native.compiled.gather(
        context.places,
        table=rows_to_read(table),
        ids=to_read(ids),
        masks=to_read(masks),
        scale=scale,
        into=to_write(found),
        threads=context.threads,
    )
    return found


def spread_masks(masks: Tensor, offsets: Integers) -> Tensor:
    """Each token's mask: (sequences, size) -> (tokens, size)."""
    return masks.repeat_interleave(torch.from_numpy(np.diff(offsets)), dim=0)


def check_drawn(masks: Tensor | None) -> None:
    """Raise ValueError for masks that want a gradient: the engine gives them none."""
    if masks is not None and masks.requires_grad:
        raise ValueError("masks: found weights that learn, allowed drawn numbers: they have no gradient here")


@torch.no_grad()
def draw_recurrent(name: str, weight: Tensor, spec: RecurrentSpec, init: Init, generator: Generator) -> None:
    """Draw one of a recurrent layer's weights, which is zeros so far, in place; `name` is torch's name of it."""
    if spec.computed.parallel and not name.startswith("weight_ih"):
        return  # vectors on the state and biases start at zero, as in the SRU's paper
    if init == "torch":
        _evenly(weight, spec.hidden, generator)
        return
    # Rows of all gates are stacked; a matrix of four gates would count four times as many outputs as each gate has.
    gates = weight.chunk(len(weight) // spec.hidden)
    drawn = gates if init == "gates" else (weight,)
    if name.startswith("weight_ih"):
        for part in drawn:
            nn.init.xavier_uniform_(part, generator=generator)
    elif name.startswith("weight_hh"):
        for part in drawn:
            nn.init.orthogonal_(part, generator=generator)
    elif spec.cell == "lstm" and name.startswith("bias_ih"):
        # torch's order is input, forget, cell, output: what an LSTM has learnt it keeps until it learns to forget.
        gates[1].fill_(1.0)


@torch.no_grad()
def draw_dense(weight: Tensor, bias: Tensor, spec: DenseSpec, init: Init, generator: Generator) -> None:
    """Draw a dense layer's weights in place; its bias is zeros so far."""
    if init == "keras":
        nn.init.xavier_uniform_(weight, generator=generator)
        return
    _evenly(weight, spec.inputs, generator)
    if init == "torch":
        _evenly(bias, spec.inputs, generator)


def _evenly(weight: Tensor, inputs: int, generator: Generator) -> None:
    bound = inputs**-0.5
    weight.uniform_(-bound, bound, generator=generator)
