"""SentenceEncoder: texts to vectors, for any pipeline of scikit-learn.

Not here: the loop (training/), answering (tasks/heads/vectors/run.py).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from copy import copy
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recurra.config import CellName, Settings
from recurra.errors import DataError, UsageError, warn
from recurra.estimators.estimator import Estimator, require_fitted
from recurra.tasks.encoder import TASK, VALIDATION, prepare
from recurra.tasks.heads.vectors.measure import vector_figures
from recurra.tasks.heads.vectors.run import RunningEncoder
from recurra.tasks.inputs.texts import same_length, texts_of
from recurra.tasks.inputs.vectors import TaughtTexts

if TYPE_CHECKING:
    from recurra.training.progress import Watch

Frame = Literal["default", "pandas", "polars"]
FRAMES: tuple[Frame, ...] = get_args(Frame)


@dataclass(eq=False, repr=False)
class SentenceEncoder(Estimator):
    """A recurrent encoder of sentences: it learns the vectors of a teacher, and gives any text one.

    `recurra.load("encoder-en")` is one that has learnt, and comes with the package. In a pipeline `fit` leaves it as it
    is, and `sklearn.clone` keeps what it knows. Arguments left at None keep the value of `config`.

    >>> encoder = recurra.load("encoder-en")  # doctest: +SKIP
    >>> make_pipeline(encoder, LogisticRegression()).fit(texts, labels)  # doctest: +SKIP
    """

    estimator_type = "transformer"
    task = TASK
    flat = ("cell", "hidden", "embedding_size", "epochs", "learning_rate")

    cell: CellName | None = None
    _: KW_ONLY
    hidden: int | None = None
    embedding_size: int | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    validation: float = VALIDATION
    random_state: int = 0
    config: Settings | None = None

    model_: RunningEncoder = field(init=False)
    frame_: Frame = field(init=False)

    def fit(
        self,
        texts: Sequence[str],
        vectors: ArrayLike | None = None,
        *,
        run: str | Path | None = None,
        watch: Watch | None = None,
    ) -> SentenceEncoder:
        """Learn the vectors (texts, size) of texts; one that has learnt stays as it is where vectors are not given.

        Raises UsageError without vectors where nothing is learnt yet, DataError for rows that cannot be learnt from.
        """
        if vectors is None or _dimensions(vectors) != 2:
            if hasattr(self, "model_"):
                return self
            advice = 'fit(texts, vectors), or begin with recurra.load("encoder-en")'
            raise UsageError("an encoder learns from vectors (texts, size)", advice=advice)
        self.fit_prepared(prepare(self.asked(), _taught(texts, vectors)), run=run, watch=watch)
        warn(self.warnings_)
        return self

    def transform(self, texts: Sequence[str]) -> Any:
        """Vectors of length 1: (texts, size), as `set_output` asks for; warns of texts without a known word.

        A text without any word has zeros. A longer text than `max_length` is read in windows, and has their mean.
        """
        vectors, told = self._vectors(texts)
        warn(told)
        return self._framed(vectors)

    def fit_transform(self, texts: Sequence[str], labels: Any = None, **_: Any) -> Any:
        """Vectors of texts, by what was learnt before: pipelines hand labels over, which it does not read."""
        vectors, told = self._vectors(texts)
        warn(told)
        return self._framed(vectors)

    def evaluate(self, texts: Sequence[str], vectors: ArrayLike) -> dict[str, Any]:
        """How near it comes to the vectors of a teacher.

        Raises UsageError for what are no vectors, DataError for no rows, and for vectors of another size.
        """
        require_fitted(self)
        return vector_figures(self.model_, _taught(texts, vectors))

    def _vectors(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[str]]:
        require_fitted(self)
        return self.model_.vectors(texts_of(texts))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Names of the vectors' columns, as scikit-learn builds them: (size,)."""
        require_fitted(self)
        return np.array([f"{type(self).__name__.lower()}{place}" for place in range(self.model_.size)], object)

    def set_output(self, *, transform: Frame | None = None) -> Self:
        """Answer as arrays, pandas or polars frames from now on; None leaves it as it is."""
        if transform not in (None, *FRAMES):
            raise UsageError("transform", found=repr(transform), allowed=", ".join(FRAMES))
        if transform is not None:
            self.frame_ = transform
        return self

    def _framed(self, vectors: NDArray[np.float32]) -> Any:
        frame = getattr(self, "frame_", None)
        # scikit-learn's own choice for all transformers, where somebody uses it at all.
        if frame is None and (sklearn := sys.modules.get("sklearn")):
            frame = sklearn.get_config()["transform_output"]
        names = self.get_feature_names_out().tolist()
        if frame == "pandas":
            import pandas

            return pandas.DataFrame(vectors, columns=names)
        if frame == "polars":
            import polars

            return polars.DataFrame(vectors, schema=names)
        return vectors

    def __sklearn_clone__(self) -> Self:
        """What scikit-learn's `clone` gives: a copy that knows what this one knows.

        An encoder is not fitted on the rows of a pipeline, so that nothing of them can leak through the copy.
        """
        return copy(self)


def _dimensions(values: Any) -> int:
    try:
        return np.ndim(values)
    except ValueError:
        # Rows of several lengths are several labels for each text, which a pipeline hands over.
        return 1


def _taught(texts: Any, vectors: Any) -> TaughtTexts:
    """Return texts with a vector for each; raises UsageError for what are no vectors, DataError for unusable ones."""
    rows = texts_of(texts)
    try:
        wanted = np.asarray(vectors, np.float32)
    except (TypeError, ValueError):
        wanted = None
    if wanted is None or wanted.ndim != 2:
        raise UsageError("vectors", found=type(vectors).__name__, allowed="numbers (texts, size)")
    same_length(rows, [*wanted], "vectors")
    if not np.isfinite(wanted).all():
        row = int(np.flatnonzero(~np.isfinite(wanted).all(axis=1))[0]) + 1
        raise DataError(f"row {row} of vectors", found="a number that is not finite")
    return TaughtTexts(rows, wanted)
