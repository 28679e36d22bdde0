"""What each word of a text did to a column of a net's answer, or to what follows from all of them, without torch.

Effects add up: from what the model answers before it knows a word, to its answer. A net that reads forward and answers
from its last state tells them by its answer after each word. Of any other net they are integrated gradients
(Sundararajan, Taly & Yan 2017) along the straight way from a text of as many words without a meaning, vectors of
zeros, to this one; n-grams beside the net are linear, and their scores grow along the same way. (From <unk> on, which a
net has learnt as a word like others, the way is rough: many points.)

Not here: what may be asked (heads/KIND/explain.py), words and what is told of them (explain.py, explanation.py), the
way back through a net (nets/back.py), where tokens stand (text/offsets.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recurra.batches import Ragged
from recurra.layers.grams.run import GramsSpec, token_shares
from recurra.layers.layer import Floats, TokenIds, weights_of
from recurra.layers.matrix.run import dense, embedding
from recurra.layers.recurrent.run import recurrent
from recurra.nets.back import run_and_back
from recurra.nets.run import ClassifierNet
from recurra.tasks.heads.explanation import TOLERANCE, Method, Question
from recurra.text.encoder import net_ids
from recurra.text.offsets import Offsets, unit_starts
from recurra.text.units import units_of

POINTS = 12
"""Points on each stretch of the way (Gauss-Legendre); where they miss the change along it, the stretch is halved."""
MOST_POINTS = 400
"""Points in all, at most."""
AT_ONCE = 16_384
"""Tokens that go through the net at a time: more would fill the memory."""


class Parts(NamedTuple):
    """What tokens did: where each begins in the text, and its effect; both (tokens,)."""

    starts: Offsets
    effects: NDArray[np.float64]


class Told(NamedTuple):
    """What was worked out of a text: its value at both ends, the parts, and how."""

    before: float
    after: float
    parts: list[Parts]
    method: Method
    points: int
    course: NDArray[np.float64] | None = None
    """The value after each of the net's tokens, of prefixes."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A text as the model reads it, and what is asked about it."""

    model: Any
    """Its plan, tensors and encoder are read: of any task whose net pools."""
    text: str
    question: Question
    whole: TokenIds
    """All ids (tokens,), of which the net reads `kept`."""
    starts: Offsets
    kept: TokenIds

    @property
    def ids(self) -> TokenIds:
        """What the net reads: as in answers, with <empty> for nothing, and pads where it was taught with them."""
        encoder = self.model.encoder
        return net_ids(encoder.encode([self.text]), encoder.config)[0]

    @property
    def beside(self) -> bool:
        """Whether linear judges read the text too, all of it."""
        plan = self.model.plan
        return bool(plan.grams) or (isinstance(plan, ClassifierNet) and plan.wide is not None)

    def vectors(self, ids: TokenIds) -> Floats:
        """The vectors of ids: (tokens, size); n-grams alone have none."""
        spec = self.model.plan.embedding
        if spec is None:
            return np.zeros((len(ids), 0))
        return embedding(spec, weights_of(self.model.tensors, "embedding"), ids)


def effects_of(reading: Reading) -> Told:
    """Work out what the tokens did, in the way that the net's layers ask for."""
    plan = reading.model.plan
    forward = plan.pooling and plan.pooling.parts == ("last",) and not plan.pooling.bidirectional
    # Windows are answered one by one: no state goes on from one to the next.
    alone = not reading.beside and (not plan.window or len(reading.ids) <= plan.window)
    return _prefixes(reading) if forward and alone else _gradients(reading)


def _prefixes(reading: Reading) -> Told:
    """The answer after each token, and before the first: the state of zeros' own."""
    model, ids = reading.model, reading.ids
    vectors = reading.vectors(ids)
    plan: Any = model.plan
    spec = plan.recurrent
    swept, _ = recurrent(spec, weights_of(model.tensors, "recurrent"), Ragged(vectors, np.array([0, len(ids)])))
    states = np.concatenate([np.zeros((1, spec.hidden), vectors.dtype), swept.values])
    course, _ = reading.question.measured(dense(plan.dense, weights_of(model.tensors, "dense"), states))
    # Pads stand in front: what they did comes before the first word. <empty> is no word either.
    own = course[-1 - len(reading.kept) :] if len(reading.kept) else course[-1:]
    parts = [Parts(reading.starts[reading.kept], np.diff(own))]
    return Told(float(own[0]), float(own[-1]), parts, "prefixes", 0, own[1:])


def _gradients(reading: Reading) -> Told:
    """Integrated gradients; where a net turns sharply along the way, stretches are halved until they add up."""
    way = _Way(reading)
    ends = way.values(0.0, 1.0)
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
        ends |= way.values(middle)
        stretches += [(way.along(start, middle), start, middle), (way.along(middle, stop), middle, stop)]
        points += 2 * POINTS
    sums = [
        Parts(each[0].starts, sum((part.effects for part in each), np.zeros(len(each[0].starts))))
        for each in zip(*(parts for parts, _, _ in stretches), strict=True)
    ]
    return Told(ends[0.0], ends[1.0], sums, "integrated gradients", points)


def _sum(parts: list[Parts]) -> float:
    return sum(float(part.effects.sum()) for part in parts)


class _Way:
    """The straight way from a text without meaning, at 0, to the text, at 1."""

    def __init__(self, reading: Reading) -> None:
        """Look up where it begins and ends, and what n-grams add along it."""
        self.reading, self.ids = reading, reading.ids
        self.here = reading.vectors(self.ids)
        # Pads in front, and <empty>, are no words: they stay as they are.
        words = np.arange(len(self.ids)) >= len(self.ids) - len(reading.kept)
        self.moved = np.where(words[:, None], self.here, 0)
        self.linear, self.fixed = _linear(reading)
        self.grown = sum((part.shares.sum(axis=0) for part in self.linear), np.zeros(reading.model.plan.outputs))

    def at(self, places: NDArray[np.float64]) -> tuple[Floats, Any]:
        """Columns at places on the way, (places, columns), and the way back to the vectors there."""
        texts = (self.here - (1 - places[:, None, None]) * self.moved).astype(self.here.dtype)
        logits, back = run_and_back(self.reading.model.plan, self.reading.model.tensors, texts)
        return logits + self.fixed + places[:, None] * self.grown, back

    def values(self, *places: float) -> dict[float, float]:
        """What is asked, at places."""
        values, _ = self.reading.question.measured(self.at(np.array(places))[0])
        return dict(zip(places, values.tolist(), strict=True))

    def along(self, start: float, stop: float) -> list[Parts]:
        """What tokens and units of n-grams do on a stretch of the way."""
        nodes, measures = np.polynomial.legendre.leggauss(POINTS)
        # leggauss' way goes from -1 to 1.
        places, measures = start + (stop - start) * (nodes + 1) / 2, (stop - start) * measures / 2
        slopes, columns = np.zeros(self.here.shape), np.zeros(len(self.fixed))
        for some in np.array_split(np.arange(POINTS), max(1, -(-POINTS * len(self.ids) // AT_ONCE))):
            answers, back = self.at(places[some])
            by_column = measures[some, None] * self.reading.question.measured(answers)[1]
            columns += by_column.sum(axis=0)
            slopes += back(by_column.astype(self.here.dtype)).sum(axis=0)
        effects = (slopes * self.moved).sum(axis=1)[len(self.ids) - len(self.reading.kept) :]
        by_net = Parts(self.reading.starts[self.reading.kept], effects)
        return [by_net, *(Parts(part.starts, part.shares @ columns) for part in self.linear)]


class _Linear(NamedTuple):
    """What each unit of n-grams adds to the columns: where it begins (units,), and its shares (units, columns)."""

    starts: Offsets
    shares: Floats


def _linear(reading: Reading) -> tuple[list[_Linear], Floats]:
    """What n-grams add, and what they add to every text."""
    model, parts = reading.model, list[_Linear]()
    fixed = np.zeros(model.plan.outputs)
    for number, spec in enumerate(model.plan.grams):
        weights = weights_of(model.tensors, f"grams{number}")
        starts = unit_starts(reading.text, spec.unit)
        shares = token_shares(spec, weights, units_of([reading.text], spec.unit)[0])
        # Spaces beside characters have no place and no share.
        parts.append(_Linear(starts[starts >= 0], shares[starts >= 0]))
        fixed += weights["bias"]
    if isinstance(model.plan, ClassifierNet) and model.plan.wide is not None:
        # Of the vocabulary's ids, hashed alike; one column, which argues for the last class.
        weights = weights_of(model.tensors, "wide")
        spec = GramsSpec(longest=model.plan.wide.longest, counted="present", entries=len(weights["place"]), outputs=1)
        column = {**weights, "weight": weights["weight"][:, None]}
        shares = np.zeros((len(reading.whole), model.plan.outputs))
        shares[:, -1:] = token_shares(spec, column, reading.whole)
        parts.append(_Linear(reading.starts, shares))
        fixed[-1] += weights["bias"][0]
    return parts, fixed
