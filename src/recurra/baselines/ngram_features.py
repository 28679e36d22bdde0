"""Which n-grams of words a text holds, as a sparse 0/1 matrix; the n-grams are learnt from training texts.

Not here: weights and labels (nb_svm.py); ids of a language model (kneser_ney.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.errors import DataError, UsageError

Tokenise = Callable[[str], list[str]]
_Ints = NDArray[np.int64]

BITS = 21
"""A word's share of an n-gram's 63-bit key; so an n-gram has 3 words at most."""
_WORDS_AND_MARKS = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


@dataclass(frozen=True)
class NgramFeatures:
    """The learnt n-grams: `words` numbers the words from 1; `keys` (features,) are the n-grams' keys, sorted."""

    words: dict[str, int]
    keys: _Ints
    longest: int
    tokenise: Tokenise


def words_and_marks(text: str) -> list[str]:
    """Lower-case words (an apostrophe may join two parts) and single punctuation marks."""
    return _WORDS_AND_MARKS.findall(text.lower())


def learn_ngrams(
    texts: Sequence[str], *, longest: int = 3, min_count: int = 1, tokenise: Tokenise = words_and_marks
) -> tuple[NgramFeatures, Any]:
    """Learn every n-gram of 1 to `longest` words that `min_count` texts or more hold, and where they occur.

    Returns the features and the SciPy CSR matrix (texts, features) of 0 and 1. Raises DataError without any word.
    """
    if not 1 <= longest <= 63 // BITS:
        raise UsageError("n-grams too long", found=str(longest), allowed=f"1 to {63 // BITS}")
    words: dict[str, int] = {}
    # Words are numbered from 1 as they appear; 0 is kept for unknown ones.
    ids, rows = _encode(texts, tokenise, lambda word: words.setdefault(word, len(words) + 1))
    if not words:
        raise DataError("the training texts hold no words", found=f"{len(texts)} texts", allowed="1 word or more")
    if len(words) >= 2**BITS:
        raise DataError("too many different words", found=str(len(words)), allowed=f"below {2**BITS}")
    keys, holders = _ngrams(ids, rows, longest)
    different, columns = _distinct(keys)
    matrix = _matrix(holders, columns, shape=(len(texts), len(different)))
    if min_count > 1:
        # A column holds 1 for each text that has the n-gram, so its count is that of texts.
        kept = np.bincount(matrix.indices, minlength=len(different)) >= min_count
        different, matrix = different[kept], matrix[:, kept]
    if not len(different):
        raise DataError("no n-gram is frequent enough", found=f"{len(texts)} texts", allowed=f"in {min_count} texts")
    return NgramFeatures(words, different, longest, tokenise), matrix


def ngram_matrix(features: NgramFeatures, texts: Sequence[str]) -> Any:
    """Find the learnt n-grams in new texts: SciPy CSR matrix (texts, features) of 0 and 1; others are passed over."""
    unknown = 0
    ids, rows = _encode(texts, features.tokenise, lambda word: features.words.get(word, unknown))
    keys, holders = _ngrams(ids, rows, features.longest)
    different, which = _distinct(keys)
    # A search beyond the end is held inside, and found out by the comparison below.
    found = np.minimum(np.searchsorted(features.keys, different), len(features.keys) - 1)
    known, places = (features.keys[found] == different)[which], found[which]
    return _matrix(holders[known], places[known], shape=(len(texts), len(features.keys)))


def _encode(texts: Iterable[str], tokenise: Tokenise, number: Callable[[str], int]) -> tuple[_Ints, _Ints]:
    """Number all words of all texts: their ids (tokens,) and the row of each (tokens,)."""
    ids: list[int] = []
    lengths: list[int] = []
    for text in texts:
        before = len(ids)
        ids.extend(map(number, tokenise(text)))
        lengths.append(len(ids) - before)
    return np.array(ids, dtype=np.int64), np.repeat(np.arange(len(lengths)), np.array(lengths, dtype=np.int64))


def _ngrams(ids: _Ints, rows: _Ints, longest: int) -> tuple[_Ints, _Ints]:
    """Keys and rows of all n-grams that stay inside one text and hold no unknown word (id 0)."""
    found = []
    for length in range(1, min(longest, len(ids)) + 1):
        count = len(ids) - length + 1
        key, whole = np.zeros(count, dtype=np.int64), rows[:count] == rows[length - 1 :]
        for offset in range(length):
            word = ids[offset : offset + count]
            # Three words of 21 bits each make one number of 63: n-grams are compared as whole numbers.
            key, whole = (key << BITS) | word, whole & (word > 0)
        found.append((key[whole], rows[:count][whole]))
    empty = np.zeros(0, dtype=np.int64)
    return np.concatenate([empty, *(k for k, _ in found)]), np.concatenate([empty, *(r for _, r in found)])


def _distinct(keys: _Ints) -> tuple[_Ints, _Ints]:
    """Sorted different keys and each key's place among them; np.unique's inverse does the same ten times slower."""
    order = np.argsort(keys)
    ordered = keys[order]
    # The first of each run of equal keys.
    new = np.append(True, ordered[1:] != ordered[:-1])[: len(keys)]
    places = np.empty(len(keys), dtype=np.int64)
    places[order] = np.cumsum(new) - 1
    return ordered[new], places


def _matrix(rows: _Ints, columns: _Ints, *, shape: tuple[int, int]) -> Any:
    from scipy.sparse import csr_matrix

    # liblinear reads 32-bit indices only
    cells = (rows.astype(np.int32), columns.astype(np.int32))
    matrix = csr_matrix((np.ones(len(rows)), cells), shape=shape)
    # An n-gram that stands twice in a text still counts once.
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix
