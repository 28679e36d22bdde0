"""TF-IDF with logistic regression, as most people build it: scikit-learn's vectoriser, words and pairs of words.

Not here: the same judge inside a stack, which counts hashed n-grams (layers/grams/).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from recurra.errors import DataError, UsageError


class TfidfLogistic:
    """1- and 2-grams with 1 + ln(count) · idf, of length 1; multinomial logistic regression with C = 10."""

    model_: Any

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        """Learn from texts and their labels; raises DataError where no text holds a word of two letters."""
        try:
            from sklearn.feature_extraction.text import TfidfVectorizer
            from sklearn.linear_model import LogisticRegression
            from sklearn.pipeline import make_pipeline
        except ImportError:
            raise UsageError("TF-IDF needs scikit-learn", advice="pip install 'recurra[train]'") from None
        # Of rows of length 1 the stochastic average gradient is there in a few passes; more change no answer.
        regression = LogisticRegression(C=10.0, solver="sag", max_iter=100, tol=1e-2, random_state=0)
        self.model_ = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), regression)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self.model_.fit(texts, labels)
            except ValueError as problem:
                raise DataError(f"TF-IDF: {problem}", found=f"{len(texts)} texts") from None
        return self

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The most probable label of each text."""
        return [str(label) for label in np.asarray(self.model_.predict(texts))]
