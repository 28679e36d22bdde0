"""What is done to a whole text before it is cut into tokens: caps, normal form, apostrophes, capitals, line breaks.

Not here: cutting. Every step looks at neighbours within a word at most, never across white space, so that a long text
may be cut at white space before or after it; and every step is the same in training and in serving.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain, pairwise

from recurra.errors import DataError

MAX_CHARACTERS = 64 * 1024 * 1024
"""A longer text is refused, before and after normalising (composing can lengthen a text threefold)."""

MAX_MARKS = 30
"""Combining marks kept in a row: sorting them, which normalising must do, takes quadratic time."""

PART_CHARACTERS = 1 << 20
"""A long text is worked through in parts of about this many characters, so that memory stays small."""

_BREAK = re.compile(r"<[bB][rR]\s*+/?>")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACE = re.compile(r"\s")
_BEYOND_LATIN = re.compile("[^\x00-\u02af]")  # before it there are no marks, and all is in normal form
_APOSTROPHES = ("\u2019", "\u02bc", "\uff07", "\u00b4", "\x92")


def normalise(text: str, *, lowercase: bool) -> str:
    """Return `text` in composed normal form (NFC) and, on demand, lower case.

    Lower case is plain `str.lower`: `İ` becomes `i` and a dot above, `ß` stays, a capital sigma at a word's end becomes
    the final sigma. Beyond 30 combining marks in a row, marks are dropped.

    Raises DataError for something that is no text, for half a surrogate pair, and above 64 Mi characters.
    """
    _refuse_foreign(text)
    if _BEYOND_LATIN.search(text):
        _refuse_surrogates(text)
        text = unicodedata.normalize("NFC", _too_many_marks().sub(r"\1", text))
    if lowercase:
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


def parts(text: str) -> Iterator[str]:
    """Yield `text` in pieces of about a million characters, cut at white space only (the space opens the next part)."""
    start = 0
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
