"""The encoder: texts to token ids with one vocabulary, the same in training and in serving; its file; cutting, padding.

Not here: reading the file from the disc (artefact/ checks its size and hash, then hands over the bytes). Nothing inside
Recurra is padded: `pad` is for the tutorial's way (`pad_to_max`), for teaching and for comparisons with padded tools.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recurra.artefact.reading import parse_json
from recurra.config import TextConfig
from recurra.errors import ArtefactError, Place, UsageError
from recurra.records import validated
from recurra.text.tokenise import count_tokens, prepared_at, several, text_parts, tokeniser
from recurra.text.unspaced import unspaced_in
from recurra.text.vocabulary import EMPTY, PAD, SPECIAL_WORDS, UNK, Ids, Vocabulary, build_vocabulary

REMEMBERED_PIECES = 1_000_000
"""Distinct pieces whose ids are kept while a list of texts is encoded; then the memory starts afresh."""

REMEMBERED_LENGTH = 1_000
"""A longer piece is not worth remembering."""

FORMAT = 1

MAX_BYTES = 64 * 1024 * 1024
"""A larger file is refused before it is parsed."""

PLACE = Place("tokenizer.json")


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

    @classmethod
    def joined(cls, parts: Sequence[Encoded]) -> Encoded:
        """Lay the texts of several parts, of one or more, one after another."""
        unk_rate, empty, truncated = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("unk_rate", "empty", "truncated")
        )
        return cls([ids for part in parts for ids in part.ids], unk_rate, empty, truncated)

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
        # Uncut first: what is cut off is counted, and a wide part reads all of a text.
        return self.cut(self.encode_whole(texts))

    def cut(self, whole: Sequence[Ids]) -> Encoded:
        """Return what `encode_many` does, of the uncut ids of each text."""
        empty = np.array([len(ids) == 0 for ids in whole], dtype=np.bool_)
        lengths = np.array([len(ids) for ids in whole], dtype=np.int64)
        kept = [self._kept(ids) for ids in whole]
        # Of the kept tokens, because those are what the net reads. <empty> is a known word, so an empty text's is 0.
        unk_rate = np.array([np.count_nonzero(ids == UNK) / len(ids) for ids in kept], dtype=np.float64)
        return Encoded(kept, unk_rate, empty, np.maximum(lengths - self.config.max_length, 0))

    def encode_whole(self, texts: Iterable[str]) -> list[Ids]:
        """Return the ids of each text uncut; an empty text has none. Language models read these."""
        return list(self.ids_in_turn(texts))

    def ids_in_turn(self, texts: Iterable[str]) -> Iterator[Ids]:
        """Yield the same text by text, each cut into tokens when it is asked for."""
        if self.config.tokens == "bpe":
            # Here, not above: an answer about words must not load it.
            from recurra.text.merges import joined

            return token_numbers(texts, self.config, partial(joined, ranks=self.vocabulary.index), np.dtype(np.int32))
        words, spell = self.vocabulary.index, self.vocabulary.spell if self.vocabulary.has_pieces else None
        number = spell or (lambda word: (words.get(word, UNK),))
        return token_numbers(texts, self.config, number, np.dtype(np.int32))

    def to_json(self) -> bytes:
        """Return the bytes of `tokenizer.json`; the same encoder gives the same bytes."""
        return _to_json(self.config, self.vocabulary)

    @classmethod
    def from_json(cls, data: bytes) -> TextEncoder:
        """Read the bytes of `tokenizer.json`; raises ArtefactError where they are not what `to_json` writes."""
        return cls(*_from_json(data))

    def _kept(self, ids: Ids) -> Ids:
        # A sequence of no token has no state to answer from: <empty> stands for it, and is learnt like a word.
        if len(ids) == 0:
            return np.array([EMPTY], dtype=np.int32)
        return truncate(ids, self.config.max_length, end=self.config.truncate)


def fit_encoder(texts: Iterable[str], config: TextConfig) -> TextEncoder:
    """Learn the vocabulary of the training texts; raises DataError where no word is frequent enough."""
    if config.tokens == "auto":
        texts = list(several(texts))
        config = config.model_copy(update={"tokens": "script" if unspaced_in(texts, share=0.01) else "word"})
    counts = count_tokens(texts, config)
    if config.tokens == "bpe":
        from recurra.text.merges import learn_pieces

        return TextEncoder(config, learn_pieces(counts, most=config.max_words, min_count=config.min_count))
    return TextEncoder(config, build_vocabulary(counts, max_words=config.max_words, min_count=config.min_count))


def wordless(config: TextConfig) -> TextEncoder:
    """Return an encoder that knows no word: beside n-grams alone it tells how long texts are, and which are empty."""
    return TextEncoder(config.model_copy(update={"pad_to_max": False}), Vocabulary(SPECIAL_WORDS))


def truncate(ids: Ids, length: int, *, end: Literal["head", "tail", "head+tail"]) -> Ids:
    """Keep at most `length` ids: the first ones, the last ones, or the first quarter and the last three.

    A review says at its end what it means; the quarter is rounded down. Raises UsageError for a length below 1.
    """
    if length < 1:
        raise UsageError("cannot truncate to this length", found=str(length), allowed="1 or more")
    if len(ids) <= length:
        return ids
    # The head takes what the tail leaves; with "tail" the slice from 0 to 0 is empty.
    head = {"head": length, "tail": 0, "head+tail": length // 4}[end]
    return np.concatenate([ids[:head], ids[len(ids) - (length - head) :]])


def pad(
    sequences: Sequence[Ids], length: int, *, where: Literal["front", "back"] = "front"
) -> tuple[Ids, NDArray[np.int64]]:
    """Return the sequences as a matrix (sequences, length) filled with <pad>, and their lengths (sequences,).

    Raises UsageError where a sequence is longer than `length`: truncating is a step of its own.
    """
    lengths = np.array([len(ids) for ids in sequences], dtype=np.int64)
    if len(lengths) and lengths.max() > length:
        longest = int(lengths.argmax())
        found = f"{lengths[longest]} ids in sequence {longest + 1}"
        raise UsageError(
            "sequence longer than the padding", found=found, allowed=f"at most {length}", advice="truncate first"
        )
    matrix = np.full((len(sequences), length), PAD, dtype=np.int32)
    for row, ids in zip(matrix, sequences, strict=True):
        # In front by default, as Keras pads: the last state then follows the last word.
        start = length - len(ids) if where == "front" else 0
        row[start : start + len(ids)] = ids
    return matrix, lengths


def net_ids(ids: list[Ids], config: TextConfig) -> list[Ids]:
    """Return what a classifier's net reads: the ids as they are, or with `pad_to_max` all padded in front to be swept.

    Training and answers both come through here, so they read alike.
    """
    return list(pad(ids, config.max_length)[0]) if config.pad_to_max else ids


def token_numbers(
    texts: Iterable[str], config: TextConfig, number: Callable[[str], tuple[int, ...]], dtype: np.dtype[Any]
) -> Iterator[NDArray[Any]]:
    """Yield the numbers of each text's tokens, as `number` has them; raises DataError, naming the text."""
    # A fresh memory for each call: it may be large, and encoders are shared between threads.
    chosen = tokeniser(config)
    remembered = _PieceNumbers(chosen.tokens, number)
    # A text of a hundred megabytes goes through in parts, so that its pieces are never all in memory.
    for position, text in enumerate(several(texts), 1):
        some = [
            np.fromiter(chain.from_iterable(map(remembered.__getitem__, chosen.pieces(part))), dtype)
            for part in text_parts(prepared_at(position, text, config))
        ]
        yield some[0] if len(some) == 1 else np.concatenate(some)


class _PieceNumbers(dict[str, tuple[int, ...]]):
    """The numbers of each piece met so far: most pieces of a text were met before, so most tokens cost one look-up."""

    def __init__(self, tokens: Callable[[str], Iterable[str]], number: Callable[[str], tuple[int, ...]]) -> None:
        self._tokens = tokens
        self._number = number

    def __missing__(self, piece: str) -> tuple[int, ...]:
        # A tuple is smaller than a list, and is never changed.
        numbers = tuple(chain.from_iterable(map(self._number, self._tokens(piece))))
        if len(piece) <= REMEMBERED_LENGTH:
            # Starting afresh is cheaper than knowing which piece was used last, and frequent ones are back at once.
            if len(self) >= REMEMBERED_PIECES:
                self.clear()
            self[piece] = numbers
        return numbers


def _to_json(config: TextConfig, vocabulary: Vocabulary) -> bytes:
    """Return UTF-8 JSON with one word a line; the same configuration and words give the same bytes.

    Raises ArtefactError above 64 MiB.
    """
    # Written by hand around two dumps: one word a line lets diffs and editors cope with 50,000 words.
    head = json.dumps({"format": FORMAT, "config": config.model_dump(mode="json")}, separators=(",", ":"))
    words = json.dumps(vocabulary.words, ensure_ascii=False, separators=(",\n", ":"))
    data = f'{head[:-1]},"words":\n{words}}}\n'.encode()
    _refuse_large(data)
    return data


def _from_json(data: bytes) -> tuple[TextConfig, Vocabulary]:
    """Read what `_to_json` wrote.

    Raises ArtefactError for bytes that are too many, not UTF-8 or not JSON, for unknown, missing or repeated keys,
    another format version, a configuration out of range, and words that `Vocabulary` refuses.
    """
    _refuse_large(data)
    record = parse_json(data, file=PLACE.file)
    if not isinstance(record, dict) or set(record) != {"format", "config", "words"}:
        raise ArtefactError("not a tokeniser", place=PLACE, allowed="an object with format, config and words")
    # `true` would equal 1.
    if type(record["format"]) is not int or record["format"] != FORMAT:
        found = repr(record["format"])[:60]
        raise ArtefactError("unknown format version", place=PLACE, found=found, allowed=str(FORMAT))
    if not isinstance(record["words"], list) or not isinstance(record["config"], dict):
        raise ArtefactError("not a tokeniser", place=PLACE, allowed="config an object, words a list")
    try:
        config = validated(TextConfig, record["config"])
    except UsageError as problem:
        raise ArtefactError(f"config.{problem}", place=PLACE) from None
    try:
        # The vocabulary refuses bad words itself; only the file's name is added here.
        return config, Vocabulary(tuple(record["words"]))
    except ArtefactError as problem:
        raise ArtefactError(str(problem), place=PLACE) from None


def _refuse_large(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise ArtefactError("tokeniser too large", place=PLACE, found=f"{len(data)} bytes", allowed=f"{MAX_BYTES}")


def unread_warnings(unread: int, texts: int) -> list[str]:
    """Warn of texts of which the model knows no word: so many of all."""
    if not unread:
        return []
    which = "the text is" if texts == 1 else f"{unread:,} of {texts:,} texts are"
    why = "of it, and its answer says nothing of it" if texts == 1 else "of them, and their answers say nothing of them"
    return [f"{which} unread: the model knows no word {why}; is it the script or language it learnt from?"]
