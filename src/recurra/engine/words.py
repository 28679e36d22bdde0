"""The table of projected words: what each word brings to the gates, made once and kept for all later answers.

Not here: sweeps (native.py) and which words a text has (nets/run.py). Products of words with a layer's input weights
are the same in every text: a word is multiplied when it is first met, and its row is read ever after.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recurra.config import CellKind
from recurra.engine import native
from recurra.engine.native import DirectionWeights, Singles
from recurra.engine.processors import threads

if TYPE_CHECKING:
    from recurra._native import Layer

MOST_BYTES = 1 << 28
"""Tables that might grow larger are not begun: then the words of each batch are multiplied anew."""


class WordTable:
    """Products of words with the input weights of a layer, in each of its directions; from several threads at once."""

    def __init__(self, packed: Sequence[Layer], words: int) -> None:
        """Make room for that many words; the system gives memory to those that are met."""
        self.packed = packed
        self.rows = [np.empty((words, layer.pitch), np.float32) for layer in packed]
        self.known = 0
        self.numbers = np.full(words, -1, np.int32)
        """The row of each word; -1 for one that nobody has met."""
        self._lock = threading.Lock()

    def places(self, ids: NDArray[np.integer[Any]], look_up: Callable[[NDArray[np.integer[Any]]], Singles]) -> Any:
        """Return each id's row: (tokens,) -> (tokens,) int32. `look_up` tells the vectors of words met first.

        Raises IndexError for an id that is no word.
        """
        # Two threads may meet the same new word: one multiplies it, the other waits and finds it.
        with self._lock:
            found = self.numbers[ids]
            # -1 stands for a word that nobody has met.
            if (found < 0).any():
                # Marks, not np.unique: that loads masked arrays, a fiftieth of a second of a first answer.
                met = np.zeros(len(self.numbers), np.bool_)
                met[ids[found < 0]] = True
                new = np.flatnonzero(met)
                self._add(new, np.ascontiguousarray(look_up(new), np.float32))
                found = self.numbers[ids]
        return found

    def _add(self, ids: NDArray[np.integer[Any]], vectors: Singles) -> None:
        # Rows lie in the order in which words came: those of frequent words side by side.
        start, self.known = self.known, self.known + len(ids)
        for layer, rows in zip(self.packed, self.rows, strict=True):
            native.compiled.project(layer, values=vectors, into=rows[start : self.known], threads=threads())
        # Last of all: who reads a place finds its row written.
        self.numbers[ids] = np.arange(start, self.known, dtype=np.int32)


_tables: native.Kept[WordTable] = {}
"""They leave with their words' vectors."""


def word_table(
    kind: CellKind, weights: Sequence[DirectionWeights], vectors: NDArray[np.floating[Any]]
) -> WordTable | None:
    """Return the table of a trained model's words, begun at the first call: `vectors` is (words, size).

    None where there can be none: without the engine, for weights that may still change, and where it might grow too
    large.
    """
    arrays = (vectors, *(weight for side in weights for weight in side))
    # Rows are made once for ever, so that what they are made of must not change.
    fixed = not any(array.flags.writeable for array in arrays)
    if not (fixed and native.serves(vectors.dtype) and native.knows(kind)):
        return None
    packed = [native.packed_once(kind, side, reverse=number == 1) for number, side in enumerate(weights)]
    if 4 * len(vectors) * packed[0].pitch * len(packed) > MOST_BYTES:
        return None
    return native.kept_with(_tables, arrays, (kind,), lambda: WordTable(packed, len(vectors)))
