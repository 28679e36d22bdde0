"""What the estimators share that answer each text with a column for each target: the choices of their net.

Not here: what each learns and answers (regression.py, multilabel.py, ordinal.py).
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace

from recurra.config import CellName, Settings
from recurra.estimators.estimator import Estimator
from recurra.model import Form


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
