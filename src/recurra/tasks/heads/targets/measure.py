"""The linear rival of heads with a column for each target: TF-IDF of words, and ridge or logistic regression on it.

Not here: what is measured (measure.py of each head).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.splits import folds
from recurra.errors import DataError
from recurra.layers.grams.run import grams
from recurra.tasks.heads.judges import JUDGES, Texts
from recurra.tasks.heads.targets.blend import fit_linear, name_of
from recurra.tasks.inputs.targets import Loss

WORDS = JUDGES[0]


def linear_columns(
    learnt: Sequence[str], targets: NDArray[Any], loss: Loss, texts: Sequence[str]
) -> tuple[str, NDArray[np.float64]]:
    """Fit the rival on texts with their targets (rows, columns); return its name and its columns for other texts."""
    name, rows = name_of(WORDS, loss), Texts(learnt)
    try:
        spec, weights = fit_linear(WORDS, rows, np.arange(len(learnt)), targets.astype(np.float32), loss)
    except DataError:
        # No word at all: the rival is what the targets are on the whole.
        return name, np.repeat(targets.mean(0)[None], len(texts), axis=0)
    others = Texts(texts)
    return name, np.asarray(grams(spec, weights, others.of(spec.unit, np.arange(len(texts)))), np.float64)


def linear_out_of_fold(learnt: Sequence[str], targets: NDArray[Any], loss: Loss) -> NDArray[np.float64]:
    """Columns of each row by the rival that did not learn from it, in five folds: what its thresholds are chosen on."""
    columns = np.zeros(targets.shape)
    for cut in folds(len(learnt), min(5, len(learnt)), seed=0):
        some = [learnt[row] for row in cut.train]
        columns[cut.validation] = linear_columns(
            some, targets[cut.train], loss, [learnt[row] for row in cut.validation]
        )[1]
    return columns
