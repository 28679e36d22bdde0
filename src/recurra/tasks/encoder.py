"""The task of encoding sentences: a small net learns the vectors that a teacher has of texts.

The teacher may be any: a large sentence encoder, or a service whose vectors were kept. Hinton, Vinyals & Dean 2015.

Not here: what a step learns (heads/vectors/learn.py), the fit (fit.py), the encoder that comes with the package (box/).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from recurra.arguments import part_of
from recurra.config import Settings
from recurra.datasets.texts import open_texts
from recurra.errors import DataError
from recurra.nets.layouts import encoder_net
from recurra.tasks.heads.vectors.head import HEAD
from recurra.tasks.heads.vectors.measure import judge_vectors
from recurra.tasks.inputs.vectors import TaughtTexts, read_vectors
from recurra.tasks.task import Asked, Parts, Prepared, Rows, Source, Task
from recurra.text.encoder import TextEncoder, fit_encoder
from recurra.text.scripts import learnt_words, settled

VALIDATION = 0.05
"""Share of the texts held out, where nobody says otherwise."""
FEWEST = 2
SETTINGS = Settings().changed(
    {
        "max_length": 128,
        "max_words": 30_000,
        "cell": "gru",
        "bidirectional": True,
        "hidden": 192,
        "embedding_size": 192,
        "pool": ["mean", "max", "attention"],
        "heads": 4,
        "word_dropout": 0.05,
        "epochs": 6,
        "batch_size": 96,
        "batch_tokens": 8192,
        "learning_rate": 3e-3,
        "table_rate": 0.3,
        "warm_up": 0.05,
    }
)
"""The defaults, chosen on held-out sentences of the encoder in the box."""


@dataclass(frozen=True)
class TaughtParts:
    """What the head learns from."""

    train: TaughtTexts
    validation: TaughtTexts | None
    encoder: TextEncoder


def read(source: Source, asked: Asked | None) -> Rows:
    """Read texts, and their vectors from the second file or the file of the same name that ends in .npy."""
    file = source.files[0]
    table = open_texts(file, source.texts, labelled=False).whole()
    if table.rejects:
        raise DataError(f"{len(table.rejects)} rows cannot be read, and no vector may be moved to another text")
    beside = Path(source.files[1]) if len(source.files) > 1 else Path(file).with_suffix(".npy")
    rows = TaughtTexts(table.texts, read_vectors(beside, len(table)))
    seen = None
    if source.kept:
        seen = rows.at(np.setdiff1d(np.arange(len(table)), source.kept["held_out"]))
    return Rows(rows, file, f"{len(table):,} texts", table.warnings, measured=rows, seen=seen)


def hold(asked: Asked, rows: Rows) -> Parts:
    """All rows are learnt from, or held out to choose by: no test part is kept of them."""
    return Parts(rows.table)


def prepare(asked: Asked, given: TaughtTexts) -> Prepared:
    """Hold a part out, encode both, and lay the net out; raises DataError for fewer than two texts."""
    count = len(given.texts)
    if count < FEWEST:
        raise DataError("too few texts to learn from", found=str(count), allowed=f"{FEWEST} or more")
    settings, seed = asked.settings, asked.seed
    share = part_of(asked.validation, count, unit="texts")
    held = min(max(1, round(count * share)), count - 1) if share else 0
    order = np.random.default_rng([seed, 3]).permutation(count)
    kept, learnt = np.sort(order[:held]), np.sort(order[held:])
    train, validation = given.at(learnt), given.at(kept) if held else None
    settings, notes = settled(settings, train.texts)
    encoder, warnings = given.encoder, list[str]()
    if encoder is None:
        encoder, warnings = learnt_words(fit_encoder, train.texts, settings.text)
    if given.table is not None:
        settings = settings.changed({"embedding_size": given.table.shape[1]})
    plan = encoder_net(settings.net, words=len(encoder.vocabulary), size=given.vectors.shape[1])
    return Prepared(
        settings,
        seed,
        plan,
        TaughtParts(train, validation, replace(encoder, config=settings.text)),
        seen=train,
        learnt_from=f"{len(train.texts):,} texts",
        held=validation if validation is not None else train,
        part="validation" if held else "training rows (nothing was held out)",
        start={} if given.table is None else {"embedding.weight": given.table},
        kept={"held_out": kept.tolist()},
        split={"train": learnt.tolist(), "validation": kept.tolist()},
        warnings=warnings,
        notes=notes,
    )


READS = frozenset({"words", "whole texts", "lengths", "batches"})
TASK = Task("encoder", SETTINGS, READS, HEAD, read, hold, prepare, judge_vectors)
