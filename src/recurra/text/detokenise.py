"""Tokens back to readable text, for what a language model writes.

Not here: an exact inverse, which words cannot have, since their spacing is lost; characters do have it.
"""

from __future__ import annotations

from collections.abc import Sequence

from recurra.config import TextConfig
from recurra.text.vocabulary import EOS, SPECIAL_WORDS

_LEANS_LEFT = frozenset(
    {".", ",", "!", "?", ";", ":", ")", "]", "}", "%", "...", "n't", "'s", "'ll", "'re", "'ve", "'d", "'m"}
)
_LEANS_RIGHT = frozenset({"(", "[", "{", "$", "#"})


def detokenise(tokens: Sequence[str], config: TextConfig) -> str:
    """Return one text: characters side by side, words with spaces where English has them; <eos> is a line end.

    Example: `["it", "is", "n't", "bad", "."]` is `it isn't bad.`.
    """
    shown = ["\n" if token == SPECIAL_WORDS[EOS] else token for token in tokens]
    if config.tokens == "character":
        return "".join(shown)
    pieces: list[str] = []
    before = "\n"
    for token in shown:
        apart = token not in _LEANS_LEFT and before not in _LEANS_RIGHT and "\n" not in (token, before)
        pieces.append(f" {token}" if apart else token)
        before = token
    return "".join(pieces)
