"""The data of the lab `sentiment`: IMDB split once by film, or made-up reviews for who has neither IMDB nor GloVe.

Also what the page tells of them: rows, balance of the classes, lengths, and one review padded. Everything told is a
count or a text of our own.

Not here: training on them (sentiment_nets.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from recurra.config import TextConfig
from recurra.datasets.known.imdb import load_imdb
from recurra.datasets.known.sets import find
from recurra.datasets.known.synthetic import SPLITS, synthetic_reviews
from recurra.datasets.splits import split
from recurra.labs.lab import require_data
from recurra.text.encoder import fit_encoder, pad, truncate
from recurra.text.tokenise import tokenise

TextsAndLabels = tuple[list[str], list[str]]
"""Texts and labels."""

NEEDED = ("imdb", "glove")
OFFLINE = "learn offline on made-up reviews with --synthetic"
QUICK_ROWS = (1_500, 400, 800)
MADE_UP_ROWS = (8_000, 1_000, 2_000)
"""Rows of training, validation and test: of the quick lab, and of the lab on made-up reviews."""
EXAMPLES = ("A quiet film, and a good one.", "It isn't bad; it is dull, slow and far too long for what it tells.")
"""Two made-up texts that show what padding and truncation do."""
BINS = 24
LONG = 0.98
"""Share of the reviews that the picture of lengths shows one by one; the last bar holds the rest."""


@dataclass(frozen=True)
class SentimentData:
    """The parts, and where the vectors lie; made-up reviews have none."""

    train: TextsAndLabels
    validation: TextsAndLabels
    test: TextsAndLabels
    vectors: Path | None
    test_ids: list[str]
    """By which each test review is found in the data set."""
    dropped: int = 0
    """Training rows left out, because their text stands in the test part too."""

    @property
    def parts(self) -> dict[str, TextsAndLabels]:
        """The three parts by name."""
        return {"training": self.train, "validation": self.validation, "test": self.test}

    @property
    def rows(self) -> list[int]:
        """Rows of each part, and those dropped: what tells one choice of data from another."""
        return [*(len(part[0]) for part in self.parts.values()), self.dropped]


def sentiment_data(*, quick: bool, synthetic: bool = False) -> SentimentData:
    """Load the data and hold out a tenth of the training films; `quick` takes a slice of each part.

    `synthetic` makes reviews up instead; no word vectors come with them. Raises DataError that names everything that
    is missing, and how to bring it.
    """
    if synthetic:
        return _made_up(QUICK_ROWS if quick else MADE_UP_ROWS)
    require_data("sentiment", NEEDED, offline=OFFLINE)
    imdb = load_imdb()
    labels = imdb.train.labels or []
    # By film, not by review: a net that knows a film's name would be judged on what it has read of it.
    films = split(len(imdb.train), labels=labels, groups=imdb.train.groups, share=0.1, seed=0)
    # The test part is shuffled once, so that the quick lab's slice of it holds both classes.
    chosen = [films.train, films.validation, np.random.default_rng(0).permutation(len(imdb.test))]
    # Slices of the same split: a quick lab's validation films are not in its training part either.
    if quick:
        chosen = [rows[:count] for rows, count in zip(chosen, QUICK_ROWS, strict=True)]
    learnt, tested = (imdb.train.texts, labels), (imdb.test.texts, imdb.test.labels or [])
    train, validation, test = (_part(whole, rows) for whole, rows in zip((learnt, learnt, tested), chosen, strict=True))
    ids = imdb.test.ids or [str(line) for line in imdb.test.lines]
    return SentimentData(train, validation, test, find("glove"), [ids[row] for row in chosen[2].tolist()], imdb.dropped)


def _made_up(rows: tuple[int, int, int]) -> SentimentData:
    train, validation, test = (synthetic_reviews(part, count=count) for part, count in zip(SPLITS, rows, strict=True))
    return SentimentData(train, validation, test, None, [str(row + 1) for row in range(len(test[0]))])


def _part(whole: TextsAndLabels, chosen: Any) -> TextsAndLabels:
    texts, labels = whole
    return [texts[row] for row in chosen], [labels[row] for row in chosen]


def shuffled(data: SentimentData, config: TextConfig, seed: int) -> SentimentData:
    """Return the data with the words of every text in random order, in all parts.

    Only words that `config` keeps of a text change their places among themselves, so that a net reads the same words
    of each text in either order, and both orders learn the same vocabulary.
    """
    # The net's seed and a fixed 1: each seed has an order of its own, which a lab that goes on meets again.
    random = np.random.default_rng([seed, 1])
    train, validation, test = (
        ([_shuffled(text, config, random) for text in part[0]], part[1])
        for part in (data.train, data.validation, data.test)
    )
    return replace(data, train=train, validation=validation, test=test)


def _shuffled(text: str, config: TextConfig, random: np.random.Generator) -> str:
    tokens = tokenise(text, config)
    # Only what the net will read is shuffled; the words that are cut stay where they are, and are cut all the same.
    kept = truncate(np.arange(len(tokens), dtype=np.int32), config.max_length, end=config.truncate)
    order = np.arange(len(tokens))
    order[kept] = random.permutation(kept)
    return " ".join(tokens[place] for place in order)


def data_facts(data: SentimentData, length: int) -> dict[str, Any]:
    """Return rows, classes and lengths of the parts; `length` is how many words the first step keeps."""
    return {
        "made_up": data.vectors is None,
        "rows": {name: len(part[0]) for name, part in data.parts.items()},
        "dropped": data.dropped,
        "classes": {name: dict(sorted(Counter(part[1]).items())) for name, part in data.parts.items()},
        "lengths": _lengths(data.train[0], length),
    }


def _lengths(texts: list[str], kept: int) -> dict[str, Any]:
    """Words of the training reviews: a histogram, the median, the longest, and the share that is cut."""
    config = TextConfig()
    words = np.array([len(tokenise(text, config)) for text in texts])
    # The longest reviews would press all others into a few bars; they share the last one.
    width = max(1, round(float(np.quantile(words, LONG)) / BINS))
    # One bar more than BINS: the last holds what is longer than all of them.
    counts = np.bincount(np.minimum(words // width, BINS), minlength=BINS + 1)
    return {
        "edges": [width * place for place in range(BINS + 2)],
        "counts": counts.tolist(),
        "median": float(np.median(words)),
        "longest": int(words.max()),
        "kept": kept,
        "cut": float(np.mean(words > kept)),
    }


def padded_example(length: int = 12) -> dict[str, Any]:
    """Show tokens, truncation to the last `length` and padding in front, on two made-up texts."""
    config = TextConfig(max_length=length, truncate="tail", min_count=1)
    encoder = fit_encoder(EXAMPLES, config)
    matrix, lengths = pad(encoder.encode(EXAMPLES), length, where="front")
    return {
        "length": length,
        "texts": list(EXAMPLES),
        "rows": [" ".join(encoder.vocabulary.words[number] for number in row) for row in matrix.tolist()],
        "ids": matrix.tolist(),
        "lengths": [int(size) for size in lengths],
    }
