"""Tokenisers: how a text is cut into words, characters or the tokens that white space already separates.

Not here: ids (vocabulary.py) and truncation (encoder.py). White space and the stripped breaks aside, every character of
the normalised text is in exactly one token. Time is linear in the text's length, whatever the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain

from recurra.config import TextConfig
from recurra.errors import DataError, UsageError
from recurra.text.normalise import is_mark, normalise, parts, regex_class, straighten, strip_breaks


@dataclass(frozen=True)
class Tokeniser:
    """Two cuts: a text into pieces, quickly; a piece into tokens, remembered, since pieces come again and again."""

    tidies: bool
    """Whether HTML line breaks become spaces and apostrophes straight."""
    pieces: Callable[[str], list[str]]
    tokens: Callable[[str], Iterable[str]]


LONG_PIECE = 10_000
"""Characters from which the tokens of a piece come one by one, since a list of millions would fill the memory."""


def word_tokens(piece: str) -> Iterable[str]:
    """Cut a piece without white space into words, numbers and punctuation as GloVe and the Penn Treebank do.

    `don't` is `do n't`, `it's` is `it 's`, `can't` is `ca n't`; likewise 'll 've 're 'd 'm. A number keeps its points
    and commas (`1,000.5`); `...` and `--` stay whole; every other sign stands alone.
    """
    pattern = _ASCII_WORD if piece.isascii() else _any_word()
    if len(piece) < LONG_PIECE:
        return pattern.findall(piece)
    return (match.group() for match in pattern.finditer(piece))


def _one_token(piece: str) -> list[str]:
    return [piece]


TOKENISERS: dict[str, Tokeniser] = {
    "word": Tokeniser(True, str.split, word_tokens),
    "character": Tokeniser(False, list, _one_token),
    "space": Tokeniser(False, str.split, _one_token),
}
"""`space` is for texts tokenised beforehand, such as WikiText."""


def tokeniser(config: TextConfig) -> Tokeniser:
    """Return the tokeniser that `config.tokens` names; raise UsageError for an unknown name."""
    if config.tokens not in TOKENISERS:
        raise UsageError("unknown tokeniser", found=repr(config.tokens), allowed=", ".join(TOKENISERS))
    return TOKENISERS[config.tokens]


def prepared(text: str, config: TextConfig) -> str:
    """Return the normalised text that is cut into tokens; raises what `normalise` raises."""
    text = normalise(text, lowercase=config.lowercase)
    return strip_breaks(straighten(text)) if tokeniser(config).tidies else text


def tokenise(text: str, config: TextConfig) -> list[str]:
    """Return the tokens of one text; raises DataError as `normalise` does.

    Example: `tokenise("It isn't bad.", TextConfig())` is `["it", "is", "n't", "bad", "."]`.
    """
    chosen = tokeniser(config)
    return list(chain.from_iterable(map(chosen.tokens, chosen.pieces(prepared(text, config)))))


def count_tokens(texts: Iterable[str], config: TextConfig) -> Counter[str]:
    """Count the tokens of all texts; each distinct piece is cut only once.

    Raises DataError that names the text by its position, counted from 1.
    """
    chosen, pieces = tokeniser(config), Counter[str]()
    for position, text in enumerate(several(texts), 1):
        for part in parts(prepared_at(position, text, config)):
            pieces.update(chosen.pieces(part))
    counts = Counter[str]()
    for piece, count in pieces.items():
        for token in chosen.tokens(piece):
            counts[token] += count
    return counts


def several(texts: Iterable[str]) -> Iterable[str]:
    """Refuse a single text where a list of texts is wanted (its characters would pass for texts)."""
    if isinstance(texts, str | bytes):
        raise UsageError("texts must be a list", found="a single text", advice="write [text]")
    return texts


def prepared_at(position: int, text: str, config: TextConfig) -> str:
    """Do what `prepared` does, and name the text's position (from 1) in the error."""
    try:
        return prepared(text, config)
    except DataError as problem:
        raise DataError(f"text {position}: {problem}") from None


def _word_pattern(letter: str) -> re.Pattern[str]:
    """Compile the word pattern; `letter` matches one letter, digit or mark. Nothing in it can backtrack far."""
    alternatives = (
        rf"{letter}+?(?=[nN]'[tT]\b)",
        r"[nN]'[tT]\b",
        r"\d++(?:[.,]\d++)+",
        rf"{letter}++",
        r"'(?:[lL]{2}|[vV][eE]|[rR][eE]|[sSdDmM])\b",
        r"\.{3}",
        "--",
        ".",
    )
    return re.compile("|".join(alternatives), re.DOTALL)


_ASCII_WORD = _word_pattern("[A-Za-z0-9]")


@cache
def _any_word() -> re.Pattern[str]:
    """The same pattern over all scripts: a mark belongs to the letters around it (Thai, Devanagari and others)."""
    return _word_pattern(f"[{regex_class(_is_letter)}]")


def _is_letter(character: str) -> bool:
    return character.isalnum() or is_mark(character)
