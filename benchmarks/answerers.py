"""Who answers in benchmarks/rivals.py: each is fitted on rows, written to a folder, and read from there to answer.

What a method needs is imported in it: a process that answers shall hold nothing else in its memory.

Not here: measuring.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from smoke import SMOKE

LONGEST = 256
"""Pieces that MiniLM reads of a text (its card)."""


class Answerer:
    """What all have in common; each keeps what it learnt as `model`."""

    def __init__(self, model: Any = None) -> None:
        """Hold a model."""
        self.model = model

    def fit(self, texts: Sequence[str], labels: Sequence[str], seed: int) -> None:
        """Learn."""
        raise NotImplementedError

    def predict(self, texts: Sequence[str]) -> NDArray[Any]:
        """The most probable label of each text."""
        return np.asarray(self.model.predict(texts))

    def save(self, folder: Path) -> None:
        """Write what is needed to answer."""
        import_module("joblib").dump(self.model, folder / "model.joblib")

    def load(self, folder: Path) -> None:
        """Read it."""
        self.model = import_module("joblib").load(folder / "model.joblib")

    def beside(self) -> int:
        """Bytes of what it answers with that is not in its folder, libraries aside."""
        return 0


class Recurra(Answerer):
    """`fit text` with nothing chosen."""

    def fit(self, texts: Sequence[str], labels: Sequence[str], seed: int) -> None:
        """Learn."""
        import recurra

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model = recurra.TextClassifier(random_state=seed).fit(texts, labels)

    def save(self, folder: Path) -> None:
        """Write the artefact."""
        self.model.save(folder / "artefact")

    def load(self, folder: Path) -> None:
        """Read it; no torch from here on."""
        import recurra

        self.model = recurra.load(folder / "artefact")


class TfIdf(Answerer):
    """TF-IDF of words and pairs with logistic regression, C = 10."""

    def fit(self, texts: Sequence[str], labels: Sequence[str], seed: int) -> None:
        """Learn."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        linear = LogisticRegression(C=10, solver="sag", max_iter=100, tol=1e-2, random_state=seed)
        self.model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), linear).fit(texts, labels)


class NbSvm(Answerer):
    """NB-SVM of 1- to 3-grams (Wang & Manning 2012)."""

    def fit(self, texts: Sequence[str], labels: Sequence[str], seed: int) -> None:
        """Learn."""
        from recurra.baselines.nb_svm import NBSVM

        self.model = NBSVM()
        self.model.fit(list(texts), list(labels))


class MiniLm(Answerer):
    """all-MiniLM-L6-v2's vectors with logistic regression, C = 1."""

    kept: ClassVar[dict[str, NDArray[Any]]] = {}
    """Vectors that were made before, by their texts."""

    def fit(self, texts: Sequence[str], labels: Sequence[str], seed: int) -> None:
        """Learn."""
        from sklearn.linear_model import LogisticRegression

        self.model = LogisticRegression(max_iter=300).fit(self._vectors(texts), labels)

    def predict(self, texts: Sequence[str]) -> NDArray[Any]:
        """The most probable label of each text."""
        return np.asarray(self.model.predict(self._vectors(texts)))

    def _vectors(self, texts: Sequence[str]) -> Any:
        from pretraining.teacher import Teacher

        if all(text in self.kept for text in texts):
            return np.stack([self.kept[text] for text in texts])
        self.teacher = getattr(self, "teacher", None) or Teacher()
        return self.teacher.vectors(list(texts), longest=LONGEST).astype(np.float32)

    def beside(self) -> int:
        """MiniLM's own files, as its package holds them."""
        from pretraining.teacher import PACKAGE

        found = find_spec(PACKAGE)
        if SMOKE or found is None or found.origin is None:
            return 0
        folder = Path(found.origin).parent / "model"
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class Tutorials(Answerer):
    """A tutorial's net."""

    kind = ""

    def fit(self, texts: Sequence[str], labels: Sequence[str], seed: int) -> None:
        """Learn."""
        from tutorials import Tutorial

        self.model = Tutorial.fit(self.kind, texts, labels, seed)

    def save(self, folder: Path) -> None:
        """Write weights, words and labels."""
        self.model.save(folder)

    def load(self, folder: Path) -> None:
        """Read them."""
        from tutorials import Tutorial

        self.model = Tutorial.load(self.kind, folder)


class Keras(Tutorials):
    """Keras' bidirectional LSTM."""

    kind = "keras"


class Torch(Tutorials):
    """torch's EmbeddingBag."""

    kind = "torch"


ANSWERERS: dict[str, type[Answerer]] = {
    "Recurra": Recurra, "TF-IDF": TfIdf, "NB-SVM": NbSvm, "MiniLM": MiniLm, "Keras' tutorial": Keras,
    "torch's tutorial": Torch,
}  # fmt: skip
