"""Questions that sentences answer, with the kind of their answer; and questions that people asked.

A sentence becomes a question by patterns of words: no parser is at hand, and a question that came out wrong now and
then is one more loose sentence. The kind of what people asked is not known ("").

Not here: questions of WordNet's facts (facts.py), how many of each are taken (corpus.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from pretraining.facts import Asked, one_of
from pretraining.wordnet import FOLDER, senses

NOT_ASKED = re.compile(
    r"(It|This|That|There|These|Those|He|She|They|We|I|You|In|On|At|As|By|For|With|After|Before|When|While|If|From|During"
    r"|His|Her|Their|Its|Although|Despite|Since|To|One|Some|Many|Most|Both|Two|However|Also|Neither|Not|Only|Each"
    r"|Several|Other|Another)\b"
)
"""First words of sentences that point back, or begin with something else than their subject."""
STOPS = ("had", "has", "have", "not", "who", "that", "to", "Neither")
PERSONAL = re.compile(
    r"\b(actor|actress|singer|writer|author|president|king|player|captain|director|producer|leader|artist|general|bishop"
    r"|commander|politician|man|woman|son|daughter|poet|composer|queen|coach|officer)\b"
)
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
WHEN = re.compile(
    r" (?:in|on|by|since|until|from|during) (?:\w+ )?(?:\d{1,2} )?"
    rf"(?:(?:{MONTHS})\b|\d{{4}}\b|the \d{{4}}s|the \w+ century).*"
)
WHERE = re.compile(r" (?:in|at|near|from|to|on) (?:the )?[A-Z]\w+.*")
DONE_BY = re.compile(r"(?:\w+ly )?(\w+ed|written|sung|built|won|made|shot|led|drawn|known) by ")
NUMBER = re.compile(r"(.*?)\b(?:\d[\d,]*|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty) ([a-z]+s)\b(.*)")
UNITS = {
    "years": "duration", "days": "duration", "weeks": "duration", "months": "duration", "hours": "duration",
    "minutes": "duration", "miles": "size", "feet": "size", "metres": "size", "meters": "size", "kilometres": "size",
    "inches": "size", "dollars": "money", "pounds": "money", "percent": "measure",
}  # fmt: skip
"""What is counted in them; all others are counts."""
OPENINGS = re.compile(
    r"(?:(?:so|and|but|well|now|ok|also|oh|hey|anyway),? )?(?:who|whose|what|which|when|where|why|how|is|are|do|does"
    r"|did|can|could|would|should|has|have|was|were|will|any|anyone|anybody|name|tell)\b",
    re.IGNORECASE,
)


def as_people_asked(sentences: Iterable[str], most: int = 24) -> Iterator[Asked]:
    """Take the questions among sentences."""
    for sentence in sentences:
        if sentence.rstrip("\"' ").endswith("?") and 3 <= len(sentence.split()) <= most and OPENINGS.match(sentence):
            yield sentence, ""


def of_sentences(sentences: Iterable[str], forms: Mapping[str, str], generator: np.random.Generator) -> Iterator[Asked]:
    """Ask for what a sentence states: who, what, when, where, why, how, how many; `forms` are past_forms()."""
    for sentence in sentences:
        plain = re.sub(r"\s*\([^)]*\)", "", sentence).rstrip(" .")
        clause = re.split(r"[,;:]| – | and (?=he|she|it|they)|\bwhich\b|\bwhile\b", plain)[0].strip()
        words = clause.split()
        if not NOT_ASKED.match(clause) and 4 <= len(words) <= 22 and '"' not in clause:
            yield from _of_clause(words, forms, generator)


def past_forms() -> dict[str, str]:
    """Past forms of verbs with their bases: irregular ones as WordNet lists them, others by rule."""
    forms = {}
    for base in (word for sense in senses("verb") for word in sense.words if word.isalpha()):
        forms[base + ("d" if base.endswith("e") else "ed")] = base
        if re.search(r"[^aeiou]y$", base):
            forms[base[:-1] + "ied"] = base
    for line in (FOLDER / "verb.exc").read_text("ascii").splitlines():
        form, base = line.split()[:2]
        if not form.endswith("ing"):
            forms[form] = base
    return forms


def _of_clause(words: list[str], forms: Mapping[str, str], generator: np.random.Generator) -> Iterator[Asked]:
    """Find the verb among the first words: what stands before it is taken for the subject."""
    for place in range(1, min(8, len(words) - 1)):
        word, before, after = words[place], " ".join(words[:place]), " ".join(words[place + 1 :])
        if word in STOPS:
            return
        if word in ("was", "were", "is", "are"):
            yield from _stated(before, word, after, generator)
            return
        if word in forms and (words[place - 1][0].isupper() or (place > 1 and word.endswith("ed"))):
            yield _done(before, word, forms[word], after, generator)
            return


def _stated(subject: str, verb: str, rest: str, generator: np.random.Generator) -> Iterator[Asked]:
    """Ask about `SUBJECT was REST`."""
    blanks = {"verb": verb, "subject": _inside(subject), "rest": " ".join(rest.split()[:12])}
    if when := WHEN.search(" " + rest):
        begun = (" " + rest)[: when.start()].strip()
        forms = "When {verb} {subject} {begun}? > date|In what year {verb} {subject} {begun}? > date"
        yield one_of(generator, forms + "|What year {verb} {subject} {begun}? > date", begun=begun, **blanks)
    elif where := WHERE.search(" " + rest):
        yield f"Where {verb} {blanks['subject']} {(' ' + rest)[: where.start()].strip()}?", "place"
    if by := DONE_BY.match(rest):
        forms = "Who {done} {subject}? > person|By whom {verb} {subject} {done}? > person"
        yield one_of(generator, forms + "|Who {verb} {subject} {done} by? > person", done=by[1], **blanks)
    elif number := NUMBER.match(rest):
        before = number[1].strip()
        asked = f"How many {number[2]} {verb} {blanks['subject']}{' ' + before if before else ''}?"
        yield asked, UNITS.get(number[2], "count")
    elif re.match(r"(the|an?) ", rest):
        kind, asks = ("person", "Who") if PERSONAL.search(rest[:60]) else ("thing", "What")
        forms = "{asks} {verb} {rest}? > " + kind + "|{asks} {verb} {subject}? > definition"
        yield one_of(generator, forms, asks=asks, **blanks)
    else:
        blanks |= {"short": " ".join(rest.split()[:9]), "first": verb.capitalize()}
        forms = "Why {verb} {subject} {short}? > reason|How {verb} {subject} {short}? > manner"
        yield one_of(generator, forms + "|What {verb} {short}? > thing|{first} {subject} {short}? > whether", **blanks)


def _done(subject: str, verb: str, base: str, rest: str, generator: np.random.Generator) -> Asked:
    """Ask about `SUBJECT did REST`."""
    named = bool(re.match(r"(?:[A-Z]\w+ ?){1,4}$", subject)) and not subject.startswith("The ")
    blanks = {"subject": _inside(subject), "verb": verb, "base": base, "short": " ".join(rest.split()[:9])}
    if when := WHEN.search(" " + rest):
        begun = (" " + rest)[: when.start()].strip()
        forms = "When did {subject} {base} {begun}? > date|In which year did {subject} {base} {begun}? > date"
        return _tidy(one_of(generator, forms, begun=begun, **blanks))
    if (number := NUMBER.match(rest)) and len(number[1].split()) < 2:
        return f"How many {number[2]} did {blanks['subject']} {base}?", UNITS.get(number[2], "count")
    forms = "What did {subject} {base}? > thing|Why did {subject} {base} {short}? > reason"
    forms += "|How did {subject} {base} {short}? > manner"
    forms += "|Who {verb} {short}? > person" * 3 if named else "|What {verb} {short}? > thing"
    if where := WHERE.search(" " + rest):
        blanks["begun"] = (" " + rest)[: where.start()].strip()
        forms += "|Where did {subject} {base} {begun}? > place" * 2
    return _tidy(one_of(generator, forms, **blanks))


def _tidy(asked: Asked) -> Asked:
    return asked[0].replace(" ?", "?"), asked[1]


def _inside(subject: str) -> str:
    """A subject as it stands inside a sentence: `The` in small letters."""
    return re.sub(r"^(The|A|An) ", lambda word: word[0].lower(), subject)
