"""The words and sentence plans of the synthetic film reviews: one grammar for training, another for testing.

Not here: drawing from them (synthetic.py). Written for this project; no sentence comes from a real review.
"""

from __future__ import annotations

from dataclasses import dataclass

POSITIVE = (
    *("moving", "gripping", "funny", "clever", "tender", "graceful", "lively", "nimble", "subtle", "warm"),
    *("thrilling", "charming", "vivid", "sharp", "polished", "haunting", "witty", "delightful", "riveting", "touching"),
)
NEGATIVE = (
    *("dull", "clumsy", "tedious", "shallow", "hollow", "predictable", "lifeless", "flat", "boring", "clunky"),
    *("stale", "dreary", "muddled", "tiresome", "bland", "wooden", "crude", "forgettable", "laboured", "plodding"),
)
"""Both grammars share these words: what an unseen word means cannot be learnt. All begin with a consonant ("a …")."""


PLACE_BEGINNINGS = (
    *("Ash", "Bram", "Cal", "Dun", "El", "Fern", "Glen", "Hal", "Kes", "Lang", "Mar", "Nor", "Os", "Pel", "Quen"),
    *("Ros", "Sten", "Tor", "Ul", "Ver", "Wes", "Yar", "Thorn", "Crow", "Hazel"),
)
PLACE_MIDDLES = ("", "el", "en", "er", "ing", "is", "on", "ar", "le", "ow", "ich", "an")
PLACE_ENDINGS = ("ton", "wick", "ford", "by", "mere", "stead", "hurst", "dale", "port", "ham", "bridge", "well")
"""Made-up villages: most occur once, as names do in real text, so that a model meets unknown words while it learns."""


@dataclass(frozen=True)
class Frame:
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


TRAINING = Grammar(
    shapes=(
        (
            ("{subject} is{aside} {adjective}{tail}", True),
            ("{subject} is not{aside} {adjective}{tail}", False),
        ),
        (
            ("{subject} was{aside} {adjective}{tail}", True),
            ("{subject} was not{aside} {adjective}{tail}", False),
        ),
        (
            ("{subject} felt{aside} {adjective}{tail}", True),
            ("{subject} never felt{aside} {adjective}{tail}", False),
        ),
        (
            ("{subject} seems{aside} {adjective}{tail}", True),
            ("{subject} never seems{aside} {adjective}{tail}", False),
        ),
        (
            ("this is{aside} a {adjective} film{tail}", True),
            ("this is not{aside} a {adjective} film{tail}", False),
        ),
        (
            ("everybody {people} would call {subject} {adjective}{tail}", True),
            ("nobody {people} would call {subject} {adjective}{tail}", False),
        ),
        (
            ("everybody {people} {claims} that {subject} is{aside} {adjective}{tail}", True),
            ("nobody {people} {claims} that {subject} is not{aside} {adjective}{tail}", True),
            ("nobody {people} {claims} that {subject} is{aside} {adjective}{tail}", False),
            ("everybody {people} {claims} that {subject} is not{aside} {adjective}{tail}", False),
        ),
    ),
    opposed=(
        Frame("{a}, but {b}.", "b"),
        Frame("{a}. But {b}.", "b"),
        Frame("{a}, yet {b}.", "b"),
        Frame("{a}. And yet {b}.", "b"),
        Frame("although {a}, {b}.", "b"),
        Frame("{a}, although {b}.", "a"),
        Frame("even though {a}, {b}.", "b"),
        Frame("{a}, even though {b}.", "a"),
    ),
    agreed=(
        Frame("{a}.", "a"),
        Frame("{a}, and {b}.", "b"),
        Frame("{a}. {b}.", "b"),
    ),
    prefixes=(
        "",
        "I would say that ",
        "my feeling is that ",
        "it is true that ",
        "I would add that ",
        "I still think that ",
        "in the end ",
        "on the whole ",
        "what I will add is that ",
    ),
    subjects=(
        *("the script", "the plot", "the acting", "the score", "the camera work", "the dialogue", "the opening"),
        *("the love story", "the part of the mother", "the second act", "the way it is cut", "the lead", "the chase"),
        *("the story", "the picture", "the sound of it all", "the middle of the film", "the part set in the village"),
        *("the first half", "the look of the thing", "the work of the two leads", "the last hour", "the whole thing"),
        *("the trial", "the song at the end", "the fight on the roof", "the long talk by the sea", "the war story"),
        *("the family at its heart", "the role of the teacher", "the design of the house", "the dance", "the crime"),
        *("the part set in {place}", "the walk to {place}", "the {place} story"),
    ),
    asides=(
        *(", to my mind,", ", as some would have it,", ", whatever the poster says,", ", on a second viewing,"),
        *(", for a film of this size,", ", in the eyes of most people I know,", ", at least to me,", ", I think,"),
        *(", as I told the friend who came with me,", ", as far as I can tell,", ", if you ask me,", ", so they say,"),
        *(
            ", in the opinion of my sister,",
            ", for a first film,",
            ", as we all said on the way home,",
            ", it struck me,",
        ),
        *(", on the whole,", ", as I wrote to my mother that night,", ", or so I was told at work,"),
        *(", as it turned out that night,", ", once again,", ", as they say in {place},", ", for a film from {place},"),
    ),
    tails=(
        *(" from start to finish", " in its early scenes", " all the way through", " right up to the last shot"),
        *(" in the first hour", " for long stretches", " whenever the story slows down", " by the end of the night"),
        *(" once the lights go down", " when the two of them meet", " in the scenes by the sea", " most of the time"),
        *(" as the years go by", " for the better part of an hour", " until the very end", " during the long dinner"),
        *(
            " in every second scene",
            " from the moment it begins",
            " as soon as they leave the house",
            " to the last word",
        ),
        *(" in the scenes from {place}", " on the road to {place}"),
    ),
    people=(
        *("in the row behind me", "who came with me", "at the late show", "who has read the book", "in this house"),
        *("with eyes in their head", "who stayed to the end", "I know", "on the bus home", "I asked that night"),
        *("who saw it on Sunday", "at work", "in my family", "from {place}"),
    ),
    claims=("will tell you", "could say", "would agree", "thinks", "will admit"),
    openers=(
        *("We saw it at the late show.", "I had read the book.", "My sister picked this one.", "This is a first film."),
        *("I saw it on a plane.", "It opened here last week.", "The story is set in {year}.", "I knew nothing of it."),
    ),
    closers=(
        *("It runs for {minutes} minutes.", "There is a short scene after the credits.", "We took the last bus home."),
        *("The book came out in {year}.", "I saw it twice.", "The two leads had worked together before."),
    ),
)

TESTING = Grammar(
    shapes=(
        (
            ("what they made was{aside} {adjective}{tail}", True),
            ("what they made was not{aside} {adjective}{tail}", False),
        ),
        (
            ("{subject} proved{aside} {adjective}{tail}", True),
            ("{subject} never proved{aside} {adjective}{tail}", False),
        ),
        (
            ("this was{aside} a {adjective} piece of work{tail}", True),
            ("this was not{aside} a {adjective} piece of work{tail}", False),
        ),
        (
            ("everybody {people} would say of {subject} that it was {adjective}{tail}", True),
            ("nobody {people} would say of {subject} that it was {adjective}{tail}", False),
        ),
        (
            ("everybody {people} {claims} that {subject} was{aside} {adjective}{tail}", True),
            ("nobody {people} {claims} that {subject} was not{aside} {adjective}{tail}", True),
            ("nobody {people} {claims} that {subject} was{aside} {adjective}{tail}", False),
            ("everybody {people} {claims} that {subject} was not{aside} {adjective}{tail}", False),
        ),
    ),
    opposed=(
        Frame("{a}, but {b}.", "b"),
        Frame("{a}, and yet {b}.", "b"),
        Frame("{a}, yet {b}.", "b"),
        Frame("although {a}, {b}.", "b"),
        Frame("{a}, although {b}.", "a"),
        Frame("even though {a}, {b}.", "b"),
        Frame("{a}, even though {b}.", "a"),
    ),
    agreed=(
        Frame("{a}.", "a"),
        Frame("{a}, and {b}.", "b"),
    ),
    prefixes=(
        "I have to say that ",
        "it is fair to say that ",
        "in my opinion ",
        "I found that ",
        "I came away with the feeling that ",
        "what I think is that ",
    ),
    subjects=(
        *("the screenplay", "the ending", "the music", "the photography", "the villain", "the family drama"),
        *("the court case", "the humour", "the friendship at its heart", "the design of the sets", "the narration"),
        *("the heist", "the supporting cast", "the third act", "the rescue", "the pacing", "the banter on the train"),
        *("the trip to {place}",),
    ),
    asides=(
        *(", as the critics would have it,", ", whatever the trailer says,", ", on the big screen,", ", I suspect,"),
        *(
            ", for a sequel,",
            ", in the opinion of my whole street,",
            ", at any rate to me,",
            ", as far as we could tell,",
        ),
        *(", as I wrote to my brother that evening,", ", or so it struck me,", ", as my mother said once,"),
        *(", as the people of {place} would say,",),
    ),
    tails=(
        *(
            " until the final minute",
            " in every scene by the lake",
            " in the closing hour",
            " as soon as the lights go down",
        ),
        *(" during the second half", " from one scene to the next", " right to the very end", " when the train leaves"),
        *(" from the first word to the last", " in the long quiet stretches", " in the {place} part"),
    ),
    people=(
        *(
            "in the front row",
            "who saw it with my sister",
            "in my class",
            "I asked at the end",
            "who has read the script",
        ),
        *("on the way home", "who stayed for the credits"),
    ),
    claims=("will agree with me", "could tell you", "would tell us"),
    openers=(
        *("Our cinema showed it for a week.", "A neighbour gave me the disc.", "I had seen the earlier version."),
        *("It was filmed in {place}.", "We rented it on Friday."),
    ),
    closers=(
        *("After {minutes} minutes we went for a walk.", "Stay for the song after the credits.", "I saw it at home."),
        "The same people made another in {year}.",
    ),
)
