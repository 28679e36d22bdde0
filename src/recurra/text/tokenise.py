"""Tokenisers: a text is normalised, and cut into words, characters or the tokens that white space already separates.

Not here: ids (encoder.py). White space and the stripped breaks aside, every character of the normalised text is in
exactly one token; every step is the same in training and in serving. No step looks across white space, so that a long
text may be cut there before or after it. Time is linear in the text's length, whatever the text.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise

from recurra.config import TextConfig
from recurra.errors import DataError, UsageError
from recurra.text.unspaced import by_script

MAX_CHARACTERS = 64 * 1024 * 1024
"""A longer text is refused, before and after normalising (composing can lengthen a text threefold)."""

MAX_MARKS = 30
"""Combining marks kept in a row: sorting them, which normalising must do, takes quadratic time."""

PART_CHARACTERS = 1 << 20
"""A long text is worked through in parts of about this many characters, so that memory stays small."""

# Possessive quantifiers (`*+`) never give back what they took: no text can make the search quadratic.
BREAK = r"<[bB][rR]\s*+/?>"
"""A line break of HTML."""
_BREAK = re.compile(BREAK)
# Python lets them into a str (surrogateescape, JSON's \ud800); UTF-8 has no bytes for them.
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACE = re.compile(r"\s")
_PIECE = re.compile(r"\S+")
_BEYOND_LATIN = re.compile("[^\x00-\u02af]")  # before it there are no marks, and all is in normal form
# From word processors, Unicode's letter apostrophe, wide forms, an acute accent, and the byte 0x92 misread.
_APOSTROPHES = ("\u2019", "\u02bc", "\uff07", "\u00b4", "\x92")


@dataclass(frozen=True)
class Tokeniser:
    """Two cuts: a text into pieces, quickly; a piece into tokens, remembered, since pieces come again and again."""

    tidies: bool
    """Whether HTML line breaks become spaces and apostrophes straight."""
    pieces: Callable[[str], list[str]]
    tokens: Callable[[str], Iterable[str]]


LONGEST_PART = 100
"""Characters of a word in which byte pairs are joined; a longer one is cut, so that the time stays linear."""
LONG_PIECE = 10_000
"""Characters from which the tokens of a piece come one by one, since a list of millions would fill the memory."""


def word_tokens(piece: str) -> Iterable[str]:
    """Cut a piece without white space into words, numbers and punctuation as GloVe and the Penn Treebank do.

    `don't` is `do n't`, `it's` is `it 's`, `can't` is `ca n't`; likewise 'll 've 're 'd 'm. A number keeps its points
    and commas (`1,000.5`); `...` and `--` stay whole; every other sign stands alone.
    """
    # The pattern for all scripts takes a quarter of a second to build and runs slower; most pieces are ASCII.
    pattern = _ASCII_WORD if piece.isascii() else _any_word()
    if len(piece) < LONG_PIECE:
        return pattern.findall(piece)
    return (match.group() for match in pattern.finditer(piece))


def script_tokens(piece: str) -> Iterable[str]:
    """Cut as `word_tokens`, and each character of a script without spaces (Chinese, Japanese, Thai, …) by itself."""
    return word_tokens(piece) if piece.isascii() else by_script(piece, word_tokens)


def spaced_parts(piece: str) -> list[str]:
    """Return a word with the space before it, in parts of at most `LONGEST_PART` characters."""
    spaced = f" {piece}"
    return [spaced[start : start + LONGEST_PART] for start in range(0, len(spaced), LONGEST_PART)]


def _one_token(piece: str) -> list[str]:
    return [piece]


TOKENISERS: dict[str, Tokeniser] = {
    # Fields: whether it tidies, how it cuts into pieces, how a piece becomes tokens.
    "word": Tokeniser(True, str.split, word_tokens),
    "script": Tokeniser(True, str.split, script_tokens),
    # Where no texts were asked, such as in a test of one text: both are the same but for scripts without spaces.
    "auto": Tokeniser(True, str.split, script_tokens),
    "character": Tokeniser(False, list, _one_token),
    "space": Tokeniser(False, str.split, _one_token),
    # What the encoder joins pieces in; the pieces depend on its vocabulary.
    "bpe": Tokeniser(False, str.split, spaced_parts),
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


def placed_tokens(text: str, config: TextConfig) -> list[tuple[str, int, int]]:
    """Return the tokens of a text as they are written there, each with the characters where it begins and ends.

    No case, accent or form is changed: what is to be learnt of tokens is normalised later. White space is no token.
    """
    chosen = tokeniser(config)
    # As many spaces as a break has letters: every place stays what it is.
    plain = _BREAK.sub(lambda found: " " * len(found[0]), straighten(text)) if chosen.tidies else text
    placed = []
    for piece in _PIECE.finditer(plain):
        at = piece.start()
        for token in [*piece[0]] if chosen.pieces is list else chosen.tokens(piece[0]):
            placed.append((text[at : at + len(token)], at, at + len(token)))
            at += len(token)
    return placed


def count_tokens(texts: Iterable[str], config: TextConfig) -> Counter[str]:
    """Count the tokens of all texts; each distinct piece is cut only once.

    Raises DataError that names the text by its position, counted from 1.
    """
    chosen, pieces = tokeniser(config), Counter[str]()
    for position, text in enumerate(several(texts), 1):
        for part in text_parts(prepared_at(position, text, config)):
            pieces.update(chosen.pieces(part))
    # Two passes: a distinct piece is cut once, however often it came.
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
        # Order matters: the first alternative that fits wins. `ca|n't`: the letters before n't, as few as possible.
        rf"{letter}+?(?=[nN]'[tT]\b)",
        r"[nN]'[tT]\b",
        # A number with its points and commas, before plain letters would stop at the first of them.
        r"\d++(?:[.,]\d++)+",
        rf"{letter}++",
        # The clitics 'll 've 're 's 'd 'm, each a token of its own.
        r"'(?:[lL]{2}|[vV][eE]|[rR][eE]|[sSdDmM])\b",
        r"\.{3}",
        "--",
        # Whatever is left stands alone; DOTALL lets it be a line feed too.
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


def normalise(text: str, *, lowercase: bool) -> str:
    """Return `text` in composed normal form (NFC) and, on demand, lower case.

    Lower case is plain `str.lower`: `İ` becomes `i` and a dot above, `ß` stays, a capital sigma at a word's end becomes
    the final sigma. Beyond 30 combining marks in a row, marks are dropped.

    Raises DataError for something that is no text, for half a surrogate pair, and above 64 Mi characters.
    """
    # Before anything is asked of it: bytes and None have other methods.
    _refuse_foreign(text)
    if _BEYOND_LATIN.search(text):
        _refuse_surrogates(text)
        # Marks are thinned out first: NFC sorts them, which takes quadratic time in their number.
        text = unicodedata.normalize("NFC", _too_many_marks().sub(r"\1", text))
    if lowercase:
        # After NFC; some lower forms are longer (İ), so the length is checked once more below.
        text = text.lower()
    _refuse_foreign(text)
    return text


def straighten(text: str) -> str:
    """Put the straight apostrophe for ’ ʼ ＇ ´ and for windows-1252's ’ read as Latin-1, one character for one."""
    if text.isascii():
        return text
    for apostrophe in _APOSTROPHES:
        text = text.replace(apostrophe, "'")
    return text


def strip_breaks(text: str) -> str:
    """Put a space for each HTML line break (`<br>`, `<br/>`, `<br />`, in any case)."""
    return _BREAK.sub(" ", text) if "<" in text else text


def text_parts(text: str) -> Iterator[str]:
    """Yield `text` in pieces of about a million characters, cut at white space only (the space opens the next part)."""
    start = 0
    # White space at or after each million; a text without any is one part.
    while len(text) - start > PART_CHARACTERS:
        space = _SPACE.search(text, start + PART_CHARACTERS)
        if space is None:
            break
        yield text[start : space.start()]
        start = space.start()
    yield text[start:] if start else text


def is_mark(character: str) -> bool:
    """Say whether this is a combining mark (categories Mn, Mc, Me)."""
    return unicodedata.category(character).startswith("M")


def regex_class(belongs: Callable[[str], bool]) -> str:
    """Return the inside of a regex class of all characters that belong, in this Python's Unicode version.

    Callers work it out once, when the first text beyond ASCII comes, because importing must cost nothing.
    """
    # Runs of neighbouring characters become ranges: 135,000 letters and marks are 800 ranges.
    places = [place for place in _assigned_places() if belongs(chr(place))]
    starts = [place for before, place in pairwise([-1, *places]) if place != before + 1]
    ends = [place for place, after in pairwise([*places, sys.maxunicode + 2]) if after != place + 1]
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in zip(starts, ends, strict=True))


def _assigned_places() -> Iterator[int]:
    """Code points that may be letters or marks: two planes, the ideographs' two planes, variation selectors."""
    return chain(range(0x40000), range(0xE0100, 0xE01F0))


@cache
def _too_many_marks() -> re.Pattern[str]:
    marks = regex_class(is_mark)
    return re.compile(f"([{marks}]{{{MAX_MARKS}}})[{marks}]++")


def _refuse_foreign(text: str) -> None:
    if not isinstance(text, str):
        raise DataError("this is no text", found=type(text).__name__, allowed="a text (str)")
    if len(text) > MAX_CHARACTERS:
        raise DataError(
            "text too long", found=f"{len(text)} characters", allowed=f"at most {MAX_CHARACTERS}", advice="split it"
        )


def _refuse_surrogates(text: str) -> None:
    if half := _SURROGATE.search(text):
        raise DataError(
            "half a surrogate pair, which no encoding can write",
            found=f"U+{ord(half.group()):04X} at character {half.start() + 1}",
            advice="read the file again with its right encoding",
        )
