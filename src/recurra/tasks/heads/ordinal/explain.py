"""What may be asked of a model of classes in order about a text: the log-odds of a class or a higher one.

These decide the answer: the median class is the highest of which they are not below 0.

Not here: how effects are worked out (heads/effects.py), what is told of them (heads/explanation.py).
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from recurra.errors import UsageError
from recurra.layers.layer import Floats
from recurra.tasks.heads.explanation import Question, chosen_label, one_column
from recurra.tasks.heads.ordinal.run import RunningOrdinal, medians


def questions(model: RunningOrdinal, text: str, label: str | None) -> list[Question]:
    """Return the question whether the answer, or `label`, is reached; where the answer is the lowest, the second.

    Raises UsageError for a class that the model does not have, and for the lowest, which every text reaches.
    """
    shares, _ = model.shares([text])
    answer = int(medians(shares)[0])
    level = max(1, answer) if label is None else chosen_label(label, model.names)
    if level == 0:
        found = f"{label!r}, the lowest, which every text reaches"
        raise UsageError("label to explain", found=found, allowed=", ".join(model.names[1:])[:200])
    reached = float(shares[0, level:].sum())
    return [Question("level", model.names[level], model.names[answer], reached, partial(_reached, level))]


def _reached(level: int, columns: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log-odds of a class or a higher one, and their slopes: where columns contradict each other, the least counts."""
    return one_column(columns[:, :level].argmin(axis=1), columns)
