"""The data of the lab `sentiment`: IMDB, split once by film, and what a padded text looks like.

Not here: training.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recurra.config import TextConfig
from recurra.datasets.imdb import load_imdb
from recurra.datasets.known import find
from recurra.datasets.splits import split
from recurra.errors import DataError
from recurra.text.encoder import fit_encoder
from recurra.text.pad import pad, truncate
from recurra.text.tokenise import tokenise

Part = tuple[list[str], list[str]]
"""Texts and labels."""

EXAMPLES = ("A quiet film, and a good one.", "It isn't bad; it is dull, slow and far too long for what it tells.")
"""Two made-up texts that show what padding and truncation do."""


@dataclass(frozen=True)
class SentimentData:
    """The parts, and where the vectors lie."""

    train: Part
    validation: Part
    test: Part
    vectors: Path
    facts: dict[str, Any]


def sentiment_data(*, quick: bool) -> SentimentData:
    """Load IMDB, hold out a tenth of the training films, and find GloVe; `quick` takes a slice of each part.

    Raises DataError that tells how to bring what is missing.
    """
    vectors = find("glove")
    if vectors is None:
        raise DataError("GloVe is not on this machine", advice="run `recurra data get glove` or set RECURRA_DATA")
    imdb = load_imdb()
    labels = imdb.train.labels or []
    held = split(len(imdb.train), labels=labels, groups=imdb.train.groups, share=0.1, seed=0)
    train, validation = held.train, held.validation
    test = np.random.default_rng(0).permutation(len(imdb.test))
    if quick:
        train, validation, test = train[:1500], validation[:400], test[:800]
    facts = {
        "training reviews": len(train),
        "validation reviews (other films)": len(validation),
        "test reviews": len(test),
        "dropped from training, their text is in test": imdb.dropped,
    }
    rows = imdb.train.texts, labels
    tested = imdb.test.texts, imdb.test.labels or []
    return SentimentData(_part(rows, train), _part(rows, validation), _part(tested, test), vectors, facts)


def _part(rows: tuple[list[str], list[str]], chosen: Any) -> Part:
    texts, labels = rows
    return [texts[row] for row in chosen], [labels[row] for row in chosen]


def cut(part: Part, config: TextConfig, *, shuffle: int | None = None) -> Part:
    """Return the texts as `config` cuts them; `shuffle` is a seed that puts the words of each in random order.

    Both orders hold the same words, so that both learn the same vocabulary.
    """
    random = np.random.default_rng(shuffle)
    texts = []
    for text in part[0]:
        tokens = tokenise(text, config)
        kept = truncate(np.arange(len(tokens), dtype=np.int32), config.max_length, end=config.truncate)
        order = kept if shuffle is None else random.permutation(kept)
        texts.append(" ".join(tokens[place] for place in order))
    return texts, part[1]


def padded_example(length: int = 12) -> dict[str, Any]:
    """Show tokens, truncation to `length` and padding in front, on two made-up texts."""
    config = TextConfig(max_length=length, truncate="tail", min_count=1)
    encoder = fit_encoder(EXAMPLES, config)
    matrix, lengths = pad(encoder.encode(EXAMPLES), length, where="front")
    return {
        "texts": list(EXAMPLES),
        "rows": [" ".join(encoder.vocabulary.words[number] for number in row) for row in matrix.tolist()],
        "ids": matrix.tolist(),
        "lengths": [int(size) for size in lengths],
    }
