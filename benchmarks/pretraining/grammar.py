"""Questions, posts and short messages that a small grammar writes over WordNet's words.

The shared texts are films, encyclopaedia and forums; what people also send is asked, short and loose. A teacher gives
these sentences their vectors, so that a student meets their wording; no data set of questions is read.

Not here: the other sources, and how many sentences come from each (corpus.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np

from pretraining.wordnet import Sense, frequent, senses

QUESTIONS = """
who {made} {the_thing}?|who {made} the first {artifact}?|who was the first {person} to {verb} {a_thing}?
who is the {leader} of {place}?|who was {name}?|what {person} {made} {the_thing}?|which {person} was born in {place}?
name the {person} who {made} {the_thing}.|what is the name of the {person} who {made} {the_thing}?|whose {thing} is it?
who was the {leader} of {place} in {year}?|what {person} is known as the {adj} {person}?|who played the {person} in {title}?
what {group} is {name} a member of?|what company {makes} {things}?|what team won the {event} in {year}?|who wrote {title}?
where is {place}?|where was {name} born?|where do {animals} live?|where can i find {things}?|in what country is {place}?
what {location} has the {most} {things}?|what is the capital of {place}?|which {location} is {place} in?|where is the {most} {object}?
what {object} runs through {place}?|what city hosted the {event} of {year}?|where did the {event} begin?|where are {things} made?
what is the {most} {location} in {place}?|what continent is {place} on?|where does {substance} come from?|what street is {name} on?
when was {name} born?|when did the {event} begin?|what year did {name} die?|when was {the_thing} {made}?|in what year was {place} founded?
how many {things} are there in {a_thing}?|how many people live in {place}?|what is the population of {place}?|how much does {a_thing} cost?
how far is it from {place} to {place}?|how tall is {name}?|how old was {name} when he died?|how long does it take to {verb} {a_thing}?
how much {substance} is in {a_thing}?|what is the speed of {a_thing}?|what is the average {attribute} of {a_thing}?|how hot is {substance}?
what percentage of {people} {verb} {things}?|how many {things} does {a_thing} have?|how long is a {time}?|how often do {people} {verb} {things}?
what date is {event}?|what is the melting point of {substance}?|how big is {a_thing}?|how many {people} were in the {group}?
what is {a_thing}?|what is {substance}?|what does {word} mean?|what are {things}?|who are the {people}?|what is the meaning of {word}?
why do {animals} {verb} {things}?|why is {substance} {adj}?|how do you {verb} {a_thing}?|how does {a_thing} work?|why did {name} {verb} {the_thing}?
what is the definition of {word}?|what causes {state}?|what is the difference between {a_thing} and {a_thing}?|how is {substance} made?
what is the origin of the word {word}?|what happened during the {event}?|what is {name} famous for?|how can i {verb} my {thing}?
what is the history of {things}?|what is the purpose of {a_thing}?|how do i get rid of {things}?|why are {things} so {adj}?|what is it like to {verb}?
what does {letters} stand for?|what is {letters}?|what is the abbreviation for {gloss}?|what does the acronym {letters} mean?
what is the full form of {letters}?|what do the letters {letters} stand for?|what is the abbreviation of {word} {word}?
what {animal} has the {most} {body}?|what kind of {animal} is {name}?|what is the {most} {animal} in the world?|what {food} is made from {food}?
what colour is {a_thing}?|what do you call {gloss}?|what is another name for {a_thing}?|what is the {most} {artifact}?|what {plant} is {adj}?
what {substance} is used to {verb} {things}?|what are some {things} that {verb}?|what {communication} is spoken in {place}?|what is the {adj} {event}?
what disease causes {state}?|what sport do {people} {verb}?|what instrument does {name} play?|what is the currency of {place}?|what {food} do {animals} eat?
what word means {gloss}?|what is the term for {gloss}?|what {body} is {adj}?|what is the best {artifact} to {verb} {things}?|name {a_number} {things}.
what film did {name} appear in?|what book is {name} in?|which {act} is {adj}?|what is the opposite of {word}?|what are the {adj} {things} called?
what is a good {artifact} for {things}?|what type of {thing} is {a_thing}?|what is the religion of {place}?|what product is made by {name}?
"""  # noqa: E501
MESSAGES = """
i feel {adj} about {the_thing}|i feel so {feeling} today|i am feeling {feeling} and {feeling} because of {the_thing}|i was feeling {feeling} when i {made} it
i feel {feeling} that {people} can be so {adj}|i do n't feel {feeling} at all|i started to feel {feeling} about my {thing}|i can feel how {feeling} they are
i have been feeling a bit {feeling} lately|i feel like a {adj} {person}|i left the {group} feeling {feeling}|it makes me feel {feeling} to {verb} {things}
hey are you coming to {place} {when}?|ok see you at the {artifact} {when}|sorry i ca n't {verb} {when}, call me later|where r u? i am at the {artifact}
congratulations! you have won a free {artifact}. call {number} now to claim|urgent: your {possession} is ready, text {letters} to {number}|can u pick up some {food}?
free {things} for all {people}! reply {letters} to stop|did you see the {thing} {when}?|happy {event}! love you|lol that {animal} is so {adj}|i'll {verb} it {when}
@{name} thanks for the {adj} {thing}!|@{name} your {artifact} is {adj} and nobody answers the phone|my {thing} was {adj} again, third time this {time}. never again
why is my {artifact} still {adj}? worst {act} ever|great {act} from the {people} at {place}, thank you|waiting {a_number} hours for a {artifact} in {place} #{word}
the {artifact} arrived {adj} and does not {verb}|this {artifact} is {adj}, works as described and the price is {adj}|bought this {artifact} for my {person}, very {adj}
do not buy this {artifact}, it broke after {a_number} days|the {food} was {adj} and the service was {adj}|we loved the {food} but the {location} is {adj}
five stars for the {adj} {food}, friendly {people}|i returned the {artifact} because the {body} did not fit|i would recommend this {artifact} to any {person}
{place} ({letters}) - {name} said on {day} that {things} will {verb} {the_thing}|{people} in {place} {verb} {things} after {event}|{name} wins {event} in {place}
shares of {name} fell {a_number} percent after {the_thing}|scientists in {place} find a {adj} {animal}|{group} to {verb} {a_number} {things} by {year}
new {artifact} lets {people} {verb} {things}|oil prices rise as {place} {verb} {substance}|{people} beat {people} {a_number} to {a_number} in {place}
does anybody know how to {verb} a {artifact} with {a_number} {things}?|for sale: {adj} {artifact}, {a_number} dollars, {place}|re: {thing} and {thing}, please read the faq
turn on the {artifact} in the {location}|play some {communication} by {name}|set an alarm for {a_number} in the morning|book a table for {a_number} in {place}|remind me to {verb} the {thing}
"""  # noqa: E501
MADE = "made|invented|discovered|wrote|painted|directed|founded|killed|designed|built|won|played|found|sold|sang|bought"
MAKES = "makes|sells|owns|builds|invented|produces"
MOST = (
    "largest|smallest|oldest|tallest|fastest|most common|best known|longest|deepest|richest|most expensive|first|only"
)
LEADER = "president|king|queen|prime minister|governor|mayor|leader|owner|author|inventor|captain|coach|head|founder"
FEELING = """happy|sad|angry|afraid|anxious|excited|lonely|grateful|hopeful|ashamed|guilty|jealous|calm|proud|hurt|
loved|amazed|surprised|strange|tired|bored|irritated|furious|bitter|terrified|nervous|tender|caring|passionate|sympathetic|
joyful|cheerful|content|devastated|miserable|hopeless|empty|numb|annoyed|resentful|insulted|agitated|shaken|
uncertain|vulnerable|shy|curious|impressed|stunned|weird|overwhelmed|gentle|naughty|longing|thankful|confident|useful|
ignored|unwelcome|homesick|gloomy|rotten|cold|mad|cranky|rushed|stressed|scared|insecure|doubtful|keen|pleased|brave"""
WHEN = "tonight|tomorrow|on monday|later|after work|this weekend|at 7|in an hour|last night|yesterday"
DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"


class Grammar:
    """Fills the blanks of sentences; a blank's words come from a list above, or from WordNet by their kind."""

    def __init__(self, generator: np.random.Generator) -> None:
        """Sort WordNet's words by kind, each with how often it is met."""
        self.generator = generator
        self.lists: dict[str, list[str]] = {}
        self.shares: dict[str, np.ndarray] = {}
        counts, nouns = frequent(), senses("noun")
        of_kind: dict[str, dict[str, int]] = {}
        for sense in [*nouns, *senses("verb"), *senses("adj")]:
            for kind in _kinds(sense):
                words = of_kind.setdefault(kind, {})
                for word in sense.words:
                    words[word] = counts.get(word.lower(), 0)
        for kind, words in of_kind.items():
            self._add(kind, list(words), np.array(list(words.values()), float))
        self._add("gloss", [sense.gloss for sense in nouns if 3 <= len(sense.gloss.split()) <= 12])
        for name, listed in [("made", MADE), ("makes", MAKES), ("most", MOST), ("leader", LEADER), ("when", WHEN)]:
            self._add(name, listed.split("|"))
        self._add("feeling", re.sub(r"\s", "", FEELING).split("|"))
        self._add("day", DAYS.split("|"))

    def _add(self, name: str, words: list[str], counts: np.ndarray | None = None) -> None:
        # Flattened: frequent words more often than rare ones, but the rare ones too.
        shares = ((np.zeros(len(words)) if counts is None else counts) + 0.05) ** 0.6
        self.lists[name], self.shares[name] = words, np.cumsum(shares / shares.sum())

    def sentences(self, templates: str, count: int) -> Iterator[str]:
        """Write so many sentences, the templates in turn at random; half of them with a capital letter."""
        forms = _forms(templates)
        for number in self.generator.integers(0, len(forms), count):
            text = self.written(forms[number])
            yield text[0].upper() + text[1:] if self.generator.random() < 0.5 else text

    def written(self, form: str) -> str:
        """Choose one of each `[a;b;]`, and fill the blanks."""
        chosen = re.sub(r"\[([^]]*)\]", lambda parts: self._part(parts[1].split(";")), form)
        text = re.sub(r"{(\w+)}", lambda blank: self.word(blank[1]), chosen)
        return re.sub(r" +([?]|$)", r"\1", re.sub(r" {2,}", " ", text))

    def _part(self, parts: list[str]) -> str:
        return parts[self.number(0, len(parts))]

    def asked(self, frames: dict[str, str], count: int) -> Iterator[tuple[str, str]]:
        """Write so many questions of frames, each with its kind; kinds in turn at random."""
        forms = {kind: _forms(told) for kind, told in frames.items()}
        kinds = list(forms)
        for number in self.generator.integers(0, len(kinds), count):
            text = self.written(self._part(forms[kinds[number]]))
            yield text[0].upper() + text[1:] if self.generator.random() < 0.7 else text, kinds[number]

    def word(self, name: str) -> str:
        """Fill one blank."""
        if made := MADE_UP.get(name):
            return made(self)
        place = int(np.searchsorted(self.shares[name], self.generator.random()))
        return self.lists[name][min(place, len(self.lists[name]) - 1)]

    def number(self, low: int, high: int) -> int:
        """Draw a whole number below `high`."""
        return int(self.generator.integers(low, high))

    def one_of(self, *names: str) -> str:
        """Fill in a word of one of these kinds."""
        return self.word(names[self.number(0, len(names))])


def _forms(templates: str) -> list[str]:
    return [form.strip() for form in re.split(r"[|\n]", templates) if form.strip()]


def _kinds(sense: Sense) -> list[str]:
    """The blanks that a sense's words may fill."""
    if sense.part != "noun":
        return [sense.part]
    if sense.instance:
        # Cities and countries have other questions than painters and ships.
        return ["place"] if sense.kind in ("location", "object") else ["name"] if sense.kind == "person" else ["title"]
    return [sense.kind] if sense.kind else []


def plural(noun: str) -> str:
    """The regular plural; irregular ones come out wrong now and then, as in loose texts."""
    if re.search(r"(s|x|z|ch|sh)$", noun):
        return noun + "es"
    return noun[:-1] + "ies" if re.search(r"[^aeiou]y$", noun) else noun + "s"


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiouAEIOU' else 'a'} {noun}"


THINGS = ("artifact", "artifact", "animal", "food", "object", "plant", "body", "person", "communication", "act")
MADE_UP: dict[str, Callable[[Grammar], str]] = {
    "thing": lambda grammar: grammar.one_of(*THINGS),
    "a_thing": lambda grammar: _article(grammar.one_of(*THINGS)),
    "the_thing": lambda grammar: (
        grammar.word("title") if grammar.number(0, 3) == 0 else f"the {grammar.one_of(*THINGS)}"
    ),
    "things": lambda grammar: plural(grammar.one_of(*THINGS)),
    "animals": lambda grammar: plural(grammar.word("animal")),
    "people": lambda grammar: plural(grammar.word("person")),
    "word": lambda grammar: grammar.one_of("adj", "verb", "act", "attribute", "cognition", "state"),
    "year": lambda grammar: str(grammar.number(1400, 2030)),
    "a_number": lambda grammar: str(grammar.number(2, (10, 30, 400)[grammar.number(0, 3)])),
    "dotted": lambda grammar: ".".join(chr(65 + grammar.number(0, 26)) for _ in range(grammar.number(2, 5))) + ".",
    "letter": lambda grammar: chr(65 + grammar.number(0, 26)),
    "it_takes": lambda grammar: grammar.one_of("process", "act", "event"),
    "number": lambda grammar: f"0{grammar.number(10**8, 10**9)}",
    "letters": lambda grammar: "".join(chr(65 + grammar.number(0, 26)) for _ in range(grammar.number(2, 5))),
}
"""Blanks that are no list: each is written anew."""
