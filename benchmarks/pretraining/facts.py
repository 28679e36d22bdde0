"""Questions of WordNet's facts, with the kind of their answer: glosses, lives and places of things by name, letters.

Not here: questions of sentences and of people (statements.py), WordNet's files (wordnet.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from pretraining.wordnet import Sense, senses

Asked = tuple[str, str]
"""A question, and the kind of its answer."""
ANSWERS = {
    "animal": "animal", "plant": "plant", "food": "food", "body": "body", "substance": "substance", "person": "person",
    "group": "group", "location": "place", "object": "place", "event": "event", "state": "disease",
    "communication": "work", "artifact": "thing", "act": "method", "time": "date", "quantity": "measure",
}  # fmt: skip
"""What a noun's kind in WordNet answers."""
MEANINGS = "What is {name}? > definition|What is the meaning of {name}? > definition|Define {name} > definition" + (
    "|What does {name} mean? > definition"
)
LIVES = (
    "Who was {name}? > definition|When was {name} born? > date|Where was {name} born? > place"
    "|How old was {name} when he died? > duration|What was {name} famous for? > description"
    "|What nationality was {name}? > job|In what year did {name} die? > date|How did {name} die? > manner"
)
PLACES = (
    "Where is {name}? > place|How many people live in {name}? > count|What is the capital of {name}? > city"
    "|What is {name} known for? > description|How big is {name}? > size|When was {name} founded? > date"
    "|What language do they speak in {name}? > language|What is the population of {name}? > count"
)
PARTS = (
    "|What part of {whole} is {name} in? > place|Is {name} in {whole}? > whether"
    "|What city in {whole} is called {name}? > city|How far is {name} from {whole}? > size"
)
THINGS = (
    "What is {name}? > definition|When is the {name}? > date|What happened at {name}? > description"
    "|Who founded {name}? > person|Where is {name}? > place"
)
HEAD = re.compile(
    r"(?:an?|the|any|any of several|any of various) ((?:\w+ )?\w+) (that|which|who|used|of|for|with|in|made) (.+)"
)
"""A gloss whose noun is followed by what is told of it: `a tool that cuts`."""
NAMED_HEAD = re.compile(r"(?:an?|the) ((?:\w+ )?\w+) (in|of|on|that|which|near|between|at|by) (.+)")


def choose(forms: str, place: int, **blanks: str) -> Asked:
    """Fill the blanks of one of the forms, each written `question > kind`."""
    text, _, kind = forms.split("|")[place].partition(" > ")
    return text.format(**blanks), kind


def one_of(generator: np.random.Generator, forms: str, **blanks: str) -> Asked:
    """Draw a form, and fill its blanks."""
    return choose(forms, int(generator.integers(0, forms.count("|") + 1)), **blanks)


def of_facts(generator: np.random.Generator) -> Iterator[Asked]:
    """Ask for what WordNet tells of its nouns."""
    nouns = senses("noun")
    names = {noun.offset: noun for noun in nouns}
    for place in generator.permutation(len(nouns)):
        noun = nouns[place]
        told = re.sub(r"\s*\([^)]*\)", "", noun.gloss.split(";")[0]).strip()
        yield from _letters(noun)
        if noun.instance and noun.kind == "person":
            yield (f"Who was {'' if told.startswith(('the ', 'a ', 'an ')) else 'the '}{told}?", "person")
            yield one_of(generator, LIVES, name=noun.words[-1])
        elif noun.instance:
            whole = next((names[offset].words[0] for offset in noun.wholes if offset in names), "")
            yield from _named(noun, told, whole, generator)
        elif 3 <= len(told.split()) <= 14:
            yield from _meaning(noun, told, int(generator.integers(0, 6)))


def _letters(noun: Sense) -> Iterator[Asked]:
    """Ask what letters stand for, where a set of synonyms holds them and the words."""
    short = [word for word in noun.words if re.fullmatch(r"[A-Z][A-Z.]{1,5}", word)]
    long = [word for word in noun.words if " " in word]
    for letters in short[: 1 if long else 0]:
        yield f"What does {letters} stand for?", "expansion"
        yield f"What is the full name of {letters}?", "expansion"
        yield f"What is the abbreviation {'for' if len(letters) % 2 else 'of'} {long[0]}?", "abbreviation"


def _meaning(noun: Sense, told: str, which: int) -> Iterator[Asked]:
    head = HEAD.match(told)
    if head and which < 4:
        subject, link, rest = head.groups()
        # `a tool that cuts` asks `What tool cuts?`; `a tool for cutting` asks `What tool is for cutting?`.
        verb = {"that": "", "which": "", "who": "", "with": "has "}.get(link, f"is {link} ")
        asked = ("What", "Which", "what", "What kind of")[which]
        yield f"{asked} {subject} {verb}{rest}?", ANSWERS.get(noun.kind, "term")
    elif which == 4:
        person = noun.kind == "person"
        yield f"What do you call {told}?" if person else f"What is {told} called?", "term"
    elif which == 5:
        yield choose(MEANINGS, len(told) % 4, name=noun.words[0])


def _named(noun: Sense, told: str, whole: str, generator: np.random.Generator) -> Iterator[Asked]:
    kind, name = ANSWERS.get(noun.kind, "thing"), noun.words[0]
    head = NAMED_HEAD.match(told)
    if head and len(told.split()) < 16:
        subject, link, rest = head.groups()
        middle = "" if link in ("that", "which") else f"is {link} "
        city = "city" in subject or "capital" in subject
        yield f"{'Which' if len(rest) % 3 == 0 else 'What'} {subject} {middle}{rest}?", "city" if city else kind
    forms = (PLACES + (PARTS if whole else "")) if kind == "place" else THINGS
    yield one_of(generator, forms, name=name, whole=whole)
