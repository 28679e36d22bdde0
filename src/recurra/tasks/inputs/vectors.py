"""Texts with the vectors that a teacher has of them: a table of texts, and a NumPy file beside it.

Not here: what is learnt of them (tasks/heads/vectors/).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.sources import open_regular
from recurra.errors import DataError, Place
from recurra.text.encoder import TextEncoder


@dataclass(frozen=True, eq=False)
class TaughtTexts:
    """Texts, and the vector of each: (texts, size)."""

    texts: list[str]
    vectors: NDArray[Any]
    encoder: TextEncoder | None = None
    """The words to learn with; None: those of the training texts."""
    table: NDArray[np.float32] | None = None
    """Their first vectors (words, size), where they are to begin with some."""

    @cached_property
    def mean(self) -> NDArray[np.float32]:
        """The mean of the vectors, each of length 1."""
        return np.asarray(unit(self.vectors).mean(0))

    def at(self, rows: NDArray[np.int64]) -> TaughtTexts:
        """Take some rows."""
        return TaughtTexts([self.texts[row] for row in rows], self.vectors[rows], self.encoder, self.table)


def unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Bring each vector to length 1, in float32; zeros stay zeros."""
    wide = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.maximum(lengths, np.float32(1e-12)))


def read_vectors(path: Path, texts: int) -> NDArray[Any]:
    """Read the vectors of so many texts, (texts, size) of float16 or float32, whole.

    Raises DataError for a file that is none, for other shapes and types, and for numbers that are not finite.
    """
    place = Place(str(path))
    if not path.exists():
        advice = "give TEXTS VECTORS.npy, or put a file of the texts' name and the ending .npy beside it"
        raise DataError("no vectors of these texts", place=place, advice=advice)
    try:
        with open_regular(path) as file:
            # Never unpickled: a file of objects could run anything.
            vectors = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, ValueError) as problem:
        raise DataError(f"cannot be read as a NumPy array: {problem}", place=place) from None
    if vectors.dtype not in (np.float16, np.float32) or vectors.ndim != 2 or not vectors.shape[1]:
        found = f"{vectors.dtype} of shape {vectors.shape}"
        raise DataError("not vectors", place=place, found=found, allowed="float16 or float32, (texts, size)")
    if len(vectors) != texts:
        raise DataError("not a vector for each text", place=place, found=f"{len(vectors):,}", allowed=f"{texts:,}")
    sums = vectors.sum(axis=1, dtype=np.float64)
    if not np.isfinite(sums).all():
        row = int(np.flatnonzero(~np.isfinite(sums))[0]) + 1
        raise DataError(f"row {row:,} is not finite", place=place, advice="leave this text out")
    return np.asarray(vectors)
