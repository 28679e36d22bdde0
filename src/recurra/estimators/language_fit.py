"""What LanguageModel.fit does with prepared texts: put vectors in, train.

Not here: what comes before (language_rows.py), the estimator's surface and the loop.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from recurra.estimators.language_rows import PreparedLanguage
from recurra.models.language import RunningLanguage
from recurra.nets.learn import LearningLanguage, load_tensors, tensors_of
from recurra.text.encoder import TextEncoder
from recurra.text.vectors import load_vectors
from recurra.text.vocabulary import SPECIAL_WORDS, Vocabulary
from recurra.training.identity import fingerprint
from recurra.training.loop import fit
from recurra.training.progress import Progress, Watch
from recurra.training.tasks import LanguageTask
from recurra.training.threads import threads_for, torch_work

DEVIATION = 0.15
"""Standard deviation of pre-trained vectors in a table shared with the output; `embedding_scale` enlarges them."""
REST = 0.01
"""Standard deviation of what pre-trained vectors do not give."""


def fit_language(
    prepared: PreparedLanguage, *, vectors: str | Path | None, run: Path | None, watch: Watch | None
) -> tuple[Progress, RunningLanguage]:
    """Train on prepared texts."""
    settings, seed, plan, encoder = prepared.settings, prepared.seed, prepared.plan, prepared.encoder
    net = LearningLanguage(plan, settings.net, torch.Generator().manual_seed(seed))
    load_tensors(net, tensors_of(net) | _start(net, encoder, prepared.ids, vectors, seed))
    task = LanguageTask(net, prepared.train, prepared.validation, settings.training, seed)
    arrays = [part for part in (prepared.train, prepared.validation) if part is not None]
    identity = fingerprint((settings, plan, seed), arrays) if run else ""
    rows = settings.training.streams
    tokens = rows * settings.training.steps
    scores = tokens * plan.projection.outputs * len(encoder.vocabulary)
    with threads_for(torch_work(plan.recurrent, sequences=rows, tokens=tokens, rest=scores)):
        progress = fit(task, settings.training, seed=seed, run=run, identity=identity, watch=watch)
    return progress, RunningLanguage(plan, tensors_of(net), encoder)


def _start(
    net: LearningLanguage, encoder: TextEncoder, ids: NDArray[np.int32], vectors: str | Path | None, seed: int
) -> dict[str, NDArray[Any]]:
    """Start the output's bias at the log of each word's frequency, and the table at pre-trained vectors if given."""
    counts = np.bincount(ids, minlength=len(encoder.vocabulary)) + 1.0
    bias = np.log(counts / counts.sum()).astype(np.float32)
    started: dict[str, NDArray[Any]] = {"output.bias": bias[:, None]}
    if vectors:
        size = net.plan.embedding.size
        started["embedding.weight"] = _table(encoder.vocabulary, vectors, size, seed)
    return started


def _table(vocabulary: Vocabulary, source: str | Path, size: int, seed: int) -> NDArray[np.float32]:
    """Pre-trained vectors, looked up in lower case, centred, in the first columns; small noise elsewhere."""
    random = np.random.default_rng([seed, 2])
    table = (random.standard_normal((len(vocabulary), size)) * REST).astype(np.float32)
    lowered = sorted({word.lower() for word in vocabulary.words[len(SPECIAL_WORDS) :]} - set(SPECIAL_WORDS))
    small = Vocabulary((*SPECIAL_WORDS, *lowered))
    found = load_vectors(source, small)
    places = np.array([small.index.get(word.lower(), 0) for word in vocabulary.words])
    known = found.found[places]
    columns = min(size, found.size)
    rows = found.matrix[places[known], :columns]
    rows = rows - rows.mean(axis=0)
    table[known, :columns] = rows * (DEVIATION / rows.std())
    return table
