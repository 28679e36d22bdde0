"""The nets, learning in torch: what flows from layer to layer, and where dropout sits.

Not here: losses and the loop (training/), the same nets in NumPy (run.py). First weights and masks are drawn from the
generator that comes in (None: torch's global one).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recurra.batches import Ragged
from recurra.cells.backends.torch import State
from recurra.config import NetConfig
from recurra.devices import PROCESSOR, tensor_on
from recurra.engine import Rows
from recurra.layers.dense.learn import Dense
from recurra.layers.dropout import Generator, elements, unknown_words, variational, whole_tokens
from recurra.layers.embedding.learn import Embedding
from recurra.layers.pooling.learn import Pooling
from recurra.layers.recurrent.learn import Recurrent
from recurra.layers.tied.learn import Tied
from recurra.nets.plans import ClassifierNet, ForecastNet, LanguageNet


class LearningClassifier(nn.Module):
    """Ragged token ids -> logits (sequences, classes). The wide part has its own fit and is added when it runs."""

    def __init__(self, plan: ClassifierNet, config: NetConfig, generator: Generator = None) -> None:
        """Build the layers; `config` tells the dropouts and how the weights start."""
        super().__init__()
        self.plan, self.config = plan, config
        self.embedding = Embedding(plan.embedding, generator)
        self.embedding.weight.requires_grad_(not config.freeze_embedding)
        self.recurrent = Recurrent(plan.recurrent, generator, config.init)
        self.pooling = Pooling(plan.pooling, generator)
        self.dense = Dense(plan.dense, generator, config.init)

    def forward(self, ids: Ragged[Tensor], generator: Generator = None) -> Tensor:
        """Embed, sweep, pool, score. Where no mask sets the texts apart, each word is multiplied once, in float32."""
        masked = self.training and self.config.embedding_dropout
        if masked or self.plan.recurrent.precision != "float32":  # bfloat16 is multiplied within the sweep
            return self.judge(self.vectors(ids, generator), generator)
        distinct, rows = self.embedding.distinct(self._known(ids, generator))
        return self.judge(distinct, generator, rows)

    def vectors(self, ids: Ragged[Tensor], generator: Generator = None) -> Ragged[Tensor]:
        """Embed every token by itself, with dropout in training."""
        dropout = self.config.embedding_dropout if self.training else 0.0
        return self.embedding(self._known(ids, generator), generator, dropout=dropout)  # type: ignore[no-any-return]

    def judge(self, vectors: Ragged[Tensor], generator: Generator = None, rows: Rows | None = None) -> Tensor:
        """Sweep, pool, score. With `rows` (tokens,) the vectors are those of distinct words."""
        between = self.config.recurrent_dropout
        states, final = self.recurrent(vectors, between=between, generator=generator, rows=rows)
        pooled = elements(self.pooling(states, self._ends(final)), self.config.dropout * self.training, generator)
        logits: Tensor = self.dense(pooled)
        return logits

    def _ends(self, final: Sequence[State | None]) -> list[Tensor] | None:
        """The outputs where the last layer's sweeps ended; None where they are masked, or the sweep tells none."""
        sides = [state[0] for state in final[-(2 if self.plan.recurrent.bidirectional else 1) :] if state is not None]
        masked = self.training and self.config.recurrent_dropout
        return None if masked or not sides else sides

    def _known(self, ids: Ragged[Tensor], generator: Generator) -> Ragged[Tensor]:
        return unknown_words(ids, self.config.word_dropout, generator) if self.training else ids


class LearningLanguage(nn.Module):
    """Rectangular streams of token ids -> projected states (tokens, size), to be scored by `output`."""

    def __init__(self, plan: LanguageNet, config: NetConfig, generator: Generator = None) -> None:
        """Build the layers; `config` tells the dropouts and how the weights start."""
        super().__init__()
        self.plan, self.config = plan, config
        self.embedding = Embedding(plan.embedding, generator)
        self.recurrent = Recurrent(plan.recurrent, generator, config.init)
        self.projection = Dense(plan.projection, generator, config.init)
        self.output = Tied(plan.output)

    def forward(
        self, ids: Ragged[Tensor], states: Sequence[State] | None, generator: Generator = None
    ) -> tuple[Tensor, list[State | None]]:
        """Embed, sweep from the carried states, project."""
        vectors = self.embedding(ids)
        if self.training:
            vectors = whole_tokens(vectors, self.config.word_dropout, generator)
            vectors = variational(vectors, self.config.embedding_dropout, generator)
        between, dropout = self.config.recurrent_dropout, self.config.dropout * self.training
        hidden, final = self.recurrent(vectors, states, between=between, generator=generator)
        projected = variational(ids.carry(self.projection(hidden.values)), dropout, generator)
        return projected.values, final


class LearningForecaster(nn.Module):
    """Windows (sequences, steps, features) -> the coming values (sequences, horizon)."""

    def __init__(self, plan: ForecastNet, config: NetConfig, generator: Generator = None) -> None:
        """Build the layers; `config` tells the dropouts and how the weights start."""
        super().__init__()
        self.plan, self.config = plan, config
        self.recurrent = Recurrent(plan.recurrent, generator, config.init)
        self.dense = Dense(plan.dense, generator, config.init)

    def forward(self, windows: Tensor, generator: Generator = None) -> Tensor:
        """Sweep each window, answer from its last state."""
        sequences, steps, features = windows.shape
        offsets = np.arange(sequences + 1, dtype=np.int64) * steps
        values, between = Ragged(windows.reshape(-1, features), offsets), self.config.recurrent_dropout
        states, _ = self.recurrent(values, between=between, generator=generator)
        last = states.values.view(sequences, steps, -1)[:, -1]
        forecast: Tensor = self.dense(elements(last, self.config.dropout * self.training, generator))
        return forecast


LearningNet = LearningClassifier | LearningLanguage | LearningForecaster


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
