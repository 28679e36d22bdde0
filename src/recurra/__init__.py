"""Recurra: recurrent networks made practical. The public names, each imported only when it is first asked for.

Not here: anything else; `import recurra` alone costs nothing and never imports torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recurra import errors, metrics, nn
    from recurra.config import NetConfig, SeriesConfig, Settings, TextConfig, TrainingConfig
    from recurra.datasets.series.table import SeriesReading
    from recurra.errors import ArtefactError, DataError, RecurraError, UsageError
    from recurra.estimators.encoder import SentenceEncoder
    from recurra.estimators.estimator import load
    from recurra.estimators.language import LANGUAGE_SETTINGS, LanguageModel
    from recurra.estimators.multilabel import TextMultilabelClassifier
    from recurra.estimators.ordinal import TextOrdinalClassifier
    from recurra.estimators.regression import TextRegressor
    from recurra.estimators.series import SERIES_SETTINGS, Forecaster
    from recurra.estimators.tags import TextTagger
    from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
    from recurra.importing.reading import import_model
    from recurra.session import Session
    from recurra.session_pool import SessionPool
    from recurra.tasks.heads.explanation import Explanation
    from recurra.tasks.heads.sequence.run import ImportedNet

    # Only for type checkers: `__getattr__` answers it.
    __version__: str

__all__ = [
    "LANGUAGE_SETTINGS",
    "SERIES_SETTINGS",
    "TEXT_SETTINGS",
    "ArtefactError",
    "DataError",
    "Explanation",
    "Forecaster",
    "ImportedNet",
    "LanguageModel",
    "NetConfig",
    "RecurraError",
    "SentenceEncoder",
    "SeriesConfig",
    "SeriesReading",
    "Session",
    "SessionPool",
    "Settings",
    "TextClassifier",
    "TextConfig",
    "TextMultilabelClassifier",
    "TextOrdinalClassifier",
    "TextRegressor",
    "TextTagger",
    "TrainingConfig",
    "UsageError",
    "__version__",
    "errors",
    "import_model",
    "load",
    "metrics",
    "nn",
]

# A table, not imports: `from recurra import Settings` must not bring torch along. Tests hold it equal to `__all__`.
_HOMES = {
    "recurra.config": ("NetConfig", "SeriesConfig", "Settings", "TextConfig", "TrainingConfig"),
    "recurra.datasets.series.table": ("SeriesReading",),
    "recurra.errors": ("ArtefactError", "DataError", "RecurraError", "UsageError"),
    "recurra.estimators.encoder": ("SentenceEncoder",),
    "recurra.estimators.language": ("LANGUAGE_SETTINGS", "LanguageModel"),
    "recurra.estimators.estimator": ("load",),
    "recurra.estimators.multilabel": ("TextMultilabelClassifier",),
    "recurra.estimators.ordinal": ("TextOrdinalClassifier",),
    "recurra.estimators.regression": ("TextRegressor",),
    "recurra.estimators.series": ("SERIES_SETTINGS", "Forecaster"),
    "recurra.estimators.tags": ("TextTagger",),
    "recurra.estimators.text": ("TEXT_SETTINGS", "TextClassifier"),
    "recurra.importing.reading": ("import_model",),
    "recurra.session": ("Session",),
    "recurra.session_pool": ("SessionPool",),
    "recurra.tasks.heads.explanation": ("Explanation",),
    "recurra.tasks.heads.sequence.run": ("ImportedNet",),
}
_MODULES = ("errors", "metrics", "nn")
"""Modules that are public as a whole."""


def __getattr__(name: str) -> Any:
    """Import a public name from the module that defines it (PEP 562)."""
    if name == "__version__":
        # Looked up in the installed package, so that the number stands in pyproject.toml alone.
        from importlib.metadata import version

        return version("recurra")
    if name in _MODULES:
        return import_module(f"recurra.{name}")
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    # Without this, a completing editor would see the names that are loaded so far, and this file's imports.
    return __all__
