"""The nets that tutorials on labelling texts begin with, of Keras and of torch, written anew in torch.

Keras, "Bidirectional LSTM on IMDB": the 20,000 most frequent words, vectors of 128, two bidirectional LSTMs of 64 units
over at most 200 words padded in front without a mask, Adam, two passes in batches of 32. Padding goes to the longest
text that was learnt, which is kinder than to 200 everywhere. torch, "Text classification with the torchtext library":
every word, the mean of vectors of 64 (EmbeddingBag), one dense layer, SGD at rate 5 that falls to a tenth after each
pass, gradients of norm 0.1 at most, ten passes in batches of 64. A twentieth of the rows, which the second holds out to
watch, is learnt from here.

Not here: what they are measured beside (answerers.py).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

WORD = re.compile(r"\w+|[^\w\s]")
PAD, UNKNOWN = 0, 1
WORDS, LONGEST, AT_ONCE = 20_000, 200, 256


class BidirectionalLstm(nn.Module):
    """Keras' net: ids (rows, tokens), padded in front -> scores (rows, classes)."""

    passes, batch = 2, 32

    def __init__(self, words: int, classes: int) -> None:
        """Make the layers."""
        super().__init__()
        self.table = nn.Embedding(words, 128)
        self.sweeps = nn.LSTM(128, 64, num_layers=2, bidirectional=True, batch_first=True)
        self.dense = nn.Linear(128, classes)

    def forward(self, ids: list[Tensor]) -> Tensor:
        """Read the texts of a batch, all padded to its longest."""
        longest = max(len(row) for row in ids)
        padded = torch.stack([nn.functional.pad(row, (longest - len(row), 0)) for row in ids])
        states, _ = self.sweeps(self.table(padded))
        # The last state of each direction, as Keras returns them.
        scores: Tensor = self.dense(torch.cat([states[:, -1, :64], states[:, 0, 64:]], dim=1))
        return scores

    def descent(self) -> tuple[Any, Any, float]:
        """Optimiser, schedule of passes, and the largest norm of gradients."""
        optimiser = torch.optim.Adam(self.parameters(), lr=1e-3)
        return optimiser, torch.optim.lr_scheduler.StepLR(optimiser, 1, gamma=1.0), float("inf")


class MeanOfVectors(nn.Module):
    """torch's net: ids of each text -> scores (rows, classes)."""

    passes, batch = 10, 64

    def __init__(self, words: int, classes: int) -> None:
        """Make the layers, with first weights as the tutorial draws them."""
        super().__init__()
        self.table, self.dense = nn.EmbeddingBag(words, 64), nn.Linear(64, classes)
        for weight in (self.table.weight, self.dense.weight):
            nn.init.uniform_(weight, -0.5, 0.5)
        nn.init.zeros_(self.dense.bias)

    def forward(self, ids: list[Tensor]) -> Tensor:
        """Read the texts of a batch."""
        starts = torch.tensor(np.cumsum([0, *(len(row) for row in ids[:-1])]))
        scores: Tensor = self.dense(self.table(torch.cat(ids), starts))
        return scores

    def descent(self) -> tuple[Any, Any, float]:
        """Optimiser, schedule of passes, and the largest norm of gradients."""
        optimiser = torch.optim.SGD(self.parameters(), lr=5.0)
        return optimiser, torch.optim.lr_scheduler.StepLR(optimiser, 1, gamma=0.1), 0.1


NETS: dict[str, Any] = {"keras": BidirectionalLstm, "torch": MeanOfVectors}


class Tutorial:
    """One of the nets with its words and labels."""

    def __init__(self, kind: str, words: Sequence[str], labels: Sequence[str]) -> None:
        """Make the net; `words` from id 2 on."""
        self.kind, self.words, self.labels = kind, list(words), list(labels)
        self.index = {word: number for number, word in enumerate(words, 2)}
        self.net = NETS[kind](len(words) + 2, len(labels))

    @classmethod
    def fit(cls, kind: str, texts: Sequence[str], labels: Sequence[str], seed: int) -> Tutorial:
        """Learn as the tutorial does."""
        torch.manual_seed(seed)
        counts = Counter(word for text in texts for word in WORD.findall(text.lower()))
        model = cls(
            kind, [word for word, _ in counts.most_common(WORDS if kind == "keras" else None)], sorted({*labels})
        )
        ids, targets = model._ids(texts), torch.tensor([model.labels.index(label) for label in labels])
        optimiser, schedule, largest = model.net.descent()
        draws = np.random.default_rng(seed)
        for _ in range(model.net.passes):
            order = draws.permutation(len(ids))
            for start in range(0, len(order), model.net.batch):
                rows = order[start : start + model.net.batch]
                optimiser.zero_grad()
                loss: Any = nn.functional.cross_entropy(model.net([ids[row] for row in rows]), targets[rows])
                loss.backward()
                nn.utils.clip_grad_norm_(model.net.parameters(), largest)
                optimiser.step()
            schedule.step()
        return model

    def _ids(self, texts: Sequence[str]) -> list[Tensor]:
        most = LONGEST if self.kind == "keras" else None
        rows = ([self.index.get(word, UNKNOWN) for word in WORD.findall(text.lower())][:most] for text in texts)
        return [torch.tensor(row or [UNKNOWN]) for row in rows]

    @torch.no_grad()
    def predict(self, texts: Sequence[str]) -> NDArray[Any]:
        """The most probable label of each text."""
        ids, chosen = self._ids(texts), np.zeros(len(texts), int)
        order = np.argsort([len(row) for row in ids], kind="stable")
        for start in range(0, len(order), AT_ONCE):
            rows = order[start : start + AT_ONCE]
            chosen[rows] = self.net([ids[row] for row in rows]).argmax(1).numpy()
        return np.array(self.labels)[chosen]

    def save(self, folder: Path) -> None:
        """Write weights, words and labels."""
        torch.save(self.net.state_dict(), folder / "weights.pt")
        (folder / "words.json").write_text(json.dumps([self.words, self.labels]), "utf-8")

    @classmethod
    def load(cls, kind: str, folder: Path) -> Tutorial:
        """Read what `save` wrote."""
        model = cls(kind, *json.loads((folder / "words.json").read_text("utf-8")))
        model.net.load_state_dict(torch.load(folder / "weights.pt", weights_only=True))
        return model
