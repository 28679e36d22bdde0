"""Synthetic film reviews, made by a grammar, in which the order of the words decides the verdict.

Not here: real reviews, and the words themselves (synthetic.toml). Made up to show what an order-blind model cannot
learn: most reviews hold a good and a bad remark, and negation, contrast and concession say which of them rules.
"""

from __future__ import annotations

import tomllib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np

from recurra.errors import UsageError

ReviewPart = Literal["train", "validation", "test"]
Item = TypeVar("Item")


class Frame(NamedTuple):
    """A plan with the remarks {a} and {b}; `decides` is the one that gives the verdict."""

    plan: str
    decides: str


@dataclass(frozen=True)
class Grammar:
    """All that may be drawn, each part independently of the others, so that only the order tells the verdict.

    Every group of words around an adjective is as likely in the deciding remark as in the other.
    """

    shapes: tuple[tuple[tuple[str, bool], ...], ...]
    """Groups of remarks, each with whether it means what its adjective says or the opposite."""
    opposed: tuple[Frame, ...]
    """Two remarks that disagree."""
    agreed: tuple[Frame, ...]
    """One remark, or two that say the same."""
    prefixes: tuple[str, ...]
    subjects: tuple[str, ...]
    asides: tuple[str, ...]
    tails: tuple[str, ...]
    people: tuple[str, ...]
    claims: tuple[str, ...]
    openers: tuple[str, ...]
    closers: tuple[str, ...]

    @classmethod
    def of(cls, record: dict[str, Any]) -> Grammar:
        """Take a grammar out of the file of words."""
        frames = {name: tuple(Frame(*frame) for frame in record[name]) for name in ("opposed", "agreed")}
        return cls(**{name: _fixed(part) for name, part in record.items()} | frames)


def _fixed(part: Any) -> Any:
    """Make lists tuples: nothing that was read may change what is drawn."""
    return tuple(map(_fixed, part)) if isinstance(part, list) else part


_WORDS = tomllib.loads(files(__package__).joinpath("synthetic.toml").read_text("utf-8"))
POSITIVE, NEGATIVE = _fixed(_WORDS["positive"]), _fixed(_WORDS["negative"])
# The test part has a grammar of its own, so that plans learnt by heart are worth nothing there.
TRAINING, TESTING = Grammar.of(_WORDS["training"]), Grammar.of(_WORDS["testing"])

LABELS = ("negative", "positive")
SPLITS: tuple[ReviewPart, ...] = ("train", "validation", "test")
# Words of a review.
SHORTEST, LONGEST = 8, 40
OPPOSED_SHARE = 0.55
"""Reviews with two remarks that disagree; in the others one remark, or two that agree."""
NEGATED_SHARE = 0.3
"""Remarks that say it through the opposite adjective and a negation."""
FILLER_SHARE = 0.75
"""Chance of each aside and tail: the words that part an adjective from what governs it."""
SENTENCE_AROUND = 0.25
"""Chance of a neutral sentence before, and of one after."""


def synthetic_reviews(split: ReviewPart, *, count: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Make `count` different reviews with labels "negative" and "positive", half of each (one more negative if odd).

    The same arguments give the same texts. Train and validation share a grammar but never a text, whatever the seeds;
    test has sentence plans, nouns and fillers of its own. Raises UsageError for an unknown split or a negative number.
    """
    if split not in SPLITS:
        raise UsageError("unknown split", found=repr(split), allowed=", ".join(SPLITS))
    if not 0 <= count <= 1_000_000:
        raise UsageError("cannot make so many reviews", found=str(count), allowed="0 to 1000000")
    if seed < 0:
        raise UsageError("cannot start from this seed", found=str(seed), allowed="0 or more")
    # The split is part of the seed, so that equal seeds give other texts in each part.
    generator = np.random.default_rng([seed, SPLITS.index(split)])
    labels = [LABELS[number % 2] for number in generator.permutation(count)]
    # A dict keeps the order, and tells at once whether a text is there already.
    texts: dict[str, None] = {}
    for label in labels:
        text = _review(split, label == "positive", generator)
        while text in texts:
            text = _review(split, label == "positive", generator)
        texts[text] = None
    return list(texts), labels


def _review(split: ReviewPart, good: bool, generator: np.random.Generator) -> str:
    """Draw until a review has the wanted length and belongs to the split."""
    grammar = TESTING if split == "test" else TRAINING
    while True:
        text = _draw(grammar, good, generator)
        if SHORTEST <= len(text.split()) <= LONGEST and _belongs(text, split):
            return text


def _belongs(text: str, split: ReviewPart) -> bool:
    """ReviewPart training from validation by the text itself: a fifth of all texts is kept for validation."""
    return split == "test" or (zlib.crc32(text.encode()) % 5 == 0) == (split == "validation")


def _draw(grammar: Grammar, good: bool, generator: np.random.Generator) -> str:
    opposed = generator.random() < OPPOSED_SHARE
    frame = _pick(grammar.opposed if opposed else grammar.agreed, generator)
    # The remark that decides has the label's verdict; the other one contradicts it where the frame is opposed.
    verdicts = {name: good if name == frame.decides or not opposed else not good for name in ("a", "b")}
    remarks = {name: _remark(grammar, verdict, generator) for name, verdict in verdicts.items()}
    parts = [frame.plan.format(**remarks)]
    if generator.random() < SENTENCE_AROUND:
        parts.insert(0, _phrase(grammar.openers, generator))
    if generator.random() < SENTENCE_AROUND:
        parts.append(_phrase(grammar.closers, generator))
    return " ".join(_capitalised(part) for part in parts)


def _remark(grammar: Grammar, good: bool, generator: np.random.Generator) -> str:
    """One clause that says something good or bad, plainly or through negation."""
    straight = generator.random() >= NEGATED_SHARE
    shape = _pick(grammar.shapes, generator)
    # A plan that means what its adjective says, or one with a negation.
    plan = _pick([plan for plan, meant in shape if meant == straight], generator)
    return _pick(grammar.prefixes, generator) + plan.format(
        subject=_phrase(grammar.subjects, generator),
        aside=_perhaps(grammar.asides, generator),
        # A good remark said through a negation needs a bad adjective.
        adjective=_pick(POSITIVE if good == straight else NEGATIVE, generator),
        tail=_perhaps(grammar.tails, generator),
        people=_phrase(grammar.people, generator),
        claims=_pick(grammar.claims, generator),
    )


def _perhaps(phrases: Sequence[str], generator: np.random.Generator) -> str:
    return _phrase(phrases, generator) if generator.random() < FILLER_SHARE else ""


def _phrase(phrases: Sequence[str], generator: np.random.Generator) -> str:
    """One phrase with its place, minutes or year filled in."""
    place = "".join(_pick(parts, generator) for parts in _WORDS["place"].values())
    minutes, year = generator.integers(75, 180), generator.integers(1920, 2020)
    return _pick(phrases, generator).format(place=place, minutes=minutes, year=year)


def _pick(items: Sequence[Item], generator: np.random.Generator) -> Item:
    return items[int(generator.integers(len(items)))]


def _capitalised(text: str) -> str:
    """Capital letters at the start and after each full stop inside."""
    return ". ".join(part[:1].upper() + part[1:] for part in text.split(". "))
