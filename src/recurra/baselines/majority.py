"""The commonest label, for every text: what any classifier has to beat.

Not here: anything that reads the texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recurra.errors import DataError


class Majority:
    """Predicts the commonest training label, and the training shares as probabilities."""

    labels_: list[str]
    shares_: NDArray[np.float64]
    """(classes,) in the order of `labels_`, sum 1."""

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        """Count the labels; raises DataError where there are none."""
        if not labels:
            raise DataError("no labels to count", found="0 rows", allowed="1 or more")
        counts = Counter(labels)
        self.labels_ = sorted(counts)
        self.shares_ = np.array([counts[label] / len(labels) for label in self.labels_])
        return self

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The commonest label (of equals the alphabetically first) for each text."""
        return [self.labels_[int(self.shares_.argmax())]] * len(texts)

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The training shares for each text: (texts, classes)."""
        return np.tile(self.shares_, (len(texts), 1))
