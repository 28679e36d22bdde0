"""TextMultilabelClassifier: any number of labels for each text, by scikit-learn's rules.

Not here: the loop (training/), answering (tasks/heads/multilabel/run.py), figures (tasks/heads/multilabel/measure.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from recurra.errors import DataError, warn
from recurra.estimators.cross_fitted import CrossFitted
from recurra.estimators.estimator import require_fitted
from recurra.tasks.heads.multilabel.measure import labels_figures, share_whole
from recurra.tasks.heads.multilabel.run import RunningLabeller
from recurra.tasks.inputs.targets import GivenTargets, TargetRows, given_targets, labels_given
from recurra.tasks.inputs.texts import texts_of, weighed
from recurra.tasks.multilabel import TASK, prepare
from recurra.text.encoder import unread_warnings

if TYPE_CHECKING:
    from recurra.training.progress import Watch


@dataclass(eq=False, repr=False)
class TextMultilabelClassifier(CrossFitted):
    """A classifier that gives each text none, one or several labels, each said from a threshold of its own on.

    It learns from a list of labels for each text, or from a matrix (rows, labels) of 0 and 1 (sparse, or a frame whose
    columns are the labels), and answers in the form that it learnt from. The encoder in the box, or a net of your own
    sizes, stands beside linear models of n-grams. All are cross-fitted, and `out_of_fold_` has the figures on rows that
    none of them had learnt from.

    >>> texts = ["warm and funny", "warm", "funny", "neither"] * 9
    >>> model = recurra.TextMultilabelClassifier().fit(texts, [["warm", "funny"], ["warm"], ["funny"], []] * 9)
    >>> model.classes_.tolist(), len(model.predict(["so warm"]))
    (['funny', 'warm'], 1)
    """

    estimator_type = "classifier"
    task = TASK

    model_: RunningLabeller = field(init=False)
    classes_: NDArray[Any] = field(init=False)
    lists_: bool = field(init=False)

    def fit(
        self,
        texts: Sequence[str],
        labels: Any,
        *,
        sample_weight: Sequence[float] | None = None,
        groups: Sequence[Any] | None = None,
        run: str | Path | None = None,
        watch: Watch | None = None,
    ) -> TextMultilabelClassifier:
        """Learn from texts and their labels; rows of one group stay in one fold.

        Rows of weight 0 are left out, as if they had not been given; figures out of fold count each row once.
        Warns of what is doubtful; raises UsageError for what are no labels, DataError for rows that cannot be learnt
        from.
        """
        rows = texts_of(texts)
        targets, names, lists = labels_given(labels, len(rows))
        kept = weighed(sample_weight, len(rows))
        targets = targets[kept.rows]
        if lists:
            # Labels of rows that were left out have not been given either.
            met = targets.any(axis=0)
            targets, names = targets[:, met], tuple(np.array(names, object)[met])
        given = given_targets(GivenTargets(TargetRows(kept.of(rows), targets, names)), groups, kept)
        self.fit_prepared(prepare(self.asked(), given), run=run, watch=watch)
        self.classes_, self.lists_ = np.array(names, object), lists
        self._answer_in("lists" if lists else "matrix")
        warn(self.warnings_)
        return self

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The probability of each label by itself: (rows, labels), columns in the order of `classes_`."""
        shares, told = self._judged(texts)
        warn(told)
        return shares

    def predict(self, texts: Sequence[str]) -> Any:
        """The labels of each text: lists, or (rows, labels) of 0 and 1 where it learnt from a matrix."""
        shares, told = self._judged(texts)
        warn(told)
        said = self.model_.chosen(shares)
        return [self.classes_[row].tolist() for row in said] if self.lists_ else said.astype(np.int64)

    def _judged(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], list[str]]:
        require_fitted(self)
        shares, encoded = self.model_.shares(texts_of(texts))
        return shares, unread_warnings(encoded.unread, len(encoded.ids))

    def score(self, texts: Sequence[str], labels: Any, sample_weight: Sequence[float] | None = None) -> float:
        """The share of texts whose labels are all right, as scikit-learn scores several labels."""
        rows = self._against(texts, labels)
        kept = weighed(sample_weight, len(rows.texts))
        return share_whole(self.model_, rows.at(kept.rows), kept.weights)

    def evaluate(self, texts: Sequence[str], labels: Any) -> dict[str, Any]:
        """Micro and macro F1, rows right as a whole, the precision of the ranking, each label by itself.

        Raises DataError for no rows, and for labels that it does not know.
        """
        rows = self._against(texts, labels)
        return labels_figures(self.model_, rows)

    def _against(self, texts: Sequence[str], labels: Any) -> TargetRows:
        """Take rows to measure by."""
        require_fitted(self)
        rows = texts_of(texts)
        targets, names, lists = labels_given(labels, len(rows))
        if not lists and not hasattr(labels, "columns"):
            # A plain matrix names nothing: its columns are those of `classes_`.
            if targets.shape[1] != len(self.model_.names):
                found, allowed = f"{targets.shape[1]} columns", f"{len(self.model_.names)}, as `classes_` has"
                raise DataError("labels", found=found, allowed=allowed)
            names = self.model_.names
        return TargetRows(rows, targets, names)

    @classmethod
    def holding(cls, model: RunningLabeller) -> Self:
        """Return a classifier around a loaded model; one that learnt from a file answers with lists."""
        loaded = super().holding(model)
        loaded.classes_, loaded.lists_ = np.array(model.names, object), model.origin.form != "matrix"
        return loaded
