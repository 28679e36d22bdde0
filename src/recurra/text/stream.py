"""Token text for language models: one long stream of ids with <eos> after each line or text, and tokens back to text.

Not here: batches of parallel streams (batches) and the reading of files (datasets). Words back to text is no exact
inverse, since their spacing is lost; characters have one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.config import Direction, TextConfig
from recurra.errors import DataError
from recurra.text.encoder import TextEncoder
from recurra.text.tokenise import prepared
from recurra.text.unspaced import is_unspaced
from recurra.text.vocabulary import EOS, SPECIAL_WORDS, UNK, Ids, Vocabulary, build_vocabulary

# Tokens that stand close to the one before them, and below those close to the one after them.
_LEANS_LEFT = frozenset(
    {".", ",", "!", "?", ";", ":", ")", "]", "}", "%", "...", "n't", "'s", "'ll", "'re", "'ve", "'d", "'m"}
)
_LEANS_RIGHT = frozenset({"(", "[", "{", "$", "#"})


def line_tokens(text: str) -> list[str]:
    """Return the tokens of a text tokenised beforehand (WikiText, Penn Treebank): white space parts them, <eos> ends
    each line, empty lines included; `<unk>` in the text is the unknown word itself (Merity et al. 2016).
    """
    # The last line counts as a line whether or not the file ends with a line feed.
    if text and not text.endswith("\n"):
        text += "\n"
    return text.replace("\n", f" {SPECIAL_WORDS[EOS]} ").split()


def stream_vocabulary(tokens: Sequence[str], config: TextConfig) -> Vocabulary:
    """Return the vocabulary of a training stream; raises DataError where no word is frequent enough."""
    return build_vocabulary(Counter(tokens), max_words=config.max_words, min_count=config.min_count)


def stream_ids(texts: Iterable[str], encoder: TextEncoder, direction: Direction = "forward") -> Ids:
    """Return the ids of all raw texts in one array (tokens,), uncut, with <eos> after each text.

    `backward` is the same array from its end to its start. Raises DataError where there is no text.
    """
    end = np.array([EOS], dtype=np.int32)
    # Each text is followed by the same array of one <eos>; one copy is made at the end.
    some = [ids for whole in encoder.encode_whole(texts) for ids in (whole, end)]
    if not some:
        raise DataError("no text to model", allowed="one text or more")
    return in_direction(np.concatenate(some), direction)


def in_direction(tokens: NDArray[Any], direction: Direction) -> NDArray[Any]:
    """Return tokens (tokens,), or what belongs to each, in the order in which a model reads them, and back again."""
    # A copy: an array that is read from behind is not one piece, as the engine wants it.
    return np.ascontiguousarray(tokens[::-1]) if direction == "backward" else tokens


def scored_bytes(texts: Iterable[str], config: TextConfig) -> int:
    """Count the bytes in UTF-8 of texts as they are read, one for each line end: what a stream's tokens tell.

    As they are read is in the case and normal form that the tokens have; white space between words counts as one space.
    """
    read = (prepared(text, config) for text in texts)
    plain = read if keeps_spaces(config) else (" ".join(text.split()) for text in read)
    return sum(len(text.encode()) + 1 for text in plain)


def lost_words(texts: Iterable[str], ids: NDArray[Any], config: TextConfig) -> int:
    """Count the tokens of texts that no vocabulary word stands for; `<unk>` in texts tokenised beforehand is a word."""
    unknown = int(np.count_nonzero(ids == UNK))
    if unknown and config.tokens == "space":
        unknown -= sum(text.split().count(SPECIAL_WORDS[UNK]) for text in texts)
    return unknown


def keeps_spaces(config: TextConfig) -> bool:
    """Tell whether white space is among the tokens."""
    return config.tokens == "character"


def detokenise(tokens: Sequence[str], config: TextConfig) -> str:
    """Return one text: characters side by side, words with spaces where their script has them; <eos> is a line end.

    Example: `["it", "is", "n't", "bad", "."]` is `it isn't bad.`.
    """
    shown = ["\n" if token == SPECIAL_WORDS[EOS] else token for token in tokens]
    if config.tokens == "character":
        return "".join(shown)
    if config.tokens == "bpe":
        # Each word brings the space before it, which no line begins with.
        return "".join(shown).replace("\n ", "\n").removeprefix(" ")
    pieces: list[str] = []
    before = "\n"
    for token in shown:
        # No space after a line's beginning or before its end.
        apart = token not in _LEANS_LEFT and before not in _LEANS_RIGHT and "\n" not in (token, before)
        # Characters of Chinese, Japanese or Thai stand side by side, and so do the signs around them.
        apart &= config.tokens != "script" or not (is_unspaced(token) or is_unspaced(before))
        pieces.append(f" {token}" if apart else token)
        before = token
    return "".join(pieces)


def log_shares(ids: NDArray[np.int32], words: int) -> NDArray[np.float32]:
    """The log of each word's share, (words, 1): a net whose bias begins there need not learn it first."""
    # One more of each: a word that training never saw has no logarithm otherwise.
    counts = np.bincount(ids, minlength=words) + 1.0
    logs: NDArray[np.float32] = np.log(counts / counts.sum()).astype(np.float32)
    return logs[:, None]
