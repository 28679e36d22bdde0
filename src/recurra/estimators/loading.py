"""`recurra.load`: a run or an artefact of any task, ready to answer.

Not here: what each task's estimator does.
"""

from __future__ import annotations

from pathlib import Path

from recurra.artefact import resolve
from recurra.estimators.estimator import Estimator
from recurra.estimators.language import LanguageModel
from recurra.estimators.series import Forecaster
from recurra.estimators.text import TextClassifier
from recurra.tasks.loading import load_any

ESTIMATORS: dict[str, type[Estimator]] = {
    estimator.task.name: estimator for estimator in (TextClassifier, LanguageModel, Forecaster)
}


def load(folder: str | Path) -> Estimator:
    """Return the estimator of a run or an artefact: a TextClassifier, a LanguageModel or a Forecaster.

    It answers without torch, and has the arguments, settings and history of its fit. Raises ArtefactError for a folder
    that is none or is damaged.

    >>> recurra.load("runs/tickets").predict(["where is my refund"])  # doctest: +SKIP
    """
    model = load_any(resolve(Path(folder)))
    return ESTIMATORS[model.plan.task].holding(model)
