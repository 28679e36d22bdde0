"""What a token is where nobody chose it: words, or characters of a script that puts no spaces between words.

Not here: the scripts (unspaced.py), and cutting (tokenise.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from recurra.config import Settings, TextConfig
from recurra.errors import DataError, either
from recurra.text.encoder import TextEncoder
from recurra.text.unspaced import unspaced_in

SHARE = 0.1
"""Of all letters, those of a script without spaces from which words, where they were chosen, are doubtful."""
LEAST = 0.01
"""From so many on they are read by character where nobody chose: letters of other scripts are read as ever."""


def settled(settings: Settings, texts: Sequence[str]) -> tuple[Settings, list[str]]:
    """Return settings that say what a token is, by the texts where nobody said it, and a note of what is remarkable."""
    if settings.text.tokens != "auto":
        return settings, []
    scripts = unspaced_in(texts, share=LEAST)
    note = f"{', '.join(scripts)}: no spaces part words, so each character is a token (tokens=script)"
    return settings.changed({"tokens": "script" if scripts else "word"}), [note] if scripts else []


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
    by_spaces = config.tokens in ("word", "space")
    return [_warning(script) for script in unspaced_in(texts, share=SHARE)] if by_spaces else []


def _warning(script: str) -> str:
    setting = either("--set tokens=script", "tokens=script in the settings")
    return (
        f"{script} puts no spaces between words: most words are whole sentences, which no other text holds; {setting}"
    )
