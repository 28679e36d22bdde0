"""The nets, learning in torch: what flows from layer to layer, and where dropout sits.

Not here: losses and the loop (training/), the same nets in NumPy (run.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recurra.batches import Ragged
from recurra.cells import State
from recurra.config import NetConfig
from recurra.devices import PROCESSOR, tensor_on
from recurra.engine import Rows
from recurra.layers.dense.learn import Dense
from recurra.layers.dropout import unknown_words, variational, whole_tokens
from recurra.layers.embedding.learn import Embedding
from recurra.layers.pooling.learn import Pooling
from recurra.layers.recurrent.learn import Recurrent
from recurra.layers.tied.learn import Tied
from recurra.nets.plans import ClassifierNet, ForecastNet, LanguageNet


class LearningClassifier(nn.Module):
    """Ragged token ids -> logits (sequences, classes). The wide part has its own fit and is added when it runs."""

    def __init__(self, plan: ClassifierNet, config: NetConfig) -> None:
        """Build the layers; `config` tells the dropouts."""
        super().__init__()
        self.plan, self.config = plan, config
        self.embedding = Embedding(plan.embedding)
        self.embedding.weight.requires_grad_(not config.freeze_embedding)
        self.recurrent = Recurrent(plan.recurrent)
        self.pooling = Pooling(plan.pooling)
        self.dense = Dense(plan.dense)

    def forward(self, ids: Ragged[Tensor]) -> Tensor:
        """Embed, sweep, pool, score. Where no mask sets the texts apart, each word is multiplied once, in float32."""
        masked = self.training and self.config.embedding_dropout
        if masked or self.plan.recurrent.precision != "float32":  # bfloat16 is multiplied within the sweep
            return self.judge(self.vectors(ids))
        return self.judge(*self.embedding.distinct(self._known(ids)))

    def vectors(self, ids: Ragged[Tensor]) -> Ragged[Tensor]:
        """Embed every token by itself, with dropout in training."""
        dropout = self.config.embedding_dropout if self.training else 0.0
        return self.embedding(self._known(ids), dropout=dropout)  # type: ignore[no-any-return]

    def judge(self, vectors: Ragged[Tensor], rows: Rows | None = None) -> Tensor:
        """Sweep, pool, score. With `rows` (tokens,) the vectors are those of distinct words."""
        states, final = self.recurrent(vectors, between=self.config.recurrent_dropout, rows=rows)
        pooled = nn.functional.dropout(self.pooling(states, self._ends(final)), self.config.dropout, self.training)
        logits: Tensor = self.dense(pooled)
        return logits

    def _ends(self, final: Sequence[State | None]) -> list[Tensor] | None:
        """The outputs where the last layer's sweeps ended; None where they are masked, or the sweep tells none."""
        sides = [state[0] for state in final[-(2 if self.plan.recurrent.bidirectional else 1) :] if state is not None]
        masked = self.training and self.config.recurrent_dropout
        return None if masked or not sides else sides

    def _known(self, ids: Ragged[Tensor]) -> Ragged[Tensor]:
        return unknown_words(ids, self.config.word_dropout) if self.training else ids


class LearningLanguage(nn.Module):
    """Rectangular streams of token ids -> projected states (tokens, size), to be scored by `output`."""

    def __init__(self, plan: LanguageNet, config: NetConfig) -> None:
        """Build the layers; `config` tells the dropouts."""
        super().__init__()
        self.plan, self.config = plan, config
        self.embedding = Embedding(plan.embedding)
        self.recurrent = Recurrent(plan.recurrent)
        self.projection = Dense(plan.projection)
        self.output = Tied(plan.output)

    def forward(self, ids: Ragged[Tensor], states: Sequence[State] | None) -> tuple[Tensor, list[State | None]]:
        """Embed, sweep from the carried states, project."""
        vectors = self.embedding(ids)
        if self.training:
            vectors = variational(whole_tokens(vectors, self.config.word_dropout), self.config.embedding_dropout)
        hidden, final = self.recurrent(vectors, states, between=self.config.recurrent_dropout)
        projected = variational(ids.carry(self.projection(hidden.values)), self.config.dropout * self.training)
        return projected.values, final


class LearningForecaster(nn.Module):
    """Windows (sequences, steps, features) -> the coming values (sequences, horizon)."""

    def __init__(self, plan: ForecastNet, config: NetConfig) -> None:
        """Build the layers; `config` tells the dropouts."""
        super().__init__()
        self.plan, self.config = plan, config
        self.recurrent = Recurrent(plan.recurrent)
        self.dense = Dense(plan.dense)

    def forward(self, windows: Tensor) -> Tensor:
        """Sweep each window, answer from its last state."""
        sequences, steps, features = windows.shape
        offsets = np.arange(sequences + 1, dtype=np.int64) * steps
        states, _ = self.recurrent(
            Ragged(windows.reshape(-1, features), offsets), between=self.config.recurrent_dropout
        )
        last = states.values.view(sequences, steps, -1)[:, -1]
        forecast: Tensor = self.dense(nn.functional.dropout(last, self.config.dropout, self.training))
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
