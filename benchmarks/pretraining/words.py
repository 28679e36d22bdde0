"""The student's vocabulary: frequent words whole, rare ones in pieces, and a first vector of each from the teacher.

Pieces are WordPiece's (Schuster & Nakajima 2012): a word beyond the vocabulary is cut from the left into the longest
entries, those inside a word written `##ing`. Not here: cutting texts (recurra.text).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from smoke import sized

from recurra.config import TextConfig
from recurra.text.tokenise import count_tokens
from recurra.text.vocabulary import SPECIAL_WORDS, Vocabulary

WORDS = 24_000
PIECES = sized(4_000, 0)


def learn_vocabulary(texts: Sequence[str], *, words: int = WORDS, pieces: int = PIECES) -> Vocabulary:
    """Take the most frequent words, and learn pieces on all others."""
    counts = count_tokens(texts, TextConfig())
    whole = [word for word, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))][:words]
    rest = {word: count for word, count in counts.items() if word.isalpha()}
    for word in whole:
        rest.pop(word, None)
    chosen = dict.fromkeys([*SPECIAL_WORDS, *whole])
    # Every letter that is common stands alone and inside a word, so that hardly any word is unknown.
    letters = [letter for letter, count in Counter("".join(rest)).most_common(120) if count > 20]
    chosen |= dict.fromkeys([*letters, *(f"##{letter}" for letter in letters)])
    chosen |= dict.fromkeys(_pieces(rest, pieces))
    return Vocabulary(tuple(chosen))


def _pieces(counts: dict[str, int], size: int) -> list[str]:
    if not size:
        return []
    from tokenizers import Tokenizer, models, trainers

    trainer = trainers.WordPieceTrainer(vocab_size=size, show_progress=False, continuing_subword_prefix="##")
    tokeniser = Tokenizer(models.WordPiece(unk_token="<unk>"))
    tokeniser.train_from_iterator((word for word, count in counts.items() for _ in range(count)), trainer)
    return [word for word in tokeniser.get_vocab() if len(word.removeprefix("##")) > 1]


def first_vectors(
    vectors: NDArray[np.floating], counts: NDArray[np.int64], size: int, spread: float = 0.1
) -> NDArray[np.float32]:
    """The teacher's vectors of single words (words, 384) in fewer dimensions, frequent words made short.

    Principal components of the frequent words, and smooth inverse frequency (Arora, Liang & Ma 2017): a / (a + p).
    """
    shares = (counts + 1) / (counts + 1).sum()
    centred = vectors.astype(np.float32) - (shares[:, None] * vectors).sum(0)
    components = np.linalg.svd(centred[np.argsort(-counts)[:12_000]], full_matrices=False)[2][:size]
    placed = (centred @ components.T) * (1e-3 / (1e-3 + shares))[:, None]
    return np.asarray(placed * (spread / placed[:4_000].std()), np.float32)
