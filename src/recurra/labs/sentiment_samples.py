"""What the kept nets of the lab `sentiment` answer: a review word by word, right and wrong reviews, words on a map.

Not here: training them, and the made-up reviews (sentiment_reviews.py). Of the data set's reviews only their numbers,
lengths and answers are told, never their text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.labs.sentiment_data import SentimentData
from recurra.labs.sentiment_reviews import ASKED, MADE_UP, READ, WORDS
from recurra.metrics import confusion_matrix
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.text import pretrained
from recurra.text.tokenise import tokenise
from recurra.text.vectors import neighbours

POSITIVE = "positive"
SUREST = 5
"""Right and wrong answers told, of those that the net is surest of."""

Nets = Mapping[str, RunningClassifier]
"""The nets that are asked, by the title that the page gives them; the literal one comes first."""


def samples(nets: Nets, data: SentimentData) -> dict[str, Any]:
    """Return everything that the page shows of the nets' answers."""
    literal = next(iter(nets.values()))
    told = {"nets": list(nets), "reading": _read(nets), "made_up": _made_up(nets), "test": _answers(literal, data)}
    if data.vectors is not None:
        before = pretrained(data.vectors, literal.encoder.vocabulary).matrix
        told |= {"map": _map(literal, before), "neighbours": _neighbours(literal, before)}
    return told


def _positive(model: RunningClassifier, texts: list[str]) -> NDArray[np.float32]:
    """Probability of a positive review: (texts,)."""
    return model.predict_proba(texts)[:, model.labels.index(POSITIVE)]


def _read(nets: Nets) -> dict[str, Any]:
    """The answer of each net to the first word of a review, the first two, and so on."""
    words = tokenise(READ, next(iter(nets.values())).encoder.config)
    prefixes = [" ".join(words[: place + 1]) for place in range(len(words))]
    return {
        "text": READ,
        "words": words,
        "answers": {title: _positive(model, prefixes).tolist() for title, model in nets.items()},
    }


def _made_up(nets: Nets) -> list[dict[str, Any]]:
    """Each made-up review, its label, and each net's probability that it is positive."""
    labels, texts = zip(*MADE_UP, strict=True)
    answers = {title: _positive(model, list(texts)).tolist() for title, model in nets.items()}
    return [
        {"text": text, "label": label, "positive": {title: shares[row] for title, shares in answers.items()}}
        for row, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]


def _answers(model: RunningClassifier, data: SentimentData) -> dict[str, Any]:
    """Confusion of the test part, and the reviews on which the net is surest and right, or surest and wrong."""
    texts, labels = data.test
    shares = model.predict_proba(texts)
    answers = np.array(model.labels)[shares.argmax(axis=1)]
    right, sure = answers == np.array(labels), shares.max(axis=1)
    order = np.argsort(-sure, kind="stable")
    chosen = {"right": order[right[order]][:SUREST], "wrong": order[~right[order]][:SUREST]}
    return {
        "labels": list(model.labels),
        "confusion": confusion_matrix(labels, answers, labels=model.labels).tolist(),
        **{
            name: [
                {
                    "id": data.test_ids[row],
                    "words": len(tokenise(texts[row], model.encoder.config)),
                    "label": labels[row],
                    "answer": str(answers[row]),
                    "share": float(sure[row]),
                }
                for row in rows.tolist()
            ]
            for name, rows in chosen.items()
        },
    }


def _map(model: RunningClassifier, before: NDArray[np.float32]) -> dict[str, Any]:
    """Words on the plane in which they spread most, before and after training; praise lies to the right."""
    index = model.encoder.vocabulary.index
    named = [(word, group) for group, words in enumerate(WORDS) for word in words if word in index]
    rows = [index[word] for word, _ in named]
    both = np.stack([before[rows], model.tensors["embedding.weight"][rows]]).astype(np.float64)
    centred = both - both.mean(axis=(0, 1))
    axes = np.linalg.svd(centred.reshape(-1, both.shape[2]), full_matrices=False)[2][:2]
    points = centred @ axes.T
    # An axis has no direction of its own: praise is put on the higher side, so that the picture stays the same.
    praise = np.array([{0: 1.0, 1: -1.0}.get(group, 0.0) for _, group in named])
    points *= np.where(praise @ points[1] < 0, -1.0, 1.0)
    return {
        "words": [word for word, _ in named],
        "groups": [group for _, group in named],
        "before": points[0].tolist(),
        "after": points[1].tolist(),
    }


def _neighbours(model: RunningClassifier, before: NDArray[np.float32]) -> dict[str, Any]:
    """Nearest words of a few words, by cosine, before and after training."""
    vocabulary, after = model.encoder.vocabulary, model.tensors["embedding.weight"]
    return {
        word: {
            "before": [near for near, _ in neighbours(before, vocabulary, word, 6)],
            "after": [near for near, _ in neighbours(after, vocabulary, word, 6)],
        }
        for word in ASKED
        if word in vocabulary.index
    }
