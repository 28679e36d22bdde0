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

TOLERANCE: dict[Precision, float] = {"float32": 1e-4, "bf16": 3e-2, "int8": 1e-1}
"""Relative; generous beside each precision's rounding, far below what a wrong weight does."""


def synthetic_ids(words: int) -> Ragged[NDArray[np.int32]]:
    """Three short sequences of token ids spread over the vocabulary."""
    random = np.random.default_rng(0)
    return join([random.integers(0, words, length).astype(np.int32) for length in (1, 7, 12)])


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


def rounded(values: NDArray[Any]) -> list[list[float]]:
    """Six digits of each value: what an artefact keeps."""
    return [[float(f"{value:.6g}") for value in row] for row in np.asarray(values, dtype=np.float64)]
