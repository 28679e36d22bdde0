"""Scripts that put no spaces between words, and texts in them that are cut at spaces all the same.

Not here: cutting (tokenise.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import islice

from recurra.config import TextConfig
from recurra.errors import DataError, either
from recurra.text.encoder import TextEncoder
from recurra.text.unspaced import SCRIPTS

LONGEST = {"Chinese or Japanese": 3.5}
"""Characters of a mean word that was parted by spaces beforehand, at most; of the others, whose vowels and tones are
characters of their own, `LONGEST_OTHER`."""
LONGEST_OTHER = 10.0

MOST_TEXTS = 2_000
"""Texts that are looked at: enough to tell."""
SHARE = 0.1
"""Of all letters, those of such a script from which it is told."""

_LETTER = re.compile(r"[^\W\d_]")


def learnt_words(
    fit: Callable[[Sequence[str], TextConfig], TextEncoder], texts: Sequence[str], config: TextConfig
) -> tuple[TextEncoder, list[str]]:
    """Fit an encoder; return it with `unspaced_warnings`. Where there are some and it fails, they are the reason."""
    # Asked before the fit: where no word is frequent enough, this is why.
    told = unspaced_warnings(texts, config)
    try:
        return fit(texts, config), told
    except DataError:
        if told:
            raise DataError(told[0]) from None
        raise


def unspaced_warnings(texts: Sequence[str], config: TextConfig) -> list[str]:
    """Warn where words are to be parted by spaces in a script that has none: most would be whole sentences."""
    if config.tokens == "character":
        return []
    # A space between texts, so that no run of letters reaches over two of them.
    whole = " ".join(islice(texts, MOST_TEXTS))
    letters = len(_LETTER.findall(whole))
    return [_warning(script) for script, inside in SCRIPTS.items() if _unspaced(whole, script, inside, letters)]


def _unspaced(text: str, script: str, inside: str, letters: int) -> bool:
    runs = re.findall(f"[{inside}]+", text)
    # Of texts that were cut beforehand, runs are words, and short; of others they are sentences.
    characters = sum(map(len, runs))
    longest = LONGEST.get(script, LONGEST_OTHER)
    return characters > SHARE * letters and characters > longest * len(runs)


def _warning(script: str) -> str:
    setting = either("--set tokens=character", "tokens=character in the settings")
    return (
        f"{script} puts no spaces between words: most words are whole sentences, which no other text holds; {setting}"
    )
