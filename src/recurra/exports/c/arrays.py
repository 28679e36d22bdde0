"""Weights as constant arrays in C: laid out as the products read them, in float or in whole numbers of a byte.

Not here: the products (parts.c), and which arrays a net has (layers.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.cells.backends.numpy import factor
from recurra.layers.layer import Floats

WIDTH = 120
TOGETHER = 8
"""Rows that a product sums at once (add_product in parts.c)."""


@dataclass(frozen=True)
class Constants:
    """One constant array."""

    name: str
    values: NDArray[Any]

    @property
    def bytes(self) -> int:
        """What it takes of the flash."""
        return int(self.values.nbytes)

    @property
    def text(self) -> str:
        """Its definition."""
        kind = "int8_t" if self.values.dtype == np.int8 else "float"
        return f"static const {kind} {self.name}[{self.values.size}] = {{\n{number_lines(self.values)}\n}};"


def number_lines(values: NDArray[Any]) -> str:
    """Numbers in C, with commas between them, in lines."""
    return "\n".join(_wrapped(map(_written, values.ravel().tolist())))


def _written(value: float) -> str:
    """A number as C reads it: exactly, so that floats are in base 16."""
    if isinstance(value, int):
        return str(value)
    mantissa, _, exponent = value.hex().partition("p")
    return f"{mantissa.rstrip('0').rstrip('.')}p{exponent}f" if value else "0"


def _wrapped(words: Iterator[str]) -> Iterator[str]:
    line = " "
    for word in words:
        if len(line) + len(word) + 2 > WIDTH:
            yield line
            line = " "
        line += f" {word},"
    yield line


def singles(values: Any) -> NDArray[np.float32]:
    """Return numbers as float32."""
    return np.array(values, np.float32)


def eight_together(weight: Floats) -> NDArray[np.float32]:
    """Lay the weights of eight rows side by side, column by column; the last rows stay one after another.

    (rows, depth) -> (rows · depth,).
    """
    whole = len(weight) // TOGETHER * TOGETHER
    blocks = weight[:whole].reshape(-1, TOGETHER, weight.shape[1]).transpose(0, 2, 1)
    return singles(np.concatenate([blocks.ravel(), weight[whole:].ravel()]))


def levels(weight: Floats) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round rows to whole numbers and the step of each, as the engine packs them: (rows, depth) and (rows,)."""
    rounded = factor(singles(weight), "int8")
    return rounded.values.astype(np.int8), singles(rounded.steps)
