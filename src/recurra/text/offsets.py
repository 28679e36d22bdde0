"""Where words and tokens stand in a text as it was written: offsets of characters, through all normalising.

Not here: cutting (tokenise.py) and ids (encoder.py), which these follow piece by piece.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate, chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recurra.config import TextConfig
from recurra.text.encoder import TextEncoder
from recurra.text.tokenise import BREAK, placed_tokens, prepared, straighten, tokeniser
from recurra.text.units import PLAIN

Offsets = NDArray[np.int64]
MAPPED = 300
"""Characters of a piece up to which each is followed through normalising by itself; a longer one is stretched."""
_GAP = re.compile(rf"(?:{BREAK}|\s)++")
_SPACES = re.compile(r"\s++")
_CLITIC = re.compile(r"n?'\w{1,2}", re.IGNORECASE)


def word_spans(text: str) -> list[tuple[int, int]]:
    """Return where the words of a text begin and end, signs by themselves; `don't` is one word here, as people see it.

    A character of a script without spaces stands for a word.
    """
    spans: list[tuple[int, int]] = []
    for token, start, stop in placed_tokens(text, PLAIN):
        # `do n't` and `it 's`, cut for the sake of a vocabulary, are joined again.
        joined = spans and spans[-1][1] == start and _CLITIC.fullmatch(straighten(token))
        spans[-1:] = [(spans[-1][0], stop)] if joined else [*spans[-1:], (start, stop)]
    return spans


def token_starts(text: str, encoder: TextEncoder) -> Offsets:
    """Return where each id of `encoder.encode_whole([text])` begins in the text: (ids,)."""
    vocabulary = encoder.vocabulary
    # Pieces of a word, of which a token may have several, all begin where the word does.
    ids_of: Callable[[str], int] = (lambda token: len(vocabulary.spell(token))) if vocabulary.has_pieces else _one
    return np.array(list(_starts(text, encoder.config, ids_of)), np.int64)


def unit_starts(text: str, unit: Literal["word", "character"]) -> Offsets:
    """Return where each unit of `units_of([text], unit)` begins in the text; -1 for the spaces between words."""
    if unit == "word":
        return np.array(list(_starts(text, PLAIN, _one)), np.int64)
    starts = [-1]
    for start, piece in _pieces(text, tidies=True):
        starts += [*(start + place for place in _places(piece, prepared(piece, PLAIN), PLAIN)), -1]
    # A text without a word is two spaces.
    return np.array(starts if len(starts) > 1 else [-1, -1], np.int64)


def _one(token: str) -> int:
    return 1


def _starts(text: str, config: TextConfig, ids_of: Callable[[str], int]) -> Iterator[int]:
    chosen = tokeniser(config)
    behind = 0
    # No step of a tokeniser looks across white space: each piece is normalised and cut as it was within its text.
    for start, piece in chain(_pieces(text, tidies=chosen.tidies), [(len(text), "")]):
        if config.tokens == "character":
            # There white space is a token too.
            yield from range(behind, start)
        behind = start + len(piece)
        whole = prepared(piece, config)
        tokens = list(chain.from_iterable(map(chosen.tokens, chosen.pieces(whole))))
        places = _places(piece, whole, config)
        for token, place in zip(tokens, accumulate(map(len, tokens), initial=0), strict=False):
            yield from [start + places[place]] * ids_of(token)


def _pieces(text: str, *, tidies: bool) -> Iterator[tuple[int, str]]:
    """Yield what stands between white space (and line breaks of HTML where they are tidied), with its place."""
    place = 0
    for gap in (_GAP if tidies else _SPACES).finditer(text):
        if gap.start() > place:
            yield place, text[place : gap.start()]
        place = gap.end()
    if place < len(text):
        yield place, text[place:]


def _places(piece: str, whole: str, config: TextConfig) -> list[int]:
    """Return for each character of the normalised piece the one that it came from."""
    if len(piece) == len(whole):
        return list(range(len(piece)))
    if len(piece) > MAPPED:
        return [place * len(piece) // len(whole) for place in range(len(whole))]
    # A combining mark joins the letter before it, `İ` becomes two: how long each beginning becomes tells the way.
    lengths = [len(prepared(piece[:stop], config)) for stop in range(1, len(piece) + 1)]
    return [min(bisect_right(lengths, place), len(piece) - 1) for place in range(len(whole))]
