"""A sequence of states becomes one vector, learning: (tokens, inputs) -> (sequences, outputs).

The engine pools, as a torch function with a gradient; torch's own operations are what it must equal: they serve where
it does not, and give second derivatives.

Not here: answers (run.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from recurra.batches import Integers, Ragged, last_places
from recurra.config import Pool
from recurra.engine import native, processors
from recurra.engine.autograd import differentiate, rows_to_read, to_read, to_write, untraced, wants_numbers
from recurra.engine.choose import is_native
from recurra.engine.devices import tensor_on
from recurra.layers.draws import Generator
from recurra.layers.pooling.run import PoolingSpec


class Scorer(NamedTuple):
    """Attention's weights: (units, inputs), (units,) and, for each head, a query (heads, units)."""

    weight: Tensor
    bias: Tensor
    query: Tensor


class Pooling(nn.Module):
    """Concatenates its parts in the order of the spec; an empty sequence gives zeros.

    last: the state where each direction's sweep ends. mean, max: over all tokens of the sequence.
    attention (Yang et al. 2016; each head with its own query and its own share of the features): u_t = tanh(W h_t + b),
    a_t = softmax_t(q · u_t), Σ a_t h_t.
    """

    def __init__(self, spec: PoolingSpec, generator: Generator = None) -> None:
        """Draw the attention's weights so that it starts close to the mean."""
        super().__init__()
        self.spec = spec
        for name, shape in spec.weights().items():
            # Small scores make a softmax close to even, which is the mean.
            drawn = torch.zeros(shape) if name.endswith("bias") else torch.randn(shape, generator=generator)
            self.register_parameter(name, nn.Parameter(drawn * spec.inputs**-0.5))

    def forward(self, inputs: Ragged[Tensor], ends: Sequence[Tensor] | None = None) -> Tensor:
        """Pool; the engine makes all parts from one reading of the values.

        `ends` are the states where each direction's sweep ended, (sequences, hidden): where nothing else is asked for
        they are the answer, and no error has to be spread over all tokens on the way back.
        """
        # The last state is at hand already: gathering it again would write a gradient of zeros for every other token.
        if ends is not None and self.spec.parts == ("last",):
            return torch.cat(list(ends), dim=1)
        directions = 2 if self.spec.bidirectional else 1
        scorer = self._scorer() if "attention" in self.spec.parts else None
        if is_native(inputs.values, *(scorer or ())):
            return native_pool(inputs.values, inputs.offsets, self.spec.parts, scorer, directions=directions)
        return plain_pool(inputs, self.spec.parts, scorer, directions=directions)

    def _scorer(self) -> Scorer:
        return Scorer(*(self.get_parameter(f"attention_{name}") for name in Scorer._fields))


@untraced
def native_pool(
    values: Tensor, offsets: Integers, parts: Sequence[Pool], scorer: Scorer | None = None, *, directions: int = 1
) -> Tensor:
    """Pool values (tokens, inputs) -> (sequences, inputs * parts), the parts in their order.

    An empty sequence gives zeros. Raises ValueError for shapes that do not fit.
    """
    # Gradients may be off where this is called and on within apply(): it is asked here.
    called = offsets, tuple(parts), directions, torch.is_grad_enabled()
    pooled: Tensor = _Pool.apply(called, values, *(scorer or ()))  # type: ignore[no-untyped-call]
    return pooled


class _Pool(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, called: tuple[Integers, tuple[Pool, ...], int, bool], values: Tensor, *scorer: Tensor
    ) -> Tensor:
        offsets, parts, directions, learning = called
        places, threads = native.ragged(offsets), processors.threads()
        pooled = native.pool(
            rows_to_read(values), places, parts, _three([to_read(one) for one in scorer]), directions=directions,
            learning=learning and any(context.needs_input_grad), threads=threads,
        )  # fmt: skip
        context.called, context.places, context.pooled, context.threads = called, places, pooled, threads
        context.save_for_backward(values, *scorer)
        return torch.from_numpy(pooled.rows)

    @staticmethod
    @untraced
    def backward(context: Any, error: Tensor) -> Any:
        if wants_numbers(error):
            return None, *_first_gradient(context, error)
        offsets, parts, directions, _ = context.called
        # The tokens that had the maxima, as they were: chosen anew they could tie otherwise, and the gradient would
        # jump.
        where = None if context.pooled.where is None else torch.from_numpy(context.pooled.where).long()

        def pool(values: Tensor, *scorer: Tensor) -> list[Tensor]:
            using = Scorer(*scorer) if scorer else None
            return [plain_pool(Ragged(values, offsets), parts, using, directions=directions, where=where)]

        return None, *differentiate(pool, context.saved_tensors, context.needs_input_grad[1:], [error])


def _first_gradient(context: Any, error: Tensor) -> tuple[Tensor, ...]:
    _, parts, directions, _ = context.called
    values, *scorer = context.saved_tensors
    # The engine writes the tokens of sequences; any others must read as zero.
    fresh = values.new_empty if context.places.full else values.new_zeros
    found, learnt = fresh(values.shape), tuple(weight.new_empty(weight.shape) for weight in scorer)
    native.compiled.pool_back(
        context.places,
        values=rows_to_read(values),
        parts=parts,
        directions=directions,
        scorer=_three([to_read(one) for one in scorer]),
        **context.pooled._asdict(),
        errors=to_read(error),
        value_errors=to_write(found),
        gradients=_three([to_write(one) for one in learnt]),
        threads=context.threads,
    )
    return found, *learnt


def _three(arrays: Sequence[Any]) -> Any:
    return tuple(arrays) or None


def plain_pool(
    inputs: Ragged[Tensor],
    parts: Sequence[Pool],
    scorer: Scorer | None = None,
    *,
    directions: int = 1,
    where: Tensor | None = None,
) -> Tensor:
    """Pool (tokens, inputs) -> (sequences, inputs * parts), the parts in their order; an empty sequence gives zeros.

    `where` (sequences, inputs) tells the tokens that have the maxima, -1 in an empty sequence, where they are known.
    """
    # segment_reduce finds no maximum in a table without rows; all parts are zeros then.
    if not len(inputs.values):
        return torch.cat([_sum(inputs)] * len(parts), dim=1)
    pools: dict[Pool, Callable[[], Tensor]] = {
        "last": lambda: _last(inputs, directions),
        "mean": lambda: _mean(inputs),
        "max": lambda: _maximum(inputs) if where is None else _at(inputs.values, where),
    }
    if scorer is not None:
        pools["attention"] = lambda: _attention(inputs, scorer)
    return torch.cat([pools[part]() for part in parts], dim=1)


def _last(inputs: Ragged[Tensor], directions: int) -> Tensor:
    ends = []
    for number, side in enumerate(inputs.values.chunk(directions, dim=1)):
        places = tensor_on(side.device, last_places(inputs.offsets, reverse=number == 1))
        ends.append(torch.where(places[:, None] >= 0, side[places], 0.0))
    return torch.cat(ends, dim=1)


def _attention(inputs: Ragged[Tensor], scorer: Scorer) -> Tensor:
    weight, bias, query = scorer
    scores = torch.tanh(torch.nn.functional.linear(inputs.values, weight, bias)) @ query.T
    shares = _softmax(inputs.carry(scores)).repeat_interleave(inputs.values.shape[1] // len(query), dim=1)
    return _sum(inputs.carry(inputs.values * shares))


def _softmax(scores: Ragged[Tensor]) -> Tensor:
    """Softmax over the tokens of each sequence: (tokens, heads)."""
    owners = tensor_on(scores.values.device, scores.owners())
    # Less the largest score of its sequence, so that exp() never overflows; the shares do not change.
    highest = _maximum(scores.carry(scores.values.detach()))
    # Detached above: that shift is a constant to the softmax, and has no gradient.
    raised = torch.exp(scores.values - highest[owners])
    return raised / _sum(scores.carry(raised))[owners]


def _sum(inputs: Ragged[Tensor]) -> Tensor:
    owners = tensor_on(inputs.values.device, inputs.owners())
    return inputs.values.new_zeros(inputs.sequences, inputs.values.shape[1]).index_add(0, owners, inputs.values)


def _mean(inputs: Ragged[Tensor]) -> Tensor:
    sums = _sum(inputs)
    # An empty sequence divides zero by one.
    return sums / _lengths(inputs).clamp(min=1).to(sums.dtype)[:, None]


def _maximum(inputs: Ragged[Tensor]) -> Tensor:
    # segment_reduce knows no empty segment for max; each keeps its own zero.
    kept, device = np.flatnonzero(inputs.lengths), inputs.values.device
    lengths = tensor_on(device, inputs.lengths[kept])
    pooled = torch.segment_reduce(inputs.values, "max", lengths=lengths, axis=0)
    if len(kept) == inputs.sequences:
        return pooled
    return pooled.new_zeros(inputs.sequences, pooled.shape[1]).index_copy(0, tensor_on(device, kept), pooled)


def _at(values: Tensor, where: Tensor) -> Tensor:
    # gather() reads row 0 for an empty sequence; where() then puts zero in its place.
    return torch.where(where >= 0, values.gather(0, where.clamp(min=0)), 0.0)


def _lengths(inputs: Ragged[Tensor]) -> Tensor:
    return tensor_on(inputs.values.device, inputs.lengths)
