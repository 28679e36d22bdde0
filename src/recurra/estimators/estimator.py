"""What the three estimators share: their settings, saving and loading.

Not here: learning, and scikit-learn's rules for parameters (params.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

from recurra.config import Settings
from recurra.errors import UsageError
from recurra.estimators.params import Params, require_fitted
from recurra.models.loading import Running
from recurra.reads import Task, check_read
from recurra.training.progress import Record


class Estimator(Params):
    """An estimator whose arguments left at None keep the value of `config`, and whose model is an artefact."""

    task: ClassVar[Task]
    """The task, whose settings these are."""
    defaults: ClassVar[Settings]
    """What `config` is when none is given."""
    flat: ClassVar[tuple[str, ...]]
    """Arguments of the constructor that are settings."""
    running: ClassVar[type[Running]]
    """The model that answers."""

    config: Settings | None
    model_: Any
    history_: list[Record]
    best_epoch_: int

    def settings(self) -> Settings:
        """Return the configuration with this estimator's own arguments put in.

        Raises UsageError for a bad one, and for one that this task does not read.
        """
        if self.config is not None and not isinstance(self.config, Settings):
            allowed = f"Settings, such as {self.task.upper()}_SETTINGS.changed({{…}})"
            raise UsageError("config", found=type(self.config).__name__, allowed=allowed)
        given = {name: getattr(self, name) for name in self.flat if getattr(self, name) is not None}
        settings = (self.config or self.defaults).changed(given)
        check_read(settings, self.task, begun=self.defaults)
        return settings

    def save(self, folder: str | Path) -> None:
        """Write the artefact."""
        from recurra.models.cards import card_of

        require_fitted(self)
        self.model_.save(folder, card=card_of(self.model_, self.history_, self.best_epoch_))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Return an estimator that answers from an artefact or a run; it has no history."""
        loaded = cls()
        loaded.model_ = cls.running.load(folder)
        loaded.history_, loaded.best_epoch_ = [], 0
        return loaded
