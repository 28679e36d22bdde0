"""Byte pair encoding: pieces of words, learnt by joining the most frequent neighbours, and applied by their order.

A piece is a text whose letters were joined step by step; its rank is its id, so a vocabulary is all that is kept
(Sennrich et al. 2016). The space before a word belongs to its first piece, so pieces side by side are the text again.

Not here: other tokens (tokenise.py), and files (encoder.py).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import pairwise

from recurra.errors import DataError
from recurra.text.vocabulary import MAX_WORD_LENGTH, SPECIAL_WORDS, UNK, Vocabulary

Pair = tuple[str, str]
_SPECIAL = len(SPECIAL_WORDS)


def joined(part: str, ranks: Mapping[str, int]) -> tuple[int, ...]:
    """Return the ids of a part's pieces: of all neighbours, those whose piece has the lowest rank are joined first.

    A letter that no piece is made of is <unk>.
    """
    never = len(ranks)
    pieces = [*part]
    while len(pieces) > 1:
        # A text may hold the very letters "<eos>": special words are not made of letters.
        found = [ranks.get(left + right, never) for left, right in pairwise(pieces)]
        found = [never if rank < _SPECIAL else rank for rank in found]
        best = min(found)
        if best == never:
            break
        # The leftmost of equals, as in learning.
        place = found.index(best)
        pieces[place : place + 2] = [pieces[place] + pieces[place + 1]]
    return tuple(ranks.get(piece, UNK) for piece in pieces)


def learn_pieces(counts: Mapping[str, int], *, most: int, min_count: int) -> Vocabulary:
    """Return at most `most` pieces of parts, of which `counts` tells how often each comes: letters, then joined ones.

    Neighbours seen less than `min_count` times, or once, are not joined. Raises DataError where no letter is left.
    """
    letters: Counter[str] = Counter()
    for part, count in counts.items():
        for letter in part:
            letters[letter] += count
    kept = sorted((letter for letter, count in letters.items() if count >= min_count), key=lambda one: -letters[one])
    if not kept:
        raise DataError(
            f"no letter is seen {min_count} times", found=f"{len(letters)} letters", advice="give more text"
        )
    pieces = dict.fromkeys(kept[:most])
    neighbours = _Neighbours(counts, pieces)
    for pair in neighbours.most_frequent(max(2, min_count)):
        if len(pieces) >= most:
            break
        piece = "".join(pair)
        # The same piece may come of another pair; then it has its rank already.
        if len(piece) <= MAX_WORD_LENGTH and piece not in SPECIAL_WORDS:
            pieces.setdefault(piece)
            neighbours.join(pair)
    return Vocabulary(SPECIAL_WORDS + tuple(pieces))


class _Neighbours:
    """How often each pair of neighbouring pieces comes, and in which parts, while pieces are joined."""

    def __init__(self, counts: Mapping[str, int], letters: Mapping[str, None]) -> None:
        """Begin with letters; those that no piece is made of have no neighbours."""
        self.letters, self.times = letters, list(counts.values())
        self.parts = [[*part] for part in counts]
        self.counts: Counter[Pair] = Counter()
        self.places: dict[Pair, set[int]] = defaultdict(set)
        for place in range(len(self.parts)):
            self._count(place, 1)
        self.heap = [(-count, pair) for pair, count in self.counts.items()]
        heapify(self.heap)

    def most_frequent(self, least: int) -> Iterator[Pair]:
        """Yield pairs by falling count as it is when each is asked for; of equals, the first by alphabet."""
        while self.heap:
            count, pair = heappop(self.heap)
            # Counts fall while others are joined; an entry of an older count is set right where it comes up.
            if -count != self.counts[pair]:
                self._push(pair)
            elif -count >= least:
                yield pair

    def join(self, pair: Pair) -> None:
        """Join all places of a pair, from the left."""
        grown: set[Pair] = set()
        for place in self.places.pop(pair):
            self._count(place, -1)
            self.parts[place] = _with_joined(self.parts[place], pair)
            self._count(place, 1)
            # Only neighbours of the new piece come more often than before; counts of all others fall.
            grown.update(other for other in pairwise(self.parts[place]) if "".join(pair) in other)
        for other in grown:
            self._push(other)

    def _push(self, pair: Pair) -> None:
        if self.counts[pair] > 0:
            heappush(self.heap, (-self.counts[pair], pair))

    def _count(self, place: int, sign: int) -> None:
        for left, right in pairwise(self.parts[place]):
            # A letter that was too rare stands alone for ever.
            if (len(left) > 1 or left in self.letters) and (len(right) > 1 or right in self.letters):
                self.counts[left, right] += sign * self.times[place]
                self.places[left, right].add(place)


def _with_joined(pieces: list[str], pair: Pair) -> list[str]:
    after: list[str] = []
    for piece in pieces:
        # What was joined just now is longer than the left one, so it is not joined again: `aaa` becomes `aa a`.
        if after and (after[-1], piece) == pair:
            after[-1] += piece
        else:
            after.append(piece)
    return after
