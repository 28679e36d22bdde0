"""The nets, learning in torch: what flows from layer to layer, and where dropout sits.

Not here: losses and the loop (training/), the same nets in NumPy (run.py). First weights and masks are drawn from the
generator that comes in (None: torch's global one).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recurra.batches import Ragged
from recurra.cells.backends.torch import TensorState
from recurra.config import Init, NetConfig
from recurra.engine.choose import TokenRows
from recurra.engine.devices import PROCESSOR, tensor_on
from recurra.layers.draws import Generator, elements, unknown_words, variational, whole_tokens
from recurra.layers.matrix.learn import Bag, Dense, Embedding, Tied
from recurra.layers.pooling.learn import Pooling
from recurra.layers.pooling.run import PoolingSpec
from recurra.layers.recurrent.learn import Recurrent
from recurra.layers.segments.learn import Segments
from recurra.nets.run import Plan
from recurra.nets.sequences import LanguageNet

MAKE: dict[str, Callable[[Any, Generator, Init], nn.Module]] = {
    # Token vectors and attention start alike whatever `init` says.
    "embedding": lambda spec, generator, init: Embedding(spec, generator),
    "bag": lambda spec, generator, init: Bag(spec, generator),
    "recurrent": Recurrent,
    "pooling": lambda spec, generator, init: Pooling(spec, generator),
    "dense": Dense,
    "segments": Segments,
}
"""Each kind of layer with its first weights."""


@dataclass(frozen=True)
class _Flow:
    """What goes from layer to layer."""

    values: Ragged[Tensor]
    """Features of each token; once pooled one row for each sequence."""
    states: Sequence[TensorState | None] | None = None
    """Before the sweep: where it starts; after it: where it ended."""
    rows: TokenRows | None = None
    """Which of the values each token has, where they are those of distinct words."""


class LearningNet(nn.Module):
    """The layers of a plan: ragged token ids or features -> what the last layer gives, and the final states.

    A net that pools answers each sequence, a tagger each token; dropout on single numbers stands before its last layer.
    A language model drops whole tokens where it begins, the same features at every step behind its dense layer. What
    stands beside the flow is added by who runs it: the wide part, which has its own fit, and the output of words.
    """

    embedding: Embedding
    recurrent: Recurrent
    output: Tied

    def __init__(self, plan: Plan, config: NetConfig, generator: Generator = None) -> None:
        """Build the layers; `config` tells the dropouts and how the weights start."""
        super().__init__()
        self.plan, self.config = plan, config
        for name, spec in plan.flow:
            self.add_module(name, MAKE[spec.kind](spec, generator, config.init))
        # The embedding stands apart: adversarial steps go into what is between it and the others.
        self.behind = [(name, spec.kind) for name, spec in plan.flow if spec.kind != "embedding"]
        self.looks_up = len(self.behind) < len(plan.flow)
        if isinstance(plan, LanguageNet):
            self.output = Tied(plan.output)
        # A table that the output shares learns from there too.
        if plan.pools and self.looks_up and config.freeze_embedding:
            self.embedding.weight.requires_grad_(False)

    def forward(
        self, inputs: Ragged[Tensor], states: Sequence[TensorState] | None = None, generator: Generator = None
    ) -> tuple[Tensor, Sequence[TensorState | None] | None]:
        """Fold the layers over a batch. Where no mask sets texts apart, each word is multiplied once, in float32."""
        if not self.looks_up:
            return self.judge(inputs, states, generator)
        # With masks, the same word has other values in each text, and is not worth looking up once.
        masked = self.training and self.config.embedding_dropout
        # bfloat16 is multiplied within the sweep
        if not self.plan.pools or masked or self.plan.precision != "float32":
            return self.judge(self.vectors(inputs, generator), states, generator)
        distinct, rows = self.embedding.distinct(self._known(inputs, generator))
        return self.judge(distinct, states, generator, rows)

    def vectors(self, ids: Ragged[Tensor], generator: Generator = None) -> Ragged[Tensor]:
        """Embed every token by itself, with dropout in training."""
        dropout = self.config.embedding_dropout * self.training
        if self.plan.pools:
            vectors: Ragged[Tensor] = self.embedding(self._known(ids, generator), generator, dropout=dropout)
            return vectors
        # A language model reads zeros for a lost token: <unk> is a word that its text holds itself.
        kept = whole_tokens(self.embedding(ids), self.config.word_dropout * self.training, generator)
        return variational(kept, dropout, generator)

    def judge(
        self,
        vectors: Ragged[Tensor],
        states: Sequence[TensorState] | None = None,
        generator: Generator = None,
        rows: TokenRows | None = None,
    ) -> tuple[Tensor, Sequence[TensorState | None] | None]:
        """Fold the layers behind the embedding. With `rows` (tokens,) the vectors are those of distinct words."""
        flow = _Flow(vectors, states, rows)
        for name, kind in self.behind:
            flow = LEARN[kind](self, getattr(self, name), flow, generator)
        return flow.values.values, flow.states

    def _bag(self, layer: Bag, flow: _Flow, generator: Generator) -> _Flow:
        ids = flow.values
        if self.training:
            # The word alone is lost, the first of a token's ids: its ending and shape are what an unknown word has.
            words = self._known(ids.carry(ids.values[:, 0]), generator)
            ids = ids.carry(torch.cat([words.values[:, None], ids.values[:, 1:]], dim=1))
        vectors = layer(ids)
        return replace(flow, values=variational(vectors, self.config.embedding_dropout * self.training, generator))

    def _recurrent(self, layer: Recurrent, flow: _Flow, generator: Generator) -> _Flow:
        between, weights = self.config.recurrent_dropout, self.config.weight_drop
        swept = layer(
            flow.values, flow.states, between=between, weight_drop=weights, generator=generator, rows=flow.rows
        )
        return _Flow(*swept)

    def _pooling(self, layer: Pooling, flow: _Flow, generator: Generator) -> _Flow:
        pooled = layer(flow.values, self._ends(layer.spec, flow.states or ()))
        return replace(flow, values=Ragged(pooled, np.arange(len(pooled) + 1)))

    def _dense(self, layer: Dense, flow: _Flow, generator: Generator) -> _Flow:
        dropout = self.config.dropout * self.training
        if not isinstance(self.plan, LanguageNet):
            # Before the last layer where classes or numbers come out, behind it where features go to the scores of all
            # words.
            kept = elements(flow.values.values, dropout, generator)
            return replace(flow, values=flow.values.carry(layer(kept)))
        return replace(flow, values=variational(flow.values.carry(layer(flow.values.values)), dropout, generator))

    def _ends(self, spec: PoolingSpec, final: Sequence[TensorState | None]) -> list[Tensor] | None:
        """The outputs where the last layer's sweeps ended; None where they are masked, or the sweep tells none."""
        recurrent = self.recurrent.spec
        # The last layer's sweeps are the last ones.
        directions = 2 if recurrent.bidirectional else 1
        sides = [state[0] for state in final[-directions:] if state is not None]
        masked = self.training and self.config.recurrent_dropout
        # A window's last token is not where the sweep from its end ends.
        return None if masked or not sides or spec.bidirectional != recurrent.bidirectional else sides

    def _known(self, ids: Ragged[Tensor], generator: Generator) -> Ragged[Tensor]:
        return unknown_words(ids, self.config.word_dropout, generator) if self.training else ids


LEARN: dict[str, Callable[[LearningNet, Any, _Flow, Generator], _Flow]] = {
    "bag": LearningNet._bag, "recurrent": LearningNet._recurrent, "pooling": LearningNet._pooling,
    "dense": LearningNet._dense,
}  # fmt: skip
"""Each kind of layer behind the embedding as a step of the fold."""


def to_tensor(ids: Ragged[NDArray[Any]], device: torch.device = PROCESSOR) -> Ragged[Tensor]:
    """Hand a batch of ids to torch."""
    return ids.carry(tensor_on(device, np.ascontiguousarray(ids.values, dtype=np.int64)))


def tensors_of(net: nn.Module) -> dict[str, NDArray[np.float32]]:
    """Copy all weights out by their full names."""
    return {name: weight.detach().cpu().numpy().copy() for name, weight in net.named_parameters()}


def load_tensors(net: nn.Module, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Copy weights in by their full names; names absent here (the wide part) are passed over."""
    with torch.no_grad():
        for name, weight in net.named_parameters():
            weight.copy_(torch.tensor(tensors[name]))  # a copy: weights of a trained model are read-only
