"""Scripts that put no spaces between words: their characters, and texts in them cut where a reader could cut them.

Not here: words of other scripts (tokenise.py), and when a file is read so (scripts.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
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
