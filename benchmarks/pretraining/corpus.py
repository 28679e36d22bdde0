"""The sentences that an encoder is distilled on: films, encyclopaedia, forums, WordNet, messages; then questions.

Each source's licence stands on the model's card. IMDB's test part is never read, nor a review that also stands there;
of the 20 Newsgroups the training part alone. Sentences are shuffled once, so that any first part of them is a sample.

Not here: their vectors (teacher.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet

from pretraining.facts import Asked, of_facts
from pretraining.frames import FRAMES
from pretraining.grammar import MESSAGES, QUESTIONS, Grammar
from pretraining.statements import as_people_asked, of_sentences, past_forms
from pretraining.wordnet import senses

COUNTS = {
    "reviews": 90_000,
    "passages": 40_000,
    "encyclopaedia": 60_000,
    "posts": 60_000,
    "glosses": 30_000,
    "examples": 45_000,
    "questions": 70_000,
    "messages": 35_000,
}
"""Sentences of each source, at most."""
QUESTIONS_OF = {"facts": 32_000, "statements": 20_000, "people": 17_000, "frames": 50_000}
"""Questions of each source in the second round, at most."""
LONGEST = 120
"""Words of a passage, at most: the teacher reads 128 pieces."""
END = re.compile(r"(?<=[.!?])[\"')]*\s+(?=[A-Z\"'(])")
"""Where a sentence ends; good enough for distillation, where a wrong cut is one more loose sentence."""


def corpus(data: Path, counts: dict[str, int] | None = None, seed: int = 0) -> list[str]:
    """Gather the sentences of all sources, shuffled; the same for the same seed."""
    wanted, generator = counts or COUNTS, np.random.default_rng(seed)
    grammar = Grammar(generator)
    reviews = _reviews(data, generator)
    sources: dict[str, Iterator[str]] = {
        "reviews": (sentence for review in reviews for sentence in pick(sentences(review), 2, generator)),
        "passages": (passage(sentences(review), generator) for review in reviews),
        "encyclopaedia": _encyclopaedia(data, generator),
        "posts": _posts(data, generator),
        "glosses": _glosses(generator),
        "examples": _examples(generator),
        "questions": grammar.sentences(QUESTIONS, 2 * wanted["questions"]),
        "messages": grammar.sentences(MESSAGES, 2 * wanted["messages"]),
    }
    texts: dict[str, None] = {}
    for name, source in sources.items():
        before = len(texts)
        for text in source:
            if len(texts) - before >= wanted[name]:
                break
            # Each sentence once, short of a passage's length.
            texts[" ".join(text.split()[:LONGEST])] = None
        print(f"{name:14} {len(texts) - before:8,}", flush=True)
    texts.pop("", None)
    gathered = list(texts)
    return [gathered[place] for place in generator.permutation(len(gathered))]


def questions(data: Path, counts: dict[str, int] | None = None, seed: int = 1) -> list[Asked]:
    """Gather questions of all sources with the kinds of their answers, shuffled; the same for the same seed."""
    wanted, generator = counts or QUESTIONS_OF, np.random.default_rng(seed)
    grammar = Grammar(generator)
    told = (sentence for review in _reviews(data, generator) for sentence in sentences(review))
    sources: dict[str, Iterator[Asked]] = {
        "facts": of_facts(generator),
        "statements": of_sentences(_encyclopaedia(data, generator), past_forms(), generator),
        "people": as_people_asked(chain(told, _posts(data, generator))),
        "frames": grammar.asked(FRAMES, 2 * wanted["frames"]),
    }
    kinds: dict[str, str] = {}
    for name, source in sources.items():
        before = len(kinds)
        for question, kind in source:
            if len(kinds) - before >= wanted[name]:
                break
            kinds.setdefault(question, kind)
        print(f"{name:14} {len(kinds) - before:8,}", flush=True)
    gathered = list(kinds.items())
    return [gathered[place] for place in generator.permutation(len(gathered))]


def opinions(data: Path, texts: list[str]) -> tuple[list[int], list[str]]:
    """Which of the texts are sentences of a labelled training review, and that review's label."""
    places = {text: place for place, text in enumerate(texts)}
    columns = ["text", "label", "split", "text_in_test"]
    table = parquet.read_table(data / "imdb" / "imdb_labeled.parquet", columns=columns)
    labels: dict[int, str] = {}
    for row in table.to_pylist():
        if row["split"] == "train" and not row["text_in_test"]:
            for sentence in sentences(re.sub(r"<br\s*/?>", " ", row["text"])):
                if (place := places.get(" ".join(sentence.split()[:LONGEST]))) is not None:
                    labels[place] = str(row["label"])
    return list(labels), list(labels.values())


def sentences(text: str) -> list[str]:
    """Cut a text into sentences of 3 words and more."""
    return [cut for cut in END.split(text) if len(cut.split()) >= 3]


def pick(found: list[str], most: int, generator: np.random.Generator) -> list[str]:
    """Draw some of them without repeats."""
    return [found[place] for place in generator.permutation(len(found))[:most]]


def passage(found: list[str], generator: np.random.Generator) -> str:
    """Join two to six neighbouring sentences."""
    if not found:
        return ""
    start = int(generator.integers(0, len(found)))
    return " ".join(found[start : start + int(generator.integers(2, 7))])


def _reviews(data: Path, generator: np.random.Generator) -> list[str]:
    texts: list[str] = []
    for name, split in [("imdb_labeled", "train"), ("imdb_unsup", "unsup")]:
        table = parquet.read_table(data / "imdb" / f"{name}.parquet", columns=["text", "split", "text_in_test"])
        texts += [row["text"] for row in table.to_pylist() if row["split"] == split and not row["text_in_test"]]
    return [re.sub(r"<br\s*/?>", " ", texts[place]) for place in generator.permutation(len(texts))]


def _encyclopaedia(data: Path, generator: np.random.Generator) -> Iterator[str]:
    lines = (data / "wikitext-2" / "wiki.train.tokens").read_text("utf-8").splitlines()
    for place in generator.permutation(len(lines)):
        line = lines[place].strip()
        # Headings and lines that are mostly unknown words teach nothing.
        if line and not line.startswith("=") and line.count("<unk>") * 15 < len(line.split()):
            yield from pick(sentences(untokenised(line.replace("<unk> ", ""))), 8, generator)


def untokenised(line: str) -> str:
    """Put WikiText's tokens together again as they were written."""
    line = re.sub(r" @(.)@ ", r"\1", line)
    return re.sub(r" ([.,;:!?)'%])", r"\1", re.sub(r"([(\[]) ", r"\1", line))


def _posts(data: Path, generator: np.random.Generator) -> Iterator[str]:
    table = parquet.read_table(data / "text" / "20news_bydate.parquet", columns=["text", "split"])
    posts = [row["text"] for row in table.to_pylist() if row["split"] == "train"]
    for place in generator.permutation(len(posts)):
        head, _, body = posts[place].partition("\n\n")
        subject = re.search(r"^Subject: (?:Re: )?(.+)$", head, re.MULTILINE)
        if subject:
            yield subject[1]
        # Quoted lines, addresses and drawings are left out.
        kept = [line for line in body.splitlines() if not re.match(r"\s*[>|:]|.*(writes|wrote):|\s*[-=_*]{3}", line)]
        found = sentences(" ".join(" ".join(kept).split()))
        yield from pick(found, 5, generator)
        yield passage(found, generator)


def _glosses(generator: np.random.Generator) -> Iterator[str]:
    nouns = [sense for part in ("noun", "verb", "adj") for sense in senses(part) if len(sense.gloss) > 20]
    for place in generator.permutation(len(nouns)):
        yield f"{nouns[place].words[0]}: {nouns[place].gloss}"


def _examples(generator: np.random.Generator) -> Iterator[str]:
    found = [example for part in ("noun", "verb", "adj", "adv") for sense in senses(part) for example in sense.examples]
    yield from pick([example for example in found if len(example.split()) >= 3], len(found), generator)
