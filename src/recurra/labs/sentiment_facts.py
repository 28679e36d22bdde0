"""What the lab `sentiment` tells of its data: rows, balance of the classes, lengths, and one review padded.

Not here: loading them (sentiment_data.py). Everything told is a count or a text of our own.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from recurra.config import TextConfig
from recurra.labs.sentiment_data import SentimentData
from recurra.text.encoder import fit_encoder, pad
from recurra.text.tokenise import tokenise

EXAMPLES = ("A quiet film, and a good one.", "It isn't bad; it is dull, slow and far too long for what it tells.")
"""Two made-up texts that show what padding and truncation do."""
BINS = 24
LONG = 0.98
"""Share of the reviews that the picture of lengths shows one by one; the last bar holds the rest."""


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
    width = max(1, round(float(np.quantile(words, LONG)) / BINS))
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
