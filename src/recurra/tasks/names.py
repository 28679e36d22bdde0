"""The tasks there are: what artefacts, messages and commands call each of them, and where what it answers lies.

Not here: what a task is (task.py). Nothing is imported, so that a name costs nothing; a record is loaded when somebody
asks for it (task.py).
"""

from __future__ import annotations

from typing import NamedTuple


class Called(NamedTuple):
    """The words for a task."""

    noun: str
    verb: str
    """The command that answers with an artefact of it."""
    head: str
    """The folder in tasks/heads/ whose run.py answers."""
    estimator: str = ""
    """The class in the file of its name in estimators/, where it has one."""
    netless: str = "linear models of n-grams"
    """What one without a net is."""


# One line adds a task; the name is its file here, the word on the command line and the artefact's `task`.
CALLED = {
    "text": Called("a text classifier", "recurra predict", "classes", "TextClassifier"),
    "language": Called("a language model", "recurra generate", "next_token", "LanguageModel"),
    "encoder": Called("a sentence encoder", "recurra.load", "vectors", "SentenceEncoder"),
    "multilabel": Called("a model of several labels", "recurra predict", "multilabel", "TextMultilabelClassifier"),
    "ordinal": Called("a model of classes in order", "recurra predict", "ordinal", "TextOrdinalClassifier"),
    "regression": Called("a regressor of texts", "recurra predict", "regression", "TextRegressor"),
    "tags": Called("a tagger of tokens", "recurra predict", "tags", "TextTagger"),
    "series": Called("a forecaster", "recurra forecast", "panel", "Forecaster", "classical forecasts"),
}

# Not in CALLED, whose tasks can be learnt: it has learnt with another tool.
HELD = {**CALLED, "sequence": Called("an imported net", "recurra.load", "sequence")}
"""What artefacts hold: the models of all tasks, and nets that were imported."""
