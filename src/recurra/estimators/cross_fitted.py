"""What the estimators share that answer each text with a column for each target: choices and explanations.

Not here: what each learns and answers (regression.py, multilabel.py, ordinal.py).
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace

from recurra.config import CellName, Settings
from recurra.estimators.estimator import Estimator, require_fitted
from recurra.model import Form
from recurra.tasks.heads.explain import explain
from recurra.tasks.heads.explanation import Explanation


@dataclass(eq=False, repr=False)
class CrossFitted(Estimator):
    """An estimator whose net stands beside linear models; arguments left at None keep the value of `config`."""

    flat = ("cell", "hidden", "epochs", "learning_rate")

    cell: CellName | None = None
    _: KW_ONLY
    hidden: int | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    random_state: int = 0
    config: Settings | None = None

    # All rows are learnt from: they are answered out of fold, and nothing need be held out.
    validation = 0.0

    def _answer_in(self, form: Form) -> None:
        """Keep in what form targets came: what is saved answers in it too."""
        self.model_ = replace(self.model_, origin=self.model_.origin.model_copy(update={"form": form}))

    def explain(self, text: str, label: object = None) -> Explanation:
        """Tell what each word of a text did to the answer, or to `label`; the effects add up to it.

        They are in the unit of a number, or log-odds: of a label by itself (without `label` of the most probable one),
        or that a class in order or a higher one is reached (without `label` the answer; where that is the lowest, the
        second). Worked out as `TextClassifier.explain` does, without torch.

        Raises UsageError for a label that the model does not have, for the lowest class, which every text reaches, and
        where the model answers several numbers and `label` names none; DataError for what is no text.
        """
        require_fitted(self)
        return explain(self.model_, text, label)
