"""Self-test rows of an artefact: synthetic inputs with the answers they gave when the model was saved.

Not here: users' data. A machine on which the rows come out otherwise must not answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.batches import Ragged, join
from recurra.config import Precision
from recurra.errors import ArtefactError
from recurra.nets.plans import ClassifierNet, ForecastNet, LanguageNet
from recurra.nets.run import Tensors, classify_all, forecast, next_logits, run

TOLERANCE: dict[Precision, float] = {"float32": 1e-4, "bf16": 3e-2, "int8": 1e-1}
"""Relative; generous beside each precision's rounding, far below what a wrong weight does."""


def synthetic_ids(words: int) -> Ragged[NDArray[np.int32]]:
    """Three short sequences of token ids spread over the vocabulary."""
    random = np.random.default_rng(0)
    return join([random.integers(0, words, length).astype(np.int32) for length in (1, 7, 12)])


def text_selftest(plan: ClassifierNet, tensors: Tensors) -> dict[str, Any]:
    """Logits of the synthetic texts."""
    rows = synthetic_ids(plan.embedding.words)
    sequences = [rows.values[start:stop] for start, stop in zip(rows.offsets, rows.offsets[1:], strict=False)]
    return {"logits": _rounded(classify_all(plan, tensors, sequences, sequences))}


def language_selftest(plan: LanguageNet, tensors: Tensors) -> dict[str, Any]:
    """The first scores after each synthetic text."""
    ids = synthetic_ids(plan.embedding.words)
    projected, _ = run(plan, tensors, ids, ())
    return {"logits": _rounded(next_logits(tensors, projected[ids.offsets[1:] - 1])[:, :8])}


def series_selftest(plan: ForecastNet, tensors: Tensors) -> dict[str, Any]:
    """Forecasts of synthetic windows."""
    windows = np.random.default_rng(0).standard_normal((3, 5, plan.recurrent.inputs)).astype(np.float32)
    return {"forecasts": _rounded(forecast(plan, tensors, windows))}


def check_selftest(saved: dict[str, Any], replay: Callable[[], dict[str, Any]], precision: Precision) -> None:
    """Replay the rows; raises ArtefactError when they come out otherwise than they were saved."""
    found, near = replay(), TOLERANCE[precision]
    for name, rows in found.items():
        wanted, got = np.asarray(saved.get(name), dtype=np.float64), np.asarray(rows)
        if wanted.shape != got.shape or not np.allclose(got, wanted, rtol=near, atol=near):
            raise ArtefactError(
                f"the self-test rows ({name}) come out otherwise than when the model was saved",
                advice="save the model again, or report the processor and the versions of `recurra doctor`",
            )


def _rounded(values: NDArray[Any]) -> list[list[float]]:
    return [[float(f"{value:.6g}") for value in row] for row in np.asarray(values, dtype=np.float64)]
