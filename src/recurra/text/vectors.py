"""Pre-trained word vectors for the words of a vocabulary, and the words nearest to a word.

Not here: file formats (vector_files.py) and learning (the embedding layer).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recurra.errors import DataError, Place, UsageError
from recurra.text.vector_files import binary_rows, opened_vectors, text_rows
from recurra.text.vocabulary import PAD, SPECIAL_WORDS, Vocabulary

Matrix = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Vectors:
    """The start of an embedding table.

    matrix (words, size): the file's vector where there is one; else small normal draws with the file's standard
    deviation, so that no word stands out by its scale; zeros for <pad>. found (words,): true where the file has the
    word. coverage: the share of the vocabulary, special words aside, that was found. deviation: the standard deviation
    of the found values.
    """

    vocabulary: Vocabulary
    matrix: Matrix
    found: NDArray[np.bool_]
    coverage: float
    deviation: float

    @property
    def size(self) -> int:
        """Features of a vector."""
        return int(self.matrix.shape[1])

    def token_coverage(self, counts: Mapping[str, int]) -> float:
        """Return the share of running tokens, counted by word, whose vector was found; 0 for no token at all."""
        index = self.vocabulary.index
        covered = sum(count for word, count in counts.items() if word in index and self.found[index[word]])
        return covered / max(sum(counts.values()), 1)


def load_vectors(
    source: str | Path, vocabulary: Vocabulary, *, dimension: int | None = None, member: str = "", seed: int = 0
) -> Vectors:
    """Read the vectors of the vocabulary's words from GloVe text, word2vec text or binary, or fastText .vec.

    The file may be plain, gzip, or a zip with several members, picked by `member` or by `dimension` (100 picks
    `glove.6B.100d.txt`). A name that ends in `.bin` is read as word2vec binary. Words are compared as they are written.

    Raises DataError, with file and line or byte offset, for a file that cannot be read, rows of unequal width, values
    that are not finite, a wanted word that comes twice, a header that lies, another dimension than the wanted one, and
    for a file without any of the words.
    """
    # Compared as bytes: a file of a million words is not decoded for the few that are wanted.
    wanted = {word.encode(): number for number, word in enumerate(vocabulary.words) if number != PAD}
    rows: dict[int, Matrix] = {}
    with opened_vectors(source, member=member, dimension=dimension) as (name, stream):
        # By the name: the formats cannot be told apart by their first line, which both may begin with two counts.
        read = binary_rows if name.lower().endswith(".bin") else text_rows
        for word, values, place in read(stream, name, wanted):
            if dimension is not None and len(values) != dimension:
                raise DataError("vectors of another size", place=place, found=str(len(values)), allowed=str(dimension))
            if wanted[word] in rows:
                raise DataError("a word comes twice", place=place, found=repr(word.decode()), advice="delete a row")
            rows[wanted[word]] = values
    if not rows:
        advice = "is it of another language, or capitals against lower case?"
        raise DataError("no vocabulary word has a vector", place=Place(name), advice=advice)
    return _filled(rows, vocabulary, seed)


def neighbours(matrix: Matrix, vocabulary: Vocabulary, word: str, k: int = 10) -> list[tuple[str, float]]:
    """Return the k words whose vectors (words, size) have the largest cosine with that of `word`, best first.

    The word itself and the special words are left out. Raises DataError for an unknown word, UsageError for k below 1.
    """
    if k < 1:
        raise UsageError("cannot list this many neighbours", found=str(k), allowed="1 or more")
    if word not in vocabulary.index:
        raise DataError("not in the vocabulary", found=repr(word), advice="try a more frequent word, in lower case")
    # <pad> is a row of zeros: divided by 1, its cosine with everything is 0.
    lengths = np.linalg.norm(matrix, axis=1)
    unit = matrix / np.where(lengths > 0, lengths, 1)[:, None]
    number = vocabulary.index[word]
    cosines = unit @ unit[number]
    order = np.argsort(-cosines, kind="stable")
    best = [int(near) for near in order if near >= len(SPECIAL_WORDS) and near != number][:k]
    return [(vocabulary.words[near], float(cosines[near])) for near in best]


def _filled(rows: dict[int, Matrix], vocabulary: Vocabulary, seed: int) -> Vectors:
    found = np.zeros(len(vocabulary), dtype=np.bool_)
    found[list(rows)] = True
    known = np.stack(list(rows.values()))
    # Summed in float64: float32 loses digits over millions of values.
    deviation = float(known.std(dtype=np.float64))
    shape = (len(vocabulary), known.shape[1])
    matrix = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32) * np.float32(deviation)
    # All rows are drawn first, so that a word's draw does not depend on which others the file has.
    matrix[list(rows)] = known
    matrix[PAD] = 0
    ordinary = found[len(SPECIAL_WORDS) :]
    return Vectors(vocabulary, matrix, found, float(ordinary.mean()) if len(ordinary) else 0.0, deviation)
