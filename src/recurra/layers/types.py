"""The types that the NumPy layers exchange.

Not here: shapes, which each layer's spec tells.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ids = NDArray[np.integer[Any]]
Weights = dict[str, Floats]
"""A layer's weights by their names in the spec."""
State = tuple[Floats, ...]
"""The parts of a sweep's state, each (sequences, hidden)."""
