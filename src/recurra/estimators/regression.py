"""TextRegressor: a number, or several, for each text, by scikit-learn's rules.

Not here: the loop (training/), answering (tasks/heads/regression/run.py), figures (tasks/heads/regression/measure.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recurra.datasets.columns import name_list
from recurra.errors import DataError, warn
from recurra.estimators.cross_fitted import CrossFitted
from recurra.estimators.estimator import require_fitted
from recurra.tasks.heads.regression.measure import number_figures, share_explained
from recurra.tasks.heads.regression.run import RunningRegressor
from recurra.tasks.inputs.targets import GivenTargets, TargetRows, given_targets, numbers_given
from recurra.tasks.inputs.texts import texts_of, weighed
from recurra.tasks.regression import TASK, prepare
from recurra.text.encoder import unread_warnings

if TYPE_CHECKING:
    from recurra.training.progress import Watch


@dataclass(eq=False, repr=False)
class TextRegressor(CrossFitted):
    """A regressor of texts: the encoder in the box, or a net of your sizes, beside linear models of n-grams.

    All judges are cross-fitted and weighed by least squares; `out_of_fold_` has the figures on rows that none of them
    had learnt from. Arguments left at None keep the value of `config`; a size of your own makes a net from scratch.

    >>> texts, numbers = ["a good film", "a bad film", "a film", "so good"] * 9, [8.0, 2.0, 5.0, 9.0] * 9
    >>> model = recurra.TextRegressor().fit(texts, numbers)
    >>> model.predict(["good", "bad"]).shape
    (2,)
    """

    task = TASK

    model_: RunningRegressor = field(init=False)
    targets_: NDArray[Any] = field(init=False)
    single_: bool = field(init=False)

    def fit(
        self,
        texts: Sequence[str],
        numbers: ArrayLike,
        *,
        sample_weight: Sequence[float] | None = None,
        groups: Sequence[Any] | None = None,
        run: str | Path | None = None,
        watch: Watch | None = None,
    ) -> TextRegressor:
        """Learn from texts and their numbers, (rows,) or (rows, targets); rows of one group stay in one fold.

        Rows of weight 0 are left out, as if they had not been given; figures out of fold count each row once.
        Warns of what is doubtful; raises DataError for a number that is missing or not finite, and for a target of one
        value alone.
        """
        rows = texts_of(texts)
        targets, names, single = numbers_given(numbers, len(rows))
        kept = weighed(sample_weight, len(rows))
        rows_ = TargetRows(kept.of(rows), targets[kept.rows], names)
        given = given_targets(GivenTargets(rows_), groups, kept)
        self.fit_prepared(prepare(self.asked(), given), run=run, watch=watch)
        self.targets_, self.single_ = np.array(names, object), single
        self._answer_in("column" if single else "table")
        warn(self.warnings_)
        return self

    def predict(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The numbers, (rows,) of one target, or (rows, targets); warns of texts of unknown words only."""
        require_fitted(self)
        numbers, encoded = self.model_.numbers(texts_of(texts))
        warn(unread_warnings(encoded.unread, len(encoded.ids)))
        return numbers[:, 0] if self.single_ else numbers

    def score(self, texts: Sequence[str], numbers: ArrayLike, sample_weight: Sequence[float] | None = None) -> float:
        """R², of several targets the mean; raises DataError for no rows, and where all numbers are one."""
        rows = self._against(texts, numbers)
        kept = weighed(sample_weight, len(rows.texts))
        r2 = share_explained(self.model_, rows.at(kept.rows), kept.weights)
        if r2 is None:
            raise DataError("R² is not defined", found="one value in all rows", allowed="two values or more")
        return float(r2)

    def evaluate(self, texts: Sequence[str], numbers: ArrayLike) -> dict[str, Any]:
        """MAE, RMSE, R² and Spearman's rank correlation, of each target too, and the rows of the largest errors."""
        rows = self._against(texts, numbers)
        return number_figures(self.model_, rows)

    def _against(self, texts: Sequence[str], numbers: ArrayLike) -> TargetRows:
        """Take rows to measure by, in the order of the model's targets."""
        require_fitted(self)
        rows = texts_of(texts)
        targets, names, _ = numbers_given(numbers, len(rows))
        known = self.model_.names
        # A frame that names a target is taken by its names, in any order; all else stands in the order of training.
        if {*names} & {*known}:
            if {*names} != {*known}:
                raise DataError("numbers", found=name_list([*names]), allowed=name_list([*known]))
            targets = targets[:, [names.index(name) for name in known]]
        return TargetRows(rows, targets, known)

    @classmethod
    def holding(cls, model: RunningRegressor) -> Self:
        """Return a regressor around a loaded model."""
        loaded = super().holding(model)
        form = model.origin.form or ("column" if len(model.names) == 1 else "table")
        loaded.targets_, loaded.single_ = np.array(model.names, object), form == "column"
        return loaded
