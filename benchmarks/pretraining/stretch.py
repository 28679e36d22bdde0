"""Directions of the teacher's vectors that tell what is known of some sentences, made longer by a matrix.

A teacher's vectors tell mostly what a text is about. Whether it praises, and what kind of answer it asks for, stand in
a few directions of little spread: a student loses them first, and a classifier hardly finds them with few labels. A
logistic regression on sentences whose labels are free finds them; along them, vectors are made longer, as metrics are
learnt (Weinberger & Saul 2009). The student learns vectors that are stretched already: no step is added to its answers.

Not here: the labels (corpus.py), distillation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recurra.tasks.inputs.vectors import unit

MOST = 40_000
"""Sentences that a regression reads, at most: more would turn its directions by little."""


@dataclass(frozen=True)
class Known:
    """Sentences of which something is known."""

    vectors: NDArray[np.floating]
    """The teacher's, (sentences, size)."""
    labels: Sequence[str]
    directions: int
    """How many directions of what the labels tell are made longer."""
    longer: float
    """By how much of its length: 1.0 makes a direction twice as long."""


def stretch(size: int, known: Sequence[Known]) -> NDArray[np.float32]:
    """The matrix (size, size) that makes the directions of each kind of knowledge longer."""
    matrix = np.eye(size, dtype=np.float32)
    for part in known:
        found = directions(part)
        matrix += np.float32(part.longer) * found.T @ found
    return matrix


def directions(known: Known) -> NDArray[np.float32]:
    """The main directions in which a logistic regression tells the labels apart: (directions, size), orthonormal."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=100).fit(unit(known.vectors[:MOST]), np.array(known.labels[:MOST]))
    # Of two classes one row of weights is kept, of more one for each: what they share tells nothing apart.
    weights = model.coef_ if len(model.coef_) == 1 else model.coef_ - model.coef_.mean(0)
    return np.asarray(np.linalg.svd(weights, full_matrices=False)[2][: known.directions], np.float32)


def stretched(vectors: NDArray[np.floating], matrix: NDArray[np.float32], part: int = 50_000) -> NDArray[np.float16]:
    """Vectors made longer along the directions, of length 1 again; in parts, which bound the memory."""
    longer = np.empty(vectors.shape, np.float16)
    for start in range(0, len(vectors), part):
        longer[start : start + part] = unit(unit(vectors[start : start + part]) @ matrix)
    return longer
