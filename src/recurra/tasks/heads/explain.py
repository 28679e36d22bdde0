"""Explaining an answer: what is asked of the model's head, worked out, and gathered by the words of the text.

Not here: what each head may be asked (heads/KIND/explain.py), how effects are worked out (effects.py), what is told of
them (explanation.py), pages (explained.py).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.errors import ArtefactError, UsageError
from recurra.tasks.heads.effects import Reading, Told, effects_of
from recurra.tasks.heads.explanation import Explanation, Question, WordEffect
from recurra.tasks.heads.targets.run import sigmoid
from recurra.tasks.names import HELD
from recurra.text.encoder import truncate
from recurra.text.offsets import Offsets, token_starts, word_spans
from recurra.text.vocabulary import UNK

Questions = Callable[[Any, str, str | None], list[Question]]


def explain(model: Any, text: str, label: object = None) -> Explanation:
    """Tell what each word did to what is asked: the answer, or `label`; of several labels the most probable.

    Raises UsageError for a label that the model does not have, and where several numbers are answered and none is
    named; DataError for what is no text, ArtefactError for a model that gives a text no answer as a whole.
    """
    questions = questions_about(model, text, label)
    if len(questions) > 1 and questions[0].asked == "number":
        names = ", ".join(question.label for question in questions)
        raise UsageError("which number to explain", found="several", allowed=names[:200])
    return _explained(model, text, questions[0])


def explanations(model: Any, text: str, label: object = None) -> list[Explanation]:
    """Tell the same of every label that is said, and of every number; raises as `explain`."""
    return [_explained(model, text, question) for question in questions_about(model, text, label)]


def questions_about(model: Any, text: str, label: object = None) -> list[Question]:
    """Return what `label` asks about a text, or without one the answer: of some models several things."""
    return questions_of(model.task)(model, text, None if label is None else str(label))


def questions_of(task: str) -> Questions:
    """Return what a head may be asked; raises ArtefactError for one whose answers are not explained."""
    home = f"recurra.tasks.heads.{HELD[task].head}.explain"
    if find_spec(home) is None:
        able = [one.noun for one in HELD.values() if find_spec(f"recurra.tasks.heads.{one.head}.explain")]
        wrong = f"this is {HELD[task].noun}, which gives a text no answer as a whole that words could add up to"
        raise ArtefactError(wrong, allowed=", ".join(able), advice=f"use `{HELD[task].verb}` with it")
    questions: Questions = import_module(home).questions
    return questions


def _explained(model: Any, text: str, question: Question) -> Explanation:
    whole = model.encoder.encode_whole([text])[0]
    # The very tokens that the net keeps of a long text, told by their places.
    config = model.encoder.config
    kept = truncate(np.arange(len(whole), dtype=np.int32), config.max_length, end=config.truncate)
    reading = Reading(model, text, question, whole, token_starts(text, model.encoder), kept)
    told = effects_of(reading)
    words = _words(reading, told)
    before, after = (question.origin + question.unit * value for value in (told.before, told.after))
    missing = after - before - sum(word.effect for word in words)
    return Explanation(
        text, question.label, question.predicted, question.probability, before, after, missing, told.method,
        told.points, words, question.asked, question.unit,
    )  # fmt: skip


def _words(reading: Reading, told: Told) -> tuple[WordEffect, ...]:
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
    effects = reading.question.unit * net
    for one in linear:
        effects, known = effects + reading.question.unit * one, known | (one != 0)
    # Linear judges read all of a text.
    read |= reading.beside
    course: dict[int, float] = {} if told.course is None else dict(zip(by_net.tolist(), told.course, strict=True))
    return tuple(
        WordEffect(
            reading.text[start:stop], start, stop, float(effects[place]), bool(known[place]), bool(read[place]),
            *(_after(reading.question, course[place]) if place in course else ()),
        )
        for place, (start, stop) in enumerate(spans)
    )  # fmt: skip


def _after(question: Question, value: float) -> tuple[float | None, float | None]:
    """The probability, or the number, after a word."""
    if question.asked == "number":
        return None, question.origin + question.unit * value
    return float(sigmoid(np.array(value))), None
