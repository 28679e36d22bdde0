"""What each word of a text did to a class, without torch.

Effects are on the log-odds of the class, log p / (1 - p), and add up: from what the model answers before it knows a
word, to its answer. A net that reads forward and answers from its last state tells them by its answer after each word.
Of any other net they are integrated gradients (Sundararajan, Taly & Yan 2017) along the straight way from a text of as
many words without a meaning, vectors of zeros, to this one; n-grams beside the net are linear, and their scores grow
along the same way. (From <unk> on, which a net has learnt as a word like others, the way is rough: many points.)

Not here: what is told of it (explanation.py), the way back through a net (nets/back.py), where words stand
(text/offsets.py), pages (tell.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recurra.batches import Ragged
from recurra.errors import UsageError
from recurra.layers.grams.run import GramsSpec, token_shares
from recurra.layers.layer import Floats, TokenIds, weights_of
from recurra.layers.matrix.run import dense, embedding
from recurra.layers.recurrent.run import recurrent
from recurra.nets.back import run_and_back
from recurra.tasks.heads.classes.explanation import TOLERANCE, Explanation, Method, WordEffect
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.text.encoder import net_ids, truncate
from recurra.text.offsets import Offsets, token_starts, unit_starts, word_spans
from recurra.text.units import units_of
from recurra.text.vocabulary import UNK

POINTS = 12
"""Points on each stretch of the way (Gauss-Legendre); where they miss the change along it, the stretch is halved."""
MOST_POINTS = 400
"""Points in all, at most."""
AT_ONCE = 16_384
"""Tokens that go through the net at a time: more would fill the memory."""


class _Parts(NamedTuple):
    """What tokens did: where each begins in the text, and its effect; both (tokens,)."""

    starts: Offsets
    effects: NDArray[np.float64]


class _Told(NamedTuple):
    """What was worked out of a text: log-odds at both ends, the parts, and how."""

    before: float
    after: float
    parts: list[_Parts]
    method: Method
    points: int
    course: NDArray[np.float64] | None = None
    """The probability after each of the net's tokens, of prefixes."""


def explain(model: RunningClassifier, text: str, label: object = None) -> Explanation:
    """Tell what each word did to a class: the most probable one, or `label`.

    Raises UsageError for a label that the model does not have, and DataError for what is no text.
    """
    answer = model.answers([text])[0]
    chosen = answer.label if label is None else str(label)
    if chosen not in model.labels:
        raise UsageError("label to explain", found=repr(chosen)[:60], allowed=", ".join(model.labels)[:200])
    whole = model.encoder.encode_whole([text])[0]
    # The very tokens that the net keeps of a long text, told by their places.
    config = model.encoder.config
    kept = truncate(np.arange(len(whole), dtype=np.int32), config.max_length, end=config.truncate)
    reading = _Reading(model, text, model.labels.index(chosen), whole, token_starts(text, model.encoder), kept)
    plan = model.plan
    forward = plan.pooling and plan.pooling.parts == ("last",) and not plan.pooling.bidirectional
    # Windows are answered one by one: no state goes on from one to the next.
    alone = not plan.grams and plan.wide is None and (not plan.window or len(reading.ids) <= plan.window)
    told = _prefixes(reading) if forward and alone else _gradients(reading)
    words = _words(reading, told)
    missing = told.after - told.before - sum(word.effect for word in words)
    return Explanation(
        text, chosen, answer.label, answer.probabilities[chosen], told.before, told.after, missing, told.method,
        told.points, words,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Reading:
    """A text as the model reads it, and the class that is asked about."""

    model: RunningClassifier
    text: str
    chosen: int
    whole: TokenIds
    """All ids (tokens,), of which the net reads `kept`."""
    starts: Offsets
    kept: TokenIds

    @property
    def ids(self) -> TokenIds:
        """What the net reads: as in answers, with <empty> for nothing, and pads where it was taught with them."""
        encoder = self.model.encoder
        return net_ids(encoder.encode([self.text]), encoder.config)[0]

    def vectors(self, ids: TokenIds) -> Floats:
        """The vectors of ids: (tokens, size); n-grams alone have none."""
        spec = self.model.plan.embedding
        if spec is None:
            return np.zeros((len(ids), 0))
        return embedding(spec, weights_of(self.model.tensors, "embedding"), ids)

    def log_odds(self, logits: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Log-odds of the class by logits (rows, classes): (rows,), and their slopes (rows, classes)."""
        scaled = logits.astype(np.float64) / self.model.temperature
        others = np.delete(scaled, self.chosen, axis=1)
        highest = others.max(axis=1, keepdims=True)
        raised = np.exp(others - highest)
        sums = raised.sum(axis=1, keepdims=True)
        slopes = np.insert(-raised / sums, self.chosen, 1.0, axis=1) / self.model.temperature
        return scaled[:, self.chosen] - (highest + np.log(sums))[:, 0], slopes


def _words(reading: _Reading, told: _Told) -> tuple[WordEffect, ...]:
    """Gather what tokens did by the words that they stand in."""
    spans = word_spans(reading.text)
    if not spans:
        return ()
    begins = np.array([start for start, _ in spans])

    def of(starts: Offsets) -> NDArray[np.int64]:
        # White space, where it is a token, belongs to the word before it.
        return np.maximum(np.searchsorted(begins, starts, side="right") - 1, 0)

    net, *linear = (np.bincount(of(starts), parts, minlength=len(spans)) for starts, parts in told.parts)
    by_net = of(reading.starts[reading.kept])
    read, known = np.zeros(len(spans), bool), np.zeros(len(spans), bool)
    read[by_net] = True
    known[by_net[reading.whole[reading.kept] != UNK]] = True
    effects = net
    for one in linear:
        effects, known = effects + one, known | (one != 0)
    # Linear judges read all of a text.
    read |= bool(reading.model.plan.grams or reading.model.plan.wide)
    course: dict[int, float] = {} if told.course is None else dict(zip(by_net.tolist(), told.course, strict=True))
    return tuple(
        WordEffect(
            reading.text[start:stop], start, stop, float(effects[place]), bool(known[place]), bool(read[place]),
            float(course[place]) if place in course else None,
        )
        for place, (start, stop) in enumerate(spans)
    )  # fmt: skip


def _prefixes(reading: _Reading) -> _Told:
    """The answer after each token, and before the first: the state of zeros' own."""
    model, ids = reading.model, reading.ids
    vectors = reading.vectors(ids)
    plan: Any = model.plan
    spec = plan.recurrent
    swept, _ = recurrent(spec, weights_of(model.tensors, "recurrent"), Ragged(vectors, np.array([0, len(ids)])))
    states = np.concatenate([np.zeros((1, spec.hidden), vectors.dtype), swept.values])
    course, _ = reading.log_odds(dense(plan.dense, weights_of(model.tensors, "dense"), states))
    # Pads stand in front: what they did comes before the first word. <empty> is no word either.
    own = course[-1 - len(reading.kept) :] if len(reading.kept) else course[-1:]
    parts = [_Parts(reading.starts[reading.kept], np.diff(own))]
    after_each = 1 / (1 + np.exp(-own[1:]))
    return _Told(float(own[0]), float(own[-1]), parts, "prefixes", 0, after_each)


def _gradients(reading: _Reading) -> _Told:
    """Integrated gradients; where a net turns sharply along the way, stretches are halved until they add up."""
    way = _Way(reading)
    ends = way.odds(0.0, 1.0)
    change, points = ends[1.0] - ends[0.0], POINTS
    allowed = TOLERANCE * max(1.0, abs(change))
    stretches = [(way.along(0.0, 1.0), 0.0, 1.0)]
    while points < MOST_POINTS:
        misses = [ends[stop] - ends[start] - _sum(parts) for parts, start, stop in stretches]
        # Misses of both signs could hide each other: each counts.
        if sum(map(abs, misses)) <= allowed:
            break
        worst = int(np.argmax(np.abs(misses)))
        _, start, stop = stretches.pop(worst)
        middle = (start + stop) / 2
        ends |= way.odds(middle)
        stretches += [(way.along(start, middle), start, middle), (way.along(middle, stop), middle, stop)]
        points += 2 * POINTS
    sums = [
        _Parts(each[0].starts, sum((part.effects for part in each), np.zeros(len(each[0].starts))))
        for each in zip(*(parts for parts, _, _ in stretches), strict=True)
    ]
    return _Told(ends[0.0], ends[1.0], sums, "integrated gradients", points)


def _sum(parts: list[_Parts]) -> float:
    return sum(float(part.effects.sum()) for part in parts)


class _Way:
    """The straight way from a text without meaning, at 0, to the text, at 1."""

    def __init__(self, reading: _Reading) -> None:
        """Look up where it begins and ends, and what n-grams add along it."""
        self.reading, self.ids = reading, reading.ids
        self.here = reading.vectors(self.ids)
        # Pads in front, and <empty>, are no words: they stay as they are.
        words = np.arange(len(self.ids)) >= len(self.ids) - len(reading.kept)
        self.moved = np.where(words[:, None], self.here, 0)
        self.linear, self.fixed = _linear(reading)
        self.grown = sum((part.shares.sum(axis=0) for part in self.linear), np.zeros(len(reading.model.labels)))

    def at(self, places: NDArray[np.float64]) -> tuple[Floats, Any]:
        """Logits at places on the way, (places, classes), and the way back to the vectors there."""
        texts = (self.here - (1 - places[:, None, None]) * self.moved).astype(self.here.dtype)
        logits, back = run_and_back(self.reading.model.plan, self.reading.model.tensors, texts)
        return logits + self.fixed + places[:, None] * self.grown, back

    def odds(self, *places: float) -> dict[float, float]:
        """Log-odds at places."""
        odds, _ = self.reading.log_odds(self.at(np.array(places))[0])
        return dict(zip(places, odds.tolist(), strict=True))

    def along(self, start: float, stop: float) -> list[_Parts]:
        """What tokens and units of n-grams do on a stretch of the way."""
        nodes, measures = np.polynomial.legendre.leggauss(POINTS)
        # leggauss' way goes from -1 to 1.
        places, measures = start + (stop - start) * (nodes + 1) / 2, (stop - start) * measures / 2
        slopes, classes = np.zeros(self.here.shape), np.zeros(len(self.fixed))
        for some in np.array_split(np.arange(POINTS), max(1, -(-POINTS * len(self.ids) // AT_ONCE))):
            logits, back = self.at(places[some])
            by_class = measures[some, None] * self.reading.log_odds(logits)[1]
            classes += by_class.sum(axis=0)
            slopes += back(by_class.astype(self.here.dtype)).sum(axis=0)
        effects = (slopes * self.moved).sum(axis=1)[len(self.ids) - len(self.reading.kept) :]
        by_net = _Parts(self.reading.starts[self.reading.kept], effects)
        return [by_net, *(_Parts(part.starts, part.shares @ classes) for part in self.linear)]


class _Linear(NamedTuple):
    """What each unit of n-grams adds to the logits: where it begins (units,), and its shares (units, classes)."""

    starts: Offsets
    shares: Floats


def _linear(reading: _Reading) -> tuple[list[_Linear], Floats]:
    """What n-grams add, and what they add to every text."""
    model, parts = reading.model, list[_Linear]()
    fixed = np.zeros(len(model.labels))
    for number, spec in enumerate(model.plan.grams):
        weights = weights_of(model.tensors, f"grams{number}")
        starts = unit_starts(reading.text, spec.unit)
        shares = token_shares(spec, weights, units_of([reading.text], spec.unit)[0])
        # Spaces beside characters have no place and no share.
        parts.append(_Linear(starts[starts >= 0], shares[starts >= 0]))
        fixed += weights["bias"]
    if model.plan.wide is not None:
        # Of the vocabulary's ids, hashed alike; one column, which argues for the last class.
        weights = weights_of(model.tensors, "wide")
        spec = GramsSpec(longest=model.plan.wide.longest, counted="present", entries=len(weights["place"]), outputs=1)
        column = {**weights, "weight": weights["weight"][:, None]}
        shares = np.zeros((len(reading.whole), len(model.labels)))
        shares[:, -1:] = token_shares(spec, column, reading.whole)
        parts.append(_Linear(reading.starts, shares))
        fixed[-1] += weights["bias"][0]
    return parts, fixed
