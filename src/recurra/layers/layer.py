"""What every layer is: a record of its sizes, from which names and shapes of its weights follow; the types of arrays.

Not here: the layers. Each stands in a folder: its record beside its arithmetic in NumPy (run.py), and its torch module
(learn.py), which reads the same record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.records import Frozen

Floats = NDArray[np.floating[Any]]
TokenIds = NDArray[np.integer[Any]]
Shapes = dict[str, tuple[int, ...]]
"""Names and shapes of weights."""
Weights = dict[str, Floats]
"""A layer's weights by their names in the spec."""
ArrayState = tuple[Floats, ...]
"""The parts of a sweep's state, each (sequences, hidden)."""


class LayerSpec(Frozen):
    """The sizes of one layer. Artefacts hold it, and check every name and shape before a single weight is read."""

    kind: str

    def weights(self) -> Shapes:
        """Return names and shapes of the weights."""
        raise NotImplementedError


def weights_of(tensors: Mapping[str, Floats], layer: str) -> Weights:
    """Return one layer's weights by their own names."""
    start = f"{layer}."
    return {name[len(start) :]: value for name, value in tensors.items() if name.startswith(start)}
