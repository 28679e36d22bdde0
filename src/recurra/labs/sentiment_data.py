"""The data of the lab `sentiment`: IMDB split once by film, or made-up reviews for who has neither IMDB nor GloVe.

Not here: training, and what is told of the data (sentiment_facts.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from recurra.config import TextConfig
from recurra.datasets.known.imdb import load_imdb
from recurra.datasets.known.sets import find
from recurra.datasets.known.synthetic import SPLITS, synthetic_reviews
from recurra.datasets.splits import split
from recurra.labs.needs import require_data
from recurra.text.encoder import truncate
from recurra.text.tokenise import tokenise

Part = tuple[list[str], list[str]]
"""Texts and labels."""

NEEDED = ("imdb", "glove")
OFFLINE = "learn offline on made-up reviews with --synthetic"
QUICK_ROWS = (1_500, 400, 800)
MADE_UP_ROWS = (8_000, 1_000, 2_000)
"""Rows of training, validation and test: of the quick lab, and of the lab on made-up reviews."""


@dataclass(frozen=True)
class SentimentData:
    """The parts, and where the vectors lie; made-up reviews have none."""

    train: Part
    validation: Part
    test: Part
    vectors: Path | None
    test_ids: list[str]
    """By which each test review is found in the data set."""
    dropped: int = 0
    """Training rows left out, because their text stands in the test part too."""

    @property
    def parts(self) -> dict[str, Part]:
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
    films = split(len(imdb.train), labels=labels, groups=imdb.train.groups, share=0.1, seed=0)
    chosen = [films.train, films.validation, np.random.default_rng(0).permutation(len(imdb.test))]
    if quick:
        chosen = [rows[:count] for rows, count in zip(chosen, QUICK_ROWS, strict=True)]
    learnt, tested = (imdb.train.texts, labels), (imdb.test.texts, imdb.test.labels or [])
    train, validation, test = (_part(whole, rows) for whole, rows in zip((learnt, learnt, tested), chosen, strict=True))
    ids = imdb.test.ids or [str(line) for line in imdb.test.lines]
    return SentimentData(train, validation, test, find("glove"), [ids[row] for row in chosen[2].tolist()], imdb.dropped)


def _made_up(rows: tuple[int, int, int]) -> SentimentData:
    train, validation, test = (synthetic_reviews(part, count=count) for part, count in zip(SPLITS, rows, strict=True))
    return SentimentData(train, validation, test, None, [str(row + 1) for row in range(len(test[0]))])


def _part(whole: Part, chosen: Any) -> Part:
    texts, labels = whole
    return [texts[row] for row in chosen], [labels[row] for row in chosen]


def shuffled(data: SentimentData, config: TextConfig, seed: int) -> SentimentData:
    """Return the data with the words of every text in random order, in all parts.

    Only words that `config` keeps of a text change their places among themselves, so that a net reads the same words
    of each text in either order, and both orders learn the same vocabulary.
    """
    random = np.random.default_rng([seed, 1])
    train, validation, test = (
        ([_shuffled(text, config, random) for text in part[0]], part[1])
        for part in (data.train, data.validation, data.test)
    )
    return replace(data, train=train, validation=validation, test=test)


def _shuffled(text: str, config: TextConfig, random: np.random.Generator) -> str:
    tokens = tokenise(text, config)
    kept = truncate(np.arange(len(tokens), dtype=np.int32), config.max_length, end=config.truncate)
    order = np.arange(len(tokens))
    order[kept] = random.permutation(kept)
    return " ".join(tokens[place] for place in order)
