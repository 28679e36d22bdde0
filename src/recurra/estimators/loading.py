"""`recurra.load`: a run or an artefact of any task, ready to answer.

Not here: what each task's estimator does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recurra.artefact import resolve
from recurra.config import Settings
from recurra.estimators.estimator import Estimator
from recurra.estimators.language import LanguageModel
from recurra.estimators.series import Forecaster
from recurra.estimators.text import TextClassifier
from recurra.tasks.known import load_any, task_named


class TaskEstimator(Estimator):
    """The estimator of a task that has none of its own: all choices are settings."""

    flat = ()

    def __init__(
        self,
        *,
        vectors: str | Path | None = None,
        validation: float = 0.1,
        random_state: int = 0,
        config: Settings | None = None,
    ) -> None:
        """Store the choices; nothing is checked before fit."""
        self.vectors = vectors
        self.validation = validation
        self.random_state = random_state
        self.config = config

    def fit(self, rows: Any) -> TaskEstimator:
        """Learn from rows as the task prepares them; raises as the task does."""
        return self.fit_prepared(self.task.prepare(self.asked(), rows))


def estimator_of(task: str) -> type[Any]:
    """Return the class of a task's estimators."""
    # A task that brings a record and a head, and no estimator, gets a class made for it.
    own = {each.task.name: each for each in (TextClassifier, LanguageModel, Forecaster)}
    return own.get(task) or type(TaskEstimator.__name__, (TaskEstimator,), {"task": task_named(task)})


def load(folder: str | Path) -> Estimator:
    """Return the estimator of a run or an artefact: a TextClassifier, a LanguageModel or a Forecaster.

    It answers without torch, and has the arguments, settings and history of its fit. Raises ArtefactError for a folder
    that is none or is damaged.

    >>> recurra.load("runs/tickets").predict(["where is my refund"])  # doctest: +SKIP
    """
    model = load_any(resolve(Path(folder)))
    estimator: Estimator = estimator_of(model.plan.task).holding(model)
    return estimator
