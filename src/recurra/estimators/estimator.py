"""What the three estimators share: their settings, saving and loading.

Not here: learning, and scikit-learn's rules for parameters (params.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

from recurra.config import Settings
from recurra.estimators.params import Params, require_fitted
from recurra.models.loading import Running
from recurra.training.progress import Record


class Estimator(Params):
    """An estimator whose arguments left at None keep the value of `config`, and whose model is an artefact."""

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
        """Return the configuration with this estimator's own arguments put in; raises UsageError for a bad one."""
        given = {name: getattr(self, name) for name in self.flat if getattr(self, name) is not None}
        return (self.config or self.defaults).changed(given)

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
