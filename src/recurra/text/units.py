"""Texts as what n-grams are made of: hashes of their words, or their characters.

A hash needs no vocabulary: every word of a text counts, whether or not a net knows it.

Not here: n-grams (layers/grams/).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from recurra.config import TextConfig
from recurra.text.encoder import token_numbers
from recurra.text.tokenise import prepared_at, several

PLAIN = TextConfig(tokens="script")
"""Words in lower case, and characters of scripts without spaces, whatever the net beside them reads."""


def units_of(texts: Sequence[str], unit: Literal["word", "character"]) -> list[NDArray[Any]]:
    """Return each text as hashes of its words, or as code points with one space around each word.

    Raises DataError as `TextEncoder.encode`, naming the text.
    """
    return list(units_in_turn(texts, unit))


def units_in_turn(texts: Sequence[str], unit: Literal["word", "character"]) -> Iterator[NDArray[Any]]:
    """Yield the same text by text, each when it is asked for."""
    if unit == "word":
        return token_numbers(texts, PLAIN, lambda word: (crc32(word.encode()),), np.dtype(np.int64))
    return (_characters(prepared_at(place, text, PLAIN)) for place, text in enumerate(several(texts), 1))


def _characters(text: str) -> NDArray[np.int64]:
    spaced = f" {' '.join(text.split())} "
    return np.frombuffer(spaced.encode("utf-32-le"), np.uint32).astype(np.int64)
