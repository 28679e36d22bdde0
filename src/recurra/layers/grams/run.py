"""Linear scores of n-grams of words or characters, as a record and in NumPy: ragged tokens -> (sequences, outputs).

N-grams are hashed into 2^24 places, of which only the `entries` that were learnt are kept: any word can be one, whether
or not a net's vocabulary holds it. 2^24, because a place is then exact in float32, the one type of all weights.

Not here: where the weights come from (learn.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from recurra.batches import Ragged
from recurra.layers.layer import Floats, LayerSpec, Shapes, TokenIds, Weights

PLACES = 2**24
"""Where n-grams are hashed to."""
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 / golden ratio (Knuth, TAOCP 3, 6.4): multiplicative hashing spreads neighbouring numbers."""
SPACE = 32
"""The code point of a space."""
Unit = Literal["word", "character"]


class GramsSpec(LayerSpec):
    """Linear scores of a sequence's n-grams, each counted as `counted` says, and divided by their length if `normed`.

    With s the count of an n-gram (present: 1; damped: 1 + ln n): Σ s · weight / √(Σ s² · square) + bias.
    """

    kind: Literal["grams"] = "grams"
    unit: Unit = "word"
    shortest: int = Field(default=1, ge=1, le=8)
    longest: int = Field(default=2, ge=1, le=8)
    counted: Literal["present", "damped"] = "damped"
    normed: bool = True
    entries: int = Field(ge=1, le=PLACES)
    outputs: int = Field(ge=1, le=4096)

    def weights(self) -> Shapes:
        """Return names and shapes of the weights."""
        square = {"square": (self.entries,)} if self.normed else {}
        return {"place": (self.entries,), "weight": (self.entries, self.outputs), **square, "bias": (self.outputs,)}


class Counted(NamedTuple):
    """The distinct n-grams of each sequence, sorted: whose, which place, how often; all (n-grams,)."""

    owners: NDArray[np.int64]
    places: NDArray[np.int64]
    counts: NDArray[np.int64]


class _Found(NamedTuple):
    """N-grams of one length: where each begins, and its place; both (n-grams,)."""

    length: int
    starts: NDArray[np.int64]
    places: NDArray[np.uint64]


def grams(spec: GramsSpec, weights: Weights, tokens: Ragged[TokenIds]) -> Floats:
    """Score each sequence; one without a known n-gram gets the bias."""
    return scored(spec, weights, counted(tokens, spec.unit, spec.shortest, spec.longest), tokens.sequences)


def scored(spec: GramsSpec, weights: Weights, read: Counted, sequences: int) -> Floats:
    """Score so many sequences by their n-grams: (sequences, outputs)."""
    owners, places, counts = read
    found, hit = _known(weights, places)
    rows, chosen, sizes = owners[hit], found[hit], damped(counts[hit], spec)
    scores = np.zeros((sequences, spec.outputs))
    if len(rows):
        # Rows are sorted: each text's n-grams lie together, and are summed in one go.
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        scores[rows[starts]] = np.add.reduceat(weights["weight"][chosen] * sizes[:, None], starts, axis=0)
    if spec.normed:
        squares = np.bincount(rows, weights=sizes**2 * weights["square"][chosen], minlength=sequences)
        scores /= np.sqrt(np.maximum(squares, 1e-12))[:, None]
    return np.asarray((scores + weights["bias"]).astype(weights["weight"].dtype))


def known_share(spec: GramsSpec, weights: Weights, tokens: Ragged[TokenIds]) -> NDArray[np.float64]:
    """Return which share of each sequence's shortest n-grams has a weight: (sequences,); 1 where there is none."""
    owners, places, counts = counted(tokens, spec.unit, spec.shortest, spec.shortest)
    _, hit = _known(weights, places)
    every, known = (np.bincount(owners, weights=each, minlength=tokens.sequences) for each in (counts, counts * hit))
    return np.where(every > 0, known / np.maximum(every, 1), 1.0)


def _known(weights: Weights, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return which weight each place has, and whether it has one."""
    known = weights["place"].astype(np.int64)
    # Places were saved in ascending order; one that is larger than all would point behind the end.
    found = np.minimum(np.searchsorted(known, places), len(known) - 1)
    return found, known[found] == places


def damped(counts: NDArray[np.int64], spec: GramsSpec) -> NDArray[np.float64]:
    """What an n-gram counts for that is met so often in one text."""
    return np.ones(len(counts)) if spec.counted == "present" else 1.0 + np.log(counts)


def counted(tokens: Ragged[TokenIds], unit: Unit, shortest: int, longest: int) -> Counted:
    """Count the n-grams of each sequence.

    Words' tokens are hashes of words. Characters' are code points: an n-gram lies in one word, with the space (32)
    before and behind it, as scikit-learn's `char_wb` has it, and punctuation belongs to the word that it touches.
    """
    owner, keys = tokens.owners().astype(np.uint64), [np.zeros(0, np.uint64)]
    for _, starts, hashed in _every(tokens, unit, shortest, longest):
        keys.append(owner[starts] * np.uint64(PLACES) + hashed)
    # Text and place in one number, so that one sort brings together what is alike.
    ordered = np.sort(np.concatenate(keys))
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)])
    distinct, counts = ordered[first], np.diff(first, append=len(ordered))
    return Counted((distinct // PLACES).astype(np.int64), (distinct % PLACES).astype(np.int64), counts)


def _every(tokens: Ragged[TokenIds], unit: Unit, shortest: int, longest: int) -> Iterator[_Found]:
    """Yield the n-grams of each length: where each begins, and its place as a hash."""
    owner = tokens.owners()
    # From 1 on: a key of 0 times anything would forget the token.
    units = tokens.values.astype(np.uint64) + np.uint64(1)
    # Spaces before each place: a space inside an n-gram, neither first nor last, joins two words.
    spaces = np.concatenate([[0], np.cumsum(tokens.values == SPACE)]) if unit == "character" else None
    gram = np.zeros(len(units), np.uint64)
    # Products modulo 2^64 are what is wanted.
    with np.errstate(over="ignore"):
        for length in range(min(longest, len(units))):
            # Each round makes all n-grams one token longer, for every place in all texts at once.
            last = len(units) - length
            gram = (gram[:last] * MULTIPLIER) ^ units[length:]
            if length + 1 < shortest:
                continue
            # An n-gram must not begin in one text and end in the next.
            inside = owner[:last] == owner[length:]
            if spaces is not None and length >= 2:
                inside &= spaces[1 : last + 1] == spaces[length : length + last]
            # The highest bits of a product are its best mixed ones.
            yield _Found(length + 1, np.flatnonzero(inside), (gram[inside] * MULTIPLIER) >> np.uint64(40))


def token_shares(spec: GramsSpec, weights: Weights, tokens: TokenIds) -> Floats:
    """Return what each token of one sequence adds to the scores: (tokens, outputs); they sum to the scores less bias.

    An n-gram's weight is shared evenly by the places where it stands, and there by its tokens (not by spaces beside
    characters). The length that scores are divided by is held: it belongs to all of them.
    """
    shares = np.zeros((len(tokens), spec.outputs))
    every = list(_every(Ragged(tokens, np.array([0, len(tokens)])), spec.unit, spec.shortest, spec.longest))
    places, which, counts = np.unique(
        np.concatenate([one.places for one in every] or [np.zeros(0, np.uint64)]),
        return_inverse=True, return_counts=True,
    )  # fmt: skip
    at, hit = _known(weights, places.astype(np.int64))
    sizes = np.where(hit, damped(counts, spec), 0.0)
    length = np.sqrt(max(float((sizes**2 * weights["square"][at]).sum()), 1e-12)) if spec.normed else 1.0
    each = weights["weight"][at] * (sizes / counts / length)[:, None]
    counting = tokens != SPACE if spec.unit == "character" else np.ones(len(tokens), bool)
    done = 0
    for size, starts, found in every:
        values, done = each[which[done : done + len(found)]], done + len(found)
        sharing = sum((counting[starts + step] for step in range(size)), np.zeros(len(starts), np.int64))
        for step in range(size):
            part = counting[starts + step] / np.maximum(sharing, 1)
            np.add.at(shares, starts + step, values * part[:, None])
    return shares
