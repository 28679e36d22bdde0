"""Scripts that put no spaces between words: their characters, and texts in them cut where a reader could cut them.

Not here: words of other scripts (tokenise.py), and what is told of it (scripts.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

SCRIPTS = {
    "Chinese or Japanese": "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U0001b000-\U0001b16f\U00020000-\U0003fffd",
    "Thai": "\u0e00-\u0e7f",
    "Lao": "\u0e80-\u0eff",
    "Tibetan": "\u0f00-\u0fff",
    "Burmese": "\u1000-\u109f\uaa60-\uaa7f",
    "Khmer": "\u1780-\u17ff",
}
"""The characters of each script, as the inside of a regex class."""


LONGEST = {"Chinese or Japanese": 3.5}
"""Characters of a mean word that was parted by spaces beforehand, at most; of the others, whose vowels and tones are
characters of their own, `LONGEST_OTHER`."""
LONGEST_OTHER = 10.0
MOST_TEXTS = 2_000
"""Texts that are looked at: enough to tell."""
_LETTER = re.compile(r"[^\W\d_]")


def unspaced_in(texts: Sequence[str], *, share: float) -> list[str]:
    """Return the scripts without spaces of which so large a share of all letters is, unless spaces part them here."""
    # From all over the file: its languages may lie one behind the other.
    some = texts[:: max(1, len(texts) // MOST_TEXTS)]
    # A space between texts, so that no run of letters reaches over two of them.
    whole = " ".join(some)
    if whole.isascii():
        return []
    letters = len(_LETTER.findall(whole))
    return [script for script, inside in SCRIPTS.items() if _unspaced(whole, script, inside, share * letters)]


def _unspaced(text: str, script: str, inside: str, least: float) -> bool:
    runs = re.findall(f"[{inside}]+", text)
    # Of texts that were cut beforehand, runs are words, and short; of others they are sentences.
    characters = sum(map(len, runs))
    return characters > max(least, LONGEST.get(script, LONGEST_OTHER) * len(runs))


def is_unspaced(token: str) -> bool:
    """Tell whether a token is a character of such a script."""
    return not token.isascii() and _characters().fullmatch(token) is not None


def words_about(text: str) -> float:
    """Return about how many words a text has: by its spaces, and two characters of an unspaced script for a word."""
    spaced = text.count(" ") + 1
    return spaced if text.isascii() else spaced + len(_characters().findall(text)) / 2


def by_script(piece: str, words: Callable[[str], Iterable[str]]) -> Iterator[str]:
    """Cut a piece without white space: each character of an unspaced script alone, all between by `words`.

    Every character of the piece is in exactly one token; marks, such as Thai vowels above a letter, stay with theirs.
    """
    place = 0
    for match in _characters().finditer(piece):
        if match.start() > place:
            yield from words(piece[place : match.start()])
        yield match.group()
        place = match.end()
    if place < len(piece):
        yield from words(piece[place:])


@cache
def _characters() -> re.Pattern[str]:
    inside = "".join(SCRIPTS.values())
    # Marks that cannot begin a syllable: Thai and Lao vowels and tones above and below, Tibetan subjoined letters,
    # Burmese and Khmer dependent signs, and the kana's voicing marks.
    marks = (
        "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u0f35\u0f37\u0f39\u0f71-\u0f84\u0f86-\u0f87"
        "\u0f8d-\u0fbc\u102b-\u103e\u1056-\u1059\u105e-\u1060\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d\u108f"
        "\u109a-\u109d\u17b4-\u17d3\u17dd\u3099\u309a\uff9e\uff9f"
    )
    return re.compile(f"[{inside}][{marks}]*+")
