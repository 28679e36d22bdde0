"""What a tagger reads of a token: its word, how it begins and ends, and its shape, as ids of one vocabulary.

A word that training never met still has an ending and a shape (Lample et al. 2016; spaCy's hashed features): `Whitby`
is a capital and small letters, ends in -by. Features other than words hold a tab, which no token of a file does.

Not here: the vectors of the ids, which are added up (layers/matrix/).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from recurra.config import TextConfig
from recurra.errors import DataError
from recurra.text.encoder import TextEncoder
from recurra.text.tokenise import normalise
from recurra.text.vocabulary import EMPTY, MAX_WORD_LENGTH, PAD, SPECIAL_WORDS, UNK, Vocabulary

FEATURES = 5
"""Ids of a token."""
LONGEST_RUN = 2
"""Signs of one class after one another that a shape keeps: `Xxx` and `Xxxxx` are both `Xxx`."""


@lru_cache(maxsize=200_000)
def features(token: str, *, lowercase: bool) -> tuple[str, ...]:
    """Return a token's word, its first letter, its last two and three letters, and its shape."""
    plain = normalise(token, lowercase=False)
    word = plain.lower() if lowercase else plain
    small = plain.lower()
    return (word, f"first\t{small[:1]}", f"two\t{small[-2:]}", f"three\t{small[-3:]}", f"shape\t{shape(plain)}")


def shape(token: str) -> str:
    """Return a token's shape: X for a capital, x for another letter, d for a digit, other signs as they are."""
    made = ""
    for sign in token[:MAX_WORD_LENGTH]:
        kind = "d" if sign.isdigit() else "X" if sign.isupper() else "x" if sign.isalpha() else sign
        if made[-LONGEST_RUN:] != kind * LONGEST_RUN:
            made += kind
    return made[:20]


def feature_ids(encoder: TextEncoder, tokens: Sequence[str]) -> NDArray[np.int32]:
    """Return the ids of a sentence's tokens: (tokens, FEATURES). An unknown word is <unk>, another feature nothing.

    Raises DataError as `normalise` does.
    """
    index, lowercase = encoder.vocabulary.index, encoder.config.lowercase
    ids = np.empty((max(1, len(tokens)), FEATURES), np.int32)
    if not len(tokens):
        ids[0] = [EMPTY, *[PAD] * (FEATURES - 1)]
    for row, token in enumerate(tokens):
        word, *others = features(token, lowercase=lowercase)
        ids[row] = [index.get(word, UNK), *(index.get(other, PAD) for other in others)]
    return ids


def fit_features(sentences: Iterable[Sequence[str]], config: TextConfig, *, known: Sequence[str] = ()) -> TextEncoder:
    """Learn the vocabulary of features of training sentences, behind the words that are `known` beforehand.

    A word counts by `min_count` and `max_words`, another feature where two tokens have it. Raises DataError without
    tokens.
    """
    words, others = Counter[str](), Counter[str]()
    for sentence in sentences:
        for token in sentence:
            word, *rest = features(token, lowercase=config.lowercase)
            words[word] += 1
            others.update(rest)
    if not words:
        raise DataError("no tokens to learn from")
    kept = dict.fromkeys(known or SPECIAL_WORDS)
    # By count, then by alphabet: the same sentences in any order give the same vocabulary.
    ranked = sorted((-count, word) for word, count in words.items() if count >= config.min_count)
    kept |= dict.fromkeys(word for _, word in ranked[: config.max_words] if len(word) <= MAX_WORD_LENGTH)
    kept |= dict.fromkeys(sorted(other for other, count in others.items() if count > 1))
    return TextEncoder(config, Vocabulary(tuple(kept)))


def known_tokens(encoder: TextEncoder, tokens: Sequence[str]) -> int:
    """Count the tokens whose word is known."""
    index, lowercase = encoder.vocabulary.index, encoder.config.lowercase
    return sum(features(token, lowercase=lowercase)[0] in index for token in tokens)
