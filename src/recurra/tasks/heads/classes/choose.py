"""Which net stands in the stack beside the linear judges, by what a file holds: rows, lengths, classes, known words.

Figures behind the choices: docs/text-classification.md. Not here: the stack (stack.py), and nets whose settings a user
chose (tasks/text.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recurra.config import Settings
from recurra.tasks.heads.vectors.run import RunningEncoder
from recurra.text.vocabulary import UNK

Way = Literal["frozen", "tuned", "fresh"]
FEW = 800
"""Rows below which the encoder stays as it is."""
LONG = 200.0
"""Mean tokens of a text above which few rows do not tune it."""
FEW_LONG = 5_000
KNOWN = 0.6
"""Share of a file's words that the encoder must know whole."""
EPOCHS = ((5_000, 6), (20_000, 4), (2**62, 2))
"""Passes by the number of rows up to which they count."""


@dataclass(frozen=True)
class Choice:
    """A net for the stack."""

    way: Way
    settings: Settings
    start: Mapping[str, NDArray[Any]]
    folds: int
    told: list[str]
    """Why, in lines."""


def choose(texts: Sequence[str], classes: int, settings: Settings, encoder: RunningEncoder) -> Choice:
    """Choose by a sample of the texts; the settings are those of the task's defaults."""
    rows, known, length = len(texts), *_profile(texts, encoder)
    facts = (
        f"{rows:,} texts of {length:.0f} words, {classes} classes; the encoder knows {100 * known:.0f} % of the words"
    )
    if known < KNOWN:
        fresh = settings.changed({"adversarial": 0.0, "batch_size": 16, "ema": 0.0})
        return Choice(
            "fresh", fresh, {}, _folds(rows), [facts, "a net from scratch: the encoder speaks another language"]
        )
    plan, start = encoder.plan, {name: held for name, held in encoder.tensors.items() if not name.startswith("dense.")}
    recurrent = plan.recurrent
    shape = {
        "cell": recurrent.cell, "hidden": recurrent.hidden, "layers": recurrent.layers, "init": "gates",
        "bidirectional": recurrent.bidirectional, "embedding_size": plan.embedding.size,
        "pool": list(plan.pooling.parts), "heads": plan.pooling.heads, "max_length": 400,
    }  # fmt: skip
    epochs = next(passes for most, passes in EPOCHS if rows <= most)
    tuned = settings.changed(
        shape
        | {
            "adversarial": 0.0, "ema": 0.0, "batch_size": 32, "learning_rate": 1e-3, "table_rate": 1.0,
            "epochs": epochs, "word_dropout": 0.1, "embedding_dropout": 0.2, "dropout": 0.3, "monitor": "val_loss",
        }
    )  # fmt: skip
    if rows < FEW or (length > LONG and rows < FEW_LONG):
        return Choice("frozen", tuned, start, _folds(rows), [facts, "the encoder as it is: too few rows to tune it"])
    return Choice("tuned", tuned, start, _folds(rows), [facts, f"the encoder tuned in {epochs} passes"])


def _folds(rows: int) -> int:
    return 5 if rows <= 20_000 else 3


def _profile(texts: Sequence[str], encoder: RunningEncoder) -> tuple[float, float]:
    """Share of the tokens that the encoder knows whole, and the mean of tokens, of 1,000 texts at most."""
    places = np.random.default_rng(0).permutation(len(texts))[:1_000]
    sample = encoder.encoder.encode_whole([texts[place] for place in places])
    inside = np.array([word.startswith("##") for word in encoder.encoder.vocabulary.words])
    inside[UNK] = True
    ids = np.concatenate(sample) if sample else np.zeros(0, np.int32)
    return 1.0 - float(inside[ids].mean()) if len(ids) else 0.0, len(ids) / max(1, len(sample))
