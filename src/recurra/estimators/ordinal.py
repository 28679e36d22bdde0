"""TextOrdinalClassifier: one of several classes in an order for each text, by scikit-learn's rules.

Not here: the loop (training/), answering (tasks/heads/ordinal/run.py), figures (tasks/heads/ordinal/measure.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from recurra.errors import warn
from recurra.estimators.cross_fitted import CrossFitted
from recurra.estimators.estimator import require_fitted
from recurra.tasks.heads.classes.measure import share_right
from recurra.tasks.heads.ordinal.measure import order_figures
from recurra.tasks.heads.ordinal.run import RunningOrdinal, medians
from recurra.tasks.inputs.targets import given_targets
from recurra.tasks.inputs.texts import labels_of, same_length, texts_of, weighed
from recurra.tasks.ordinal import TASK, ordered, prepare
from recurra.text.encoder import unread_warnings

if TYPE_CHECKING:
    from recurra.training.progress import Watch


@dataclass(eq=False, repr=False)
class TextOrdinalClassifier(CrossFitted):
    """A classifier of classes in an order: to be wrong by one step costs less than by two.

    `order` names the classes from the lowest to the highest; without it labels are numbers. The encoder in the box, or
    a net of your own sizes, stands beside linear models of n-grams. All are cross-fitted, and `out_of_fold_` has the
    figures on rows that none of them had learnt from.

    >>> texts, labels = ["bad", "fair", "good"] * 9, ["low", "mid", "high"] * 9
    >>> model = recurra.TextOrdinalClassifier(order=["low", "mid", "high"]).fit(texts, labels)
    >>> model.classes_.tolist(), model.predict_proba(["good"]).shape
    (['low', 'mid', 'high'], (1, 3))
    """

    estimator_type = "classifier"
    task = TASK

    order: Sequence[Any] | None = field(default=None, kw_only=True)

    model_: RunningOrdinal = field(init=False)
    classes_: NDArray[Any] = field(init=False)

    def fit(
        self,
        texts: Sequence[str],
        labels: Sequence[Any],
        *,
        sample_weight: Sequence[float] | None = None,
        groups: Sequence[Any] | None = None,
        run: str | Path | None = None,
        watch: Watch | None = None,
    ) -> TextOrdinalClassifier:
        """Learn from texts and their classes; rows of one group stay in one fold.

        Rows of weight 0 are left out, as if they had not been given; figures out of fold count each row once.
        Warns of what is doubtful; raises DataError for labels that are not in the order, or have none.
        """
        rows, classes = texts_of(texts), labels_of(labels, as_written=self.order is not None)
        same_length(rows, classes, "labels")
        kept, order = weighed(sample_weight, len(rows)), [] if self.order is None else self.order
        given = ordered(kept.of(rows), kept.of(classes), labels_of(order, as_written=True))
        self.fit_prepared(prepare(self.asked(), given_targets(given, groups, kept)), run=run, watch=watch)
        self.classes_ = np.array(self.model_.classes)
        warn(self.warnings_)
        return self

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities: (rows, classes), columns in the order of `classes_`."""
        shares, told = self._judged(texts)
        warn(told)
        return shares

    def predict(self, texts: Sequence[str]) -> NDArray[Any]:
        """The median class of each text, which has the least expected error in steps: (rows,)."""
        shares, told = self._judged(texts)
        warn(told)
        chosen: NDArray[Any] = self.classes_[medians(shares)]
        return chosen

    def _judged(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], list[str]]:
        require_fitted(self)
        shares, encoded = self.model_.shares(texts_of(texts))
        return shares, unread_warnings(encoded.unread, len(encoded.ids))

    def score(self, texts: Sequence[str], labels: Sequence[Any], sample_weight: Sequence[float] | None = None) -> float:
        """Accuracy, as scikit-learn scores classifiers."""
        kept = weighed(sample_weight, len(rows := texts_of(texts)))
        same_length(rows, classes := labels_of(labels, as_written=True), "labels")
        told = self.evaluate(kept.of(rows), kept.of(classes))
        if kept.weights is None:
            return float(told["accuracy"])
        said = self.predict(kept.of(rows)).tolist()
        return share_right(said, kept.of(classes), known=self.classes_.tolist(), weights=kept.weights)

    def evaluate(self, texts: Sequence[str], labels: Sequence[Any]) -> dict[str, Any]:
        """The mean error in steps, quadratic weighted kappa, accuracy, and the hardest rows.

        Raises DataError for no rows, and for labels that are not in the order.
        """
        require_fitted(self)
        rows, classes = texts_of(texts), labels_of(labels, as_written=True)
        same_length(rows, classes, "labels")
        return order_figures(self.model_, ordered(rows, classes, self.model_.names).rows)

    @classmethod
    def holding(cls, model: RunningOrdinal) -> Self:
        """Return a classifier around a loaded model; its classes keep the types of the labels."""
        loaded = super().holding(model)
        loaded.classes_ = np.array(model.classes)
        return loaded
