"""A sequence of states becomes one vector, learning: (tokens, inputs) -> (sequences, outputs).

Not here: how rows are pooled (engine/pools.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from recurra.batches import Ragged
from recurra.engine.choose import is_native
from recurra.engine.pools import Scorer, native_pool, plain_pool
from recurra.layers.draws import Generator
from recurra.layers.pooling.run import PoolingSpec


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
