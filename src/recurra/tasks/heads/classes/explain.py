"""What may be asked of a classifier about a text: the log-odds of a class, log p / (1 - p), against all others.

Not here: how effects are worked out (heads/effects.py), what is told of them (heads/explanation.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recurra.layers.layer import Floats
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.explanation import Question, chosen_label


def questions(model: RunningClassifier, text: str, label: str | None) -> list[Question]:
    """Return the question about the most probable class, or about `label`; raises UsageError for an unknown one."""
    answer = model.answers([text])[0]
    chosen = chosen_label(answer.label if label is None else label, model.labels)

    def measured(logits: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return _log_odds(logits, chosen, model.temperature)

    name = model.labels[chosen]
    return [Question("class", name, answer.label, answer.probabilities[name], measured)]


def _log_odds(logits: Floats, chosen: int, temperature: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log-odds of a class by logits (rows, classes): (rows,), and their slopes (rows, classes)."""
    scaled = logits.astype(np.float64) / temperature
    others = np.delete(scaled, chosen, axis=1)
    highest = others.max(axis=1, keepdims=True)
    raised = np.exp(others - highest)
    sums = raised.sum(axis=1, keepdims=True)
    slopes = np.insert(-raised / sums, chosen, 1.0, axis=1) / temperature
    return scaled[:, chosen] - (highest + np.log(sums))[:, 0], slopes
