"""What is measured of an encoder on texts whose vectors are known: cosines, beside a linear rival's on the same rows.

Not here: the drawing (tell.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.errors import DataError
from recurra.report.numbers import number
from recurra.tasks.heads.lost import Scored, lost
from recurra.tasks.heads.vectors.run import RunningEncoder
from recurra.tasks.inputs.vectors import TaughtTexts, unit
from recurra.tasks.task import Figures

RIVAL = "bag of words (TF-IDF, 256 components, ridge regression)"
COMPONENTS = 256
FORGOTTEN = "the texts this encoder learnt from are not at hand: no rival is measured"


def vector_figures(model: RunningEncoder, rows: TaughtTexts) -> Figures:
    """Measure a model by itself; raises DataError for vectors of another size."""
    return _figures(rows, *_near(model, rows))


def judge_vectors(
    model: RunningEncoder, rows: TaughtTexts, learnt: TaughtTexts | None, tries: Sequence[str] = ()
) -> Figures:
    """Measure a model beside a bag of words, where the rows `learnt` from are at hand."""
    near, centred, warnings = _near(model, rows)
    figures = _figures(rows, near, centred, warnings)
    if learnt is None:
        return {**figures, "notes": [FORGOTTEN]}
    started = time.perf_counter()
    answers = _bag_of_words(learnt, rows.texts)
    other, other_centred = _cosines(answers, rows.vectors, rows.mean)
    record: Figures = {"name": RIVAL, "cosine": float(other.mean()), "centred": float(other_centred.mean())}
    rival = {**record, "seconds": round(time.perf_counter() - started, 1)}
    own, best = Scored("Recurra", figures["centred"], centred), Scored("the " + RIVAL, record["centred"], other_centred)
    on = f"{number(len(rows.texts))} texts"
    verdict = lost("centred cosine", own, [best], on=on, tries=[*tries, "more texts"], share=True)
    return {**figures, "rival": record, "rivals": [rival], **verdict}


def _figures(rows: TaughtTexts, near: NDArray[Any], centred: NDArray[Any], warnings: list[str]) -> Figures:
    # How the cosines spread, from the worst text to the best: a mean hides texts that were not understood.
    spread = [float(share) for share in np.quantile(centred, np.linspace(0, 1, 21))]
    return {
        "task": "encoder",
        "rows": len(rows.texts),
        "cosine": float(near.mean()),
        "centred": float(centred.mean()),
        "quantiles": spread,
        "warnings": warnings,
    }


def _near(model: RunningEncoder, rows: TaughtTexts) -> tuple[NDArray[Any], NDArray[Any], list[str]]:
    if not len(rows.texts):
        raise DataError("no rows to evaluate on")
    if rows.vectors.shape[1] != model.size:
        raise DataError("vectors of another size", found=str(rows.vectors.shape[1]), allowed=str(model.size))
    answers, warnings = model.vectors(rows.texts)
    return *_cosines(answers, rows.vectors, rows.mean), warnings


def _cosines(answers: NDArray[Any], wanted: NDArray[Any], mean: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cosine of each pair, as they are and less the mean: (rows,) each."""
    one, two = unit(answers), unit(wanted)
    return (one * two).sum(1), (unit(one - mean) * unit(two - mean)).sum(1)


def _bag_of_words(learnt: TaughtTexts, texts: list[str]) -> NDArray[Any]:
    """Latent semantic analysis, and a ridge regression of the vectors upon it (scikit-learn)."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    # A sample is enough for 256 components, and a million texts would take an hour.
    chosen = slice(0, 50_000)
    words = TfidfVectorizer(sublinear_tf=True, max_features=50_000, token_pattern=r"\S+")
    size = min(COMPONENTS, len(learnt.texts[chosen]) - 1)
    bag = make_pipeline(words, TruncatedSVD(size, n_iter=3, random_state=0), Ridge(1e-2))
    try:
        bag.fit(learnt.texts[chosen], np.asarray(learnt.vectors[chosen], np.float32))
    except ValueError:
        # Too few words for that many components: the rival is the mean of the vectors.
        return np.repeat(learnt.mean[None], len(texts), axis=0)
    return np.asarray(bag.predict(texts))
