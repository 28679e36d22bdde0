"""Token vectors, running in NumPy: ids (tokens,) -> (tokens, size).

Not here: learning.
"""

from __future__ import annotations

import numpy as np

from recurra.layers.specs import EmbeddingSpec
from recurra.layers.types import Floats, Ids, Weights


def embedding(spec: EmbeddingSpec, weights: Weights, ids: Ids) -> Floats:
    """Look the rows up."""
    rows: Floats = np.take(weights["weight"], ids, axis=0)
    return rows * rows.dtype.type(spec.scale)
