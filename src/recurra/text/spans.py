"""Tags of tokens as spans: which scheme they are written in, the spans they stand for, which tag may follow which.

A tag is `O`, or a letter and a type (`B-PER`). In BIO (IOB2) every span begins with B; in IOB1 only one that touches a
span of its type before it; in IOBES a span ends with E, and S is a span of one token (BILOU writes L and U).

Not here: reading tags from files (datasets/conll.py), figures of spans (tasks/heads/tags/measure.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Scheme = Literal["plain", "BIO", "IOB1", "IOBES", "BILOU"]
"""plain: tags that stand for themselves, such as parts of speech."""
OUTSIDE = "O"
_LAST = {"IOBES": ("E", "S"), "BILOU": ("L", "U")}
"""The letters of a span's end, and of a span of one token."""


class Span(NamedTuple):
    """A run of tokens, from `start` on and before `stop`, that is one thing."""

    type: str
    start: int
    stop: int


def parted(tag: str) -> tuple[str, str]:
    """Return a tag's letter and type; a letter alone has an empty type."""
    letter, _, kind = tag.partition("-")
    return letter, kind


def scheme_of(sentences: Iterable[Sequence[str]]) -> Scheme:
    """Tell the scheme from the tags of all sentences: that of spans where every tag is one of its letters."""
    kept = [*sentences]
    tags = {tag for sentence in kept for tag in sentence}
    # `I-` alone is a part of speech's name as little as `B`; a tag with a letter before a hyphen names a type.
    letters = {tag if tag == OUTSIDE else tag[:1] if tag[1:2] in ("", "-") else "?" for tag in tags}
    typed = any("-" in tag for tag in tags) or letters == {"B", "I", OUTSIDE}
    if not typed or letters == {OUTSIDE}:
        return "plain"
    for scheme, last in _LAST.items():
        if letters <= {"B", "I", OUTSIDE, *last} and letters & {*last}:
            return scheme  # type: ignore[return-value]
    if not letters <= {"B", "I", OUTSIDE}:
        return "plain"
    return "IOB1" if all(map(_is_iob1, kept)) and "I" in letters else "BIO"


def _is_iob1(tags: Sequence[str]) -> bool:
    # There B parts two spans of one type that touch, and stands nowhere else.
    before = ("O", "")
    for tag in tags:
        letter, kind = parted(tag)
        if letter == "B" and (before[0] == OUTSIDE or before[1] != kind):
            return False
        before = (letter, kind)
    return True


def spans(tags: Sequence[str]) -> list[Span]:
    """Return the spans of a sentence in any scheme, as conlleval reads them.

    A span that its scheme would have begun or ended otherwise still counts: `I-PER` behind `O` begins one (Tjong Kim
    Sang & Buchholz 2000), and one of another type ends the span before it.
    """
    made: list[Span] = []
    kind, start = "", -1
    for place, tag in enumerate([*tags, OUTSIDE]):
        letter, now = parted(tag)
        goes_on = start >= 0 and letter in "IEL" and now == kind
        if start >= 0 and not goes_on:
            made.append(Span(kind, start, place))
            start = -1
        if letter != OUTSIDE and start < 0:
            kind, start = now, place
        # E and S, L and U close their span: what follows is another one, whatever its letter.
        if letter in ("E", "S", "L", "U") and start >= 0:
            made.append(Span(kind, start, place + 1))
            start = -1
    return made


def written(tags: Sequence[str], scheme: Scheme) -> list[str]:
    """Write a sentence's spans in another scheme, IOB1 as BIO; tags that stand for themselves stay as they are."""
    if scheme == "plain":
        return [*tags]
    ends, alone = _LAST.get(scheme, ("I", "B"))
    made = [OUTSIDE] * len(tags)
    for span in spans(tags):
        size = span.stop - span.start
        letters = [alone] if size == 1 else ["B", *["I"] * (size - 2), ends]
        made[span.start : span.stop] = [f"{letter}-{span.type}" if span.type else letter for letter in letters]
    return made


def legal(tags: Sequence[str], scheme: Scheme) -> NDArray[np.bool_]:
    """Which tag may follow which, (tags + 1, tags + 1): the last row is a sentence's begin, the last column its end."""
    count = len(tags)
    may = np.ones((count + 1, count + 1), np.bool_)
    if scheme == "plain":
        return may
    ends, alone = _LAST.get(scheme, ("", ""))
    pairs = [*map(parted, tags), (OUTSIDE, "")]
    for before, (letter, kind) in enumerate(pairs):
        # A span that is open must go on in a scheme that writes its end.
        open_ = before < count and letter in ("B", "I")
        for after, (next_letter, next_kind) in enumerate(pairs):
            within = after < count and next_letter in ("I", ends) and bool(next_letter)
            goes_on = open_ and next_kind == kind
            may[before, after] = goes_on if within else not (open_ and alone)
    return may


def best_path(scores: NDArray[np.floating], may: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The legal tags of highest summed score (tokens,), of log-probabilities (tokens, tags) (Viterbi 1967)."""
    tokens, count = scores.shape
    if may.all():
        return np.asarray(scores.argmax(axis=1), np.int64)
    # Not infinity: where no path is legal, the least illegal one is still an answer.
    cost = np.where(may, 0.0, -1e6)
    best, back = scores[0] + cost[count, :count], np.zeros((tokens, count), np.int64)
    for token in range(1, tokens):
        reached = best[:, None] + cost[:count, :count]
        back[token] = reached.argmax(axis=0)
        best = reached[back[token], np.arange(count)] + scores[token]
    path = np.empty(tokens, np.int64)
    path[-1] = int((best + cost[:count, count]).argmax())
    for token in range(tokens - 1, 0, -1):
        path[token - 1] = back[token, path[token]]
    return path
