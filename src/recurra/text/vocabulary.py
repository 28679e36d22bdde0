"""The vocabulary: which token has which id.

Not here: cutting texts into tokens (tokenise.py) and vectors for the words (vectors.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from recurra.errors import ArtefactError, DataError

Ids = NDArray[np.int32]

SPECIAL_WORDS = ("<pad>", "<unk>", "<empty>", "<eos>")
"""Always the first words: padding; any unknown word; the whole of an empty text; the end of a line or text."""

PAD, UNK, EMPTY, EOS = range(4)

MAX_WORDS = 2_000_000
"""Words of a vocabulary at most, special words included."""

MAX_WORD_LENGTH = 256
"""Characters of a word at most; a longer token is never learnt and reads as <unk>."""


INSIDE = "##"
"""How a piece from inside a word begins."""

LONGEST_SPELT = 64
"""Characters of a word that is spelt, at most."""


@dataclass(frozen=True)
class Vocabulary:
    """Words in the order of their ids, the special words first.

    Raises ArtefactError where the special words are not the first four, where a word is not valid Unicode text, is
    empty, too long or comes twice, and above two million words.
    """

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check the words."""
        _refuse_bad_words(self.words)
        # A dict keeps one of two equal words: the lengths differ where a word came twice.
        if len(self.index) != len(self.words):
            word, count = Counter(self.words).most_common(1)[0]
            raise ArtefactError("a vocabulary word comes twice", found=f"{word!r} {count} times", allowed="once")

    def __len__(self) -> int:
        """Words, special ones included."""
        return len(self.words)

    @cached_property
    def index(self) -> dict[str, int]:
        """The id of each word."""
        return dict(zip(self.words, range(len(self.words)), strict=True))

    @cached_property
    def has_pieces(self) -> bool:
        """Whether it can spell unknown words: an entry such as `##ing`, which no tokeniser of words makes."""
        return any(word.startswith(INSIDE) and len(word) > len(INSIDE) for word in self.words)

    def spell(self, word: str) -> tuple[int, ...]:
        """Return a word's id, or the ids of the longest pieces from its left; <unk> alone where one is missing.

        Pieces inside a word are written `##ing` (WordPiece, Schuster & Nakajima 2012). Words above 64 characters are
        not spelt.
        """
        known = self.index.get(word)
        if known is not None or len(word) > LONGEST_SPELT:
            return (UNK if known is None else known,)
        ids, start = [], 0
        while start < len(word):
            inside = INSIDE if start else ""
            # From the whole rest of the word down to one letter.
            for stop in range(len(word), start, -1):
                piece = self.index.get(inside + word[start:stop])
                if piece is not None:
                    break
            else:
                return (UNK,)
            ids.append(piece)
            start = stop
        return tuple(ids)

    def ids(self, tokens: Sequence[str]) -> Ids:
        """Return the ids (tokens,) of `tokens`; an unknown one gets that of <unk>."""
        # `repeat(UNK)` is the second argument of `get`: no Python code runs for a token.
        return np.fromiter(map(self.index.get, tokens, repeat(UNK)), np.int32, len(tokens))

    def tokens(self, ids: Iterable[int]) -> list[str]:
        """Return the words of `ids`; raises DataError for an id outside the vocabulary."""
        numbers = [int(number) for number in ids]
        # A negative id would count from the end in silence.
        for number in numbers:
            if not 0 <= number < len(self.words):
                raise DataError("no such word", found=f"id {number}", allowed=f"0 to {len(self.words) - 1}")
        return [self.words[number] for number in numbers]


def build_vocabulary(
    tokens: Mapping[str, int] | Iterable[Sequence[str]], *, max_words: int, min_count: int = 1
) -> Vocabulary:
    """Return the `max_words` most frequent words seen at least `min_count` times, the special words before them.

    `tokens` are counts by word or lists of tokens. The order is by count, the most frequent first, then alphabetical,
    so that the same texts in any order give the same vocabulary. Special words and words above 256 characters in
    `tokens` take no place.

    Raises DataError where no word is left.
    """
    counts = tokens if isinstance(tokens, Mapping) else Counter(chain.from_iterable(tokens))
    # A text may hold the very letters "<unk>"; it must not get a second id.
    skipped = set(SPECIAL_WORDS)
    kept = [
        # Sorted by these pairs: the most frequent first, equals by alphabet.
        (-count, word)
        for word, count in counts.items()
        if count >= min_count and word not in skipped and len(word) <= MAX_WORD_LENGTH
    ]
    if not kept:
        advice = "lower min_count or give more texts" if counts else "give texts that are not all empty"
        raise DataError(f"no word is seen {min_count} times", found=f"{len(counts)} distinct words", advice=advice)
    kept.sort()
    most = min(max_words, MAX_WORDS - len(SPECIAL_WORDS))
    return Vocabulary(SPECIAL_WORDS + tuple(word for _, word in kept[:most]))


def _refuse_bad_words(words: tuple[str, ...]) -> None:
    if not all(isinstance(word, str) for word in words):
        raise ArtefactError("a vocabulary word is no text", allowed="texts only")
    if words[: len(SPECIAL_WORDS)] != SPECIAL_WORDS:
        raise ArtefactError(
            "the special words are missing",
            found=", ".join(map(repr, words[: len(SPECIAL_WORDS)])) or "no words",
            allowed=f"first {', '.join(SPECIAL_WORDS)}",
        )
    if len(words) > MAX_WORDS:
        raise ArtefactError("vocabulary too large", found=f"{len(words)} words", allowed=f"at most {MAX_WORDS}")
    lengths = list(map(len, words))
    if min(lengths) < 1 or max(lengths) > MAX_WORD_LENGTH:
        raise ArtefactError("a vocabulary word is empty or too long", allowed=f"1 to {MAX_WORD_LENGTH} characters")
    try:
        # One encode for all words; which of them is at fault does not matter in a file nobody edits.
        "".join(words).encode()
    except UnicodeEncodeError:
        raise ArtefactError("a vocabulary word is not valid Unicode", allowed="text without lone surrogates") from None
