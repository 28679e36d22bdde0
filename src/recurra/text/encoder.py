"""The encoder: texts to token ids, with one vocabulary, the same in training and in serving.

Not here: its file (encoder_file.py) and padding (pad.py); nothing inside Recurra is padded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from recurra.config import TextConfig
from recurra.text.encoder_file import encoder_from_json, encoder_to_json
from recurra.text.normalise import parts
from recurra.text.pad import truncate
from recurra.text.tokenise import count_tokens, prepared_at, several, tokeniser
from recurra.text.vocabulary import EMPTY, UNK, Ids, Vocabulary, build_vocabulary

REMEMBERED_PIECES = 1_000_000
"""Distinct pieces whose ids are kept while a list of texts is encoded; then the memory starts afresh."""

REMEMBERED_LENGTH = 1_000
"""A longer piece is not worth remembering."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """Token ids of several texts and what was lost on the way.

    ids: one array (tokens,) per text. unk_rate (texts,): share of the kept tokens that are unknown. empty (texts,):
    true where the text had no token and became <empty>. truncated (texts,): tokens cut off.
    """

    ids: list[Ids]
    unk_rate: NDArray[np.float64]
    empty: NDArray[np.bool_]
    truncated: NDArray[np.int64]

    @property
    def unread(self) -> int:
        """Texts of which no word is known."""
        return int((self.unk_rate == 1.0).sum())


@dataclass(frozen=True)
class TextEncoder:
    """A configuration and a vocabulary, which together turn a text into ids."""

    config: TextConfig
    vocabulary: Vocabulary

    def encode(self, texts: Iterable[str]) -> list[Ids]:
        """Return the ids (tokens,) of each text, at most `config.max_length`, never none.

        Raises DataError, naming the text, for what is no text, too long, or holds half a surrogate pair.
        """
        return self.encode_many(texts).ids

    def encode_many(self, texts: Iterable[str]) -> Encoded:
        """Return the ids of each text with its rate of unknown words, whether it was empty, and the tokens cut off."""
        whole = self.encode_whole(texts)
        empty = np.array([len(ids) == 0 for ids in whole], dtype=np.bool_)
        lengths = np.array([len(ids) for ids in whole], dtype=np.int64)
        kept = [self._kept(ids) for ids in whole]
        unk_rate = np.array([np.count_nonzero(ids == UNK) / len(ids) for ids in kept], dtype=np.float64)
        return Encoded(kept, unk_rate, empty, np.maximum(lengths - self.config.max_length, 0))

    def encode_whole(self, texts: Iterable[str]) -> list[Ids]:
        """Return the ids of each text uncut; an empty text has none. Language models read these."""
        chosen = tokeniser(self.config)
        remembered = _PieceIds(chosen.tokens, self.vocabulary.index)
        whole: list[Ids] = []
        for position, text in enumerate(several(texts), 1):
            some = [
                np.fromiter(chain.from_iterable(map(remembered.__getitem__, chosen.pieces(part))), np.int32)
                for part in parts(prepared_at(position, text, self.config))
            ]
            whole.append(some[0] if len(some) == 1 else np.concatenate(some))
        return whole

    def to_json(self) -> bytes:
        """Return the bytes of `tokenizer.json`; the same encoder gives the same bytes."""
        return encoder_to_json(self.config, self.vocabulary)

    @classmethod
    def from_json(cls, data: bytes) -> TextEncoder:
        """Read the bytes of `tokenizer.json`; raises ArtefactError where they are not what `to_json` writes."""
        return cls(*encoder_from_json(data))

    def _kept(self, ids: Ids) -> Ids:
        if len(ids) == 0:
            return np.array([EMPTY], dtype=np.int32)
        return truncate(ids, self.config.max_length, end=self.config.truncate)


def fit_encoder(texts: Iterable[str], config: TextConfig) -> TextEncoder:
    """Learn the vocabulary of the training texts; raises DataError where no word is frequent enough."""
    counts = count_tokens(texts, config)
    return TextEncoder(config, build_vocabulary(counts, max_words=config.max_words, min_count=config.min_count))


class _PieceIds(dict[str, tuple[int, ...]]):
    """The ids of each piece met so far: most pieces of a text were met before, so most tokens cost one look-up."""

    def __init__(self, tokens: Callable[[str], Iterable[str]], index: dict[str, int]) -> None:
        self._tokens = tokens
        self._id = index.get

    def __missing__(self, piece: str) -> tuple[int, ...]:
        ids = tuple(map(self._id, self._tokens(piece), repeat(UNK)))
        if len(piece) <= REMEMBERED_LENGTH:
            if len(self) >= REMEMBERED_PIECES:
                self.clear()
            self[piece] = ids
        return ids
