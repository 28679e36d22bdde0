"""What LanguageModel.fit does with prepared texts: put the first weights in, train.

Not here: what comes before (language_rows.py), the estimator's surface and the loop.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from recurra.estimators.language_rows import PreparedLanguage
from recurra.nets.learn import LearningNet, load_tensors, tensors_of
from recurra.tasks.heads.next_token.learn import TokenLearner
from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.training.identity import fingerprint
from recurra.training.loop import fit
from recurra.training.progress import Progress, Watch
from recurra.training.threads import threads_for, torch_work


def fit_language(
    prepared: PreparedLanguage, *, run: Path | None, watch: Watch | None
) -> tuple[Progress, RunningLanguage]:
    """Train on prepared texts."""
    settings, seed, plan, encoder = prepared.settings, prepared.seed, prepared.plan, prepared.encoder
    net = LearningNet(plan, settings.net, torch.Generator().manual_seed(seed))
    load_tensors(net, tensors_of(net) | _start(prepared))
    task = TokenLearner(net, prepared.train, prepared.validation, settings.training, seed)
    arrays = [part for part in (prepared.train, prepared.validation) if part is not None]
    identity = fingerprint((settings, plan, seed), arrays) if run else ""
    rows = settings.training.streams
    tokens = rows * settings.training.steps
    scores = tokens * plan.projection.outputs * len(encoder.vocabulary)
    with threads_for(torch_work(plan.recurrent, sequences=rows, tokens=tokens, rest=scores)):
        progress = fit(task, settings.training, seed=seed, run=run, identity=identity, watch=watch)
    return progress, RunningLanguage(plan, tensors_of(net), encoder)


def _start(prepared: PreparedLanguage) -> dict[str, NDArray[Any]]:
    """Start the output's bias at the log of each word's frequency, and the table at pre-trained vectors if given."""
    counts = np.bincount(prepared.ids, minlength=len(prepared.encoder.vocabulary)) + 1.0
    bias = np.log(counts / counts.sum()).astype(np.float32)
    started: dict[str, NDArray[Any]] = {"output.bias": bias[:, None]}
    return started if prepared.table is None else started | {"embedding.weight": prepared.table}
