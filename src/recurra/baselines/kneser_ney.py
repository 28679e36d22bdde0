"""The interpolated modified Kneser-Ney n-gram model of token ids (Chen & Goodman 1998, section 3): the classic rival.

Not here: words and files; the vocabulary is closed and tokens are ids 0 … words - 1 in one stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recurra.errors import DataError, UsageError
from recurra.metrics import perplexity

_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Order:
    """All n-grams of one length, sorted by context and then by word, and what their contexts know together.

    contexts (contexts,): the words before, read as one number in base `words`. starts (contexts + 1,): where each
    context's n-grams begin. following (ngrams,): the last words. shares (ngrams,): (count - discount) / the context's
    total. left (contexts,): the weight of the next shorter order. discounts: of counts 1, 2 and above.
    """

    contexts: _Ints
    starts: _Ints
    following: _Ints
    shares: _Floats
    left: _Floats
    discounts: tuple[float, float, float]


@dataclass(frozen=True)
class KneserNey:
    """A fitted model: `orders` from single words up to the longest n-grams, over a closed vocabulary of `words` ids.

    p_n(w | context) = max(c(context w) - D(c), 0) / c(context ·) + left(context) · p_{n-1}(w | shorter context), down
    to the uniform 1 / words. The longest order counts occurrences, the others distinct words in front.
    """

    words: int
    orders: tuple[Order, ...]

    def log_probabilities(self, ids: ArrayLike, *, context: Sequence[int] = ()) -> _Floats:
        """Natural logarithm of each token's probability given all before it: (tokens,) -> (tokens,).

        `context` is what came before the first token; without it the first tokens are judged by shorter n-grams.
        Raises DataError for ids outside the vocabulary.
        """
        # The context stands in front, so that the first tokens are judged by whole n-grams, too.
        stream = _checked(np.concatenate([np.asarray(context, dtype=np.int64), np.asarray(ids)]), self.words)
        # Below single words lies the uniform chance: no token is ever impossible.
        chances = np.full(len(stream), 1 / self.words)
        for length, order in enumerate(self.orders):
            if length >= len(stream):
                break
            # The first `length` tokens have no such context, and keep the chance of the shorter order.
            contexts = _keys(stream, length, words=self.words)[: len(stream) - length]
            chances[length:] = _interpolated(order, contexts, stream[length:], chances[length:], words=self.words)
        return np.asarray(np.log(chances[len(context) :]))

    def perplexity(self, ids: ArrayLike, *, context: Sequence[int] = ()) -> float:
        """exp of the mean negative log-probability of every token of the stream (tokens,)."""
        logs = self.log_probabilities(ids, context=context)
        return perplexity(-float(logs.sum()), len(logs))

    def next_probabilities(self, context: Sequence[int] = ()) -> _Floats:
        """The whole distribution of the next token after `context` (only its last words count): (words,), sum 1."""
        tail = _checked(np.asarray(context, dtype=np.int64), self.words)
        chances = np.full(self.words, 1 / self.words)
        for length, order in enumerate(self.orders):
            if length > len(tail):
                break
            key = _keys(tail[len(tail) - length :], length, words=self.words)[0]
            place = int(np.searchsorted(order.contexts, key))
            if place < len(order.contexts) and order.contexts[place] == key:
                # A context that was never seen leaves everything to the shorter order: its weight is 1.
                chances *= order.left[place]
                seen = slice(order.starts[place], order.starts[place + 1])
                chances[order.following[seen]] += order.shares[seen]
        return chances


def fit_kneser_ney(ids: ArrayLike, *, words: int, order: int = 3) -> KneserNey:
    """Count the n-grams of a stream (tokens,) up to `order` words long and discount them.

    Raises DataError for ids outside 0 … words - 1 or fewer tokens than `order`, and UsageError where n-grams do not
    fit 63 bits (words ** order).
    """
    if not 1 <= order <= 8 or words < 1 or words**order >= 2**63:
        raise UsageError(
            "n-grams too long for the vocabulary", found=f"order {order}, {words} words", allowed="words**order < 2**63"
        )
    stream = _checked(np.asarray(ids), words)
    if len(stream) < order:
        raise DataError("too few tokens", found=str(len(stream)), allowed=f"{order} or more")
    keys, counts = np.unique(_keys(stream, order, words=words), return_counts=True)
    # The longest n-grams count how often they stand there.
    orders = [_order(keys, counts, words=words)]
    for length in range(order - 1, 0, -1):
        # a shorter n-gram counts once for every distinct word seen in front of it
        keys, counts = np.unique(keys % words**length, return_counts=True)
        orders.insert(0, _order(keys, counts, words=words))
    return KneserNey(words, tuple(orders))


def discounts_of(counts: ArrayLike) -> tuple[float, float, float]:
    """The three discounts from how many n-grams have counts 1 to 4 (Chen & Goodman 1998, equation 26).

    Y = n1 / (n1 + 2 n2); D_k = k - (k + 1) Y n_{k+1} / n_k. Where a count of counts is missing (little data) D_k is
    k Y, and every D_k is kept in [k / 10, k], so that each context leaves something to unseen words.
    """
    # All counts above 4 fall together: only n1 to n4 are read.
    n = np.bincount(np.minimum(np.asarray(counts, dtype=np.int64), 5), minlength=6)
    share = n[1] / (n[1] + 2 * n[2]) if n[1] else 0.5
    found = [k - (k + 1) * share * n[k + 1] / n[k] if n[k] and n[k + 1] else k * share for k in (1, 2, 3)]
    first, second, more = (float(min(max(value, k / 10), k)) for k, value in enumerate(found, start=1))
    return first, second, more


def _order(keys: _Ints, counts: _Ints, *, words: int) -> Order:
    """Discount sorted n-gram keys and their counts, and sum up each context."""
    discounts = discounts_of(counts)
    # Three discounts: of n-grams seen once, twice, and three times or more.
    taken = np.array([0.0, *discounts])[np.minimum(counts, 3)]
    # Keys are sorted, so the n-grams of a context stand together; the last word is the rest of the division.
    contexts, starts = np.unique(keys // words, return_index=True)
    totals = np.add.reduceat(counts, starts)
    bounds = np.append(starts, len(keys)).astype(np.int64)
    shares = (counts - taken) / np.repeat(totals, np.diff(bounds))
    return Order(contexts, bounds, keys % words, shares, np.add.reduceat(taken, starts) / totals, discounts)


def _interpolated(order: Order, contexts: _Ints, following: _Ints, shorter: _Floats, *, words: int) -> _Floats:
    """One order's probabilities of `following` after `contexts`, given the shorter order's: all (tokens,)."""
    # A search beyond the end is held inside, and found out by the comparison below.
    places = np.minimum(np.searchsorted(order.contexts, contexts), len(order.contexts) - 1)
    known = order.contexts[places] == contexts
    # The whole n-grams again as sorted numbers: a binary search finds any of them.
    keys = np.repeat(order.contexts, np.diff(order.starts)) * words + order.following
    wanted = contexts * words + following
    seen = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    shares = np.where(keys[seen] == wanted, order.shares[seen], 0.0)
    return np.asarray(shares + np.where(known, order.left[places], 1.0) * shorter)


def _keys(stream: _Ints, length: int, *, words: int) -> _Ints:
    """Read every `length` neighbouring ids as one number in base `words`: (tokens,) -> (tokens - length + 1,)."""
    keys = np.zeros(len(stream) - length + 1, dtype=np.int64)
    for offset in range(length):
        keys = keys * words + stream[offset : offset + len(keys)]
    return keys


def _checked(ids: NDArray[np.generic], words: int) -> _Ints:
    stream = np.asarray(ids).astype(np.int64)
    if stream.ndim != 1:
        raise DataError("not a stream of ids", found=f"shape {stream.shape}", allowed="one dimension")
    if len(stream) and (stream.min() < 0 or stream.max() >= words):
        raise DataError(
            "id outside the vocabulary", found=f"{stream.min()} to {stream.max()}", allowed=f"0 to {words - 1}"
        )
    return stream
