"""What the kept nets of the lab `sentiment` answer: a review word by word, right and wrong reviews, words on a map.

Of the data set's reviews only their numbers, lengths and answers are told, never their text: the texts on the page are
made up here. And why gates: how fast the gradient of the last state fades back through time.

Not here: training the nets (sentiment_nets.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from recurra.batches import Ragged
from recurra.labs.sentiment_data import SentimentData
from recurra.labs.sheet import text_of
from recurra.layers.layer import weights_of
from recurra.layers.recurrent.learn import Recurrent
from recurra.metrics import confusion_matrix
from recurra.tasks.alone import pretrained
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.text.tokenise import tokenise
from recurra.text.vectors import neighbours

READ = (
    "I wanted to love this film. The first half is beautiful and the actors are wonderful, but then the story falls "
    "apart, the jokes get stale, and by the end I was only bored. Not recommended."
)
"""The review that is read word by word: it changes its mind half way."""

MADE_UP = tuple(line.split(" :: ", 1) for line in text_of("reviews").splitlines())
"""Labels and reviews: plain ones first, then contrast, negation, irony and reviews without a word of opinion."""

WORDS: tuple[tuple[str, ...], ...] = (
    ("great", "excellent", "wonderful", "brilliant", "superb", "good", "best"),
    ("terrible", "awful", "boring", "dull", "bad", "worst", "waste"),
    ("film", "plot", "actor"),
)
"""Words of the map: praise, blame, and words of neither."""

ASKED = ("good", "bad", "boring", "brilliant", "plot")
"""Words whose neighbours are told before and after training."""

POSITIVE = "positive"
SUREST = 5
"""Right and wrong answers told, of those that the net is surest of."""

STEPS = 100
TEXTS = 32
"""Steps back in time over which gradients are followed, and texts over which they are averaged."""
FADING = {"literal": "simple RNN, σ", "tanh": "simple RNN, tanh", "lstm": "LSTM", "gru": "GRU"}
"""Variants whose gradients are compared, and what the page calls them."""


def answers_of(nets: Mapping[str, RunningClassifier], data: SentimentData) -> dict[str, Any]:
    """Return everything that the page shows of the nets' answers; the literal net comes first."""
    literal = next(iter(nets.values()))
    told = {"nets": list(nets), "reading": _read(nets), "made_up": _made_up(nets), "test": _answers(literal, data)}
    if data.vectors is not None:
        before = pretrained(data.vectors, literal.encoder.vocabulary).matrix
        told |= {"map": _map(literal, before), "neighbours": _neighbours(literal, before)}
    return told


def _positive(model: RunningClassifier, texts: list[str]) -> NDArray[np.float32]:
    """Probability of a positive review: (texts,)."""
    return model.predict_proba(texts)[:, model.labels.index(POSITIVE)]


def _read(nets: Mapping[str, RunningClassifier]) -> dict[str, Any]:
    """The answer of each net to the first word of a review, the first two, and so on."""
    # Split as the net splits it: each prefix ends at a token, and the picture has a row for each.
    words = tokenise(READ, next(iter(nets.values())).encoder.config)
    prefixes = [" ".join(words[: place + 1]) for place in range(len(words))]
    return {
        "text": READ,
        "words": words,
        "answers": {title: _positive(model, prefixes).tolist() for title, model in nets.items()},
    }


def _made_up(nets: Mapping[str, RunningClassifier]) -> list[dict[str, Any]]:
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
    # Surest by the answer's own probability, whether it is right or not.
    right, sure = answers == np.array(labels), shares.max(axis=1)
    # Stable, so that reviews of the same probability come in their order, on every machine.
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
    # Before and after on one plane: axes of their own would turn the second picture, and words would seem to move.
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


def gradient_record(nets: Mapping[str, RunningClassifier], data: SentimentData) -> dict[str, Any]:
    """Return for each net the mean norm at each distance, trained and with its first weights.

    Norms are relative to the one at distance 0: what is told is how fast the influence of a word fades.
    """
    curves: dict[str, Any] = {"distance": list(range(STEPS))}
    for name, model in nets.items():
        torch.manual_seed(0)
        # One direction and one layer: the question is how far back a cell reaches, not how many of them do.
        plan: Any = model.plan
        spec = plan.recurrent.model_copy(update={"bidirectional": False, "layers": 1})
        first = Recurrent(spec)
        trained = Recurrent(spec)
        tensors = weights_of(model.tensors, "recurrent").items()
        # A copy: arrays of a loaded artefact are read-only, and torch warns of sharing memory with such.
        weights = {weight: torch.from_numpy(value.copy()) for weight, value in tensors}
        trained.load_state_dict({weight: weights[weight] for weight in spec.weights()})
        vectors = _vectors(model, data)
        curves[name] = {"trained": _fading(trained, vectors), "untrained": _fading(first, vectors)}
    return curves


def _vectors(model: RunningClassifier, data: SentimentData) -> torch.Tensor:
    """Token vectors of texts that are long enough, cut to the same length: (texts * steps, size)."""
    encoded = model.encoder.encode(data.validation[0][: 40 * TEXTS])
    long = [ids[:STEPS] for ids in encoded if len(ids) >= STEPS][:TEXTS]
    if not long:
        # Short made-up reviews repeat themselves until they are long enough: gradients need the steps, not the sense.
        long = [np.resize(ids, STEPS) for ids in encoded[:TEXTS]]
    ids = np.concatenate(long)
    plan: Any = model.plan
    return torch.from_numpy(model.tensors["embedding.weight"][ids] * np.float32(plan.embedding.scale))


def _fading(net: Recurrent, vectors: torch.Tensor) -> list[float]:
    inputs = vectors.clone().requires_grad_()
    texts = len(vectors) // STEPS
    offsets = np.arange(texts + 1, dtype=np.int64) * STEPS
    outputs, _ = net(Ragged(inputs, offsets))
    last = outputs.values.view(texts, STEPS, -1)[:, -1]
    # The sum over units takes each unit's gradient at once; only how it fades with distance is told.
    (gradient,) = torch.autograd.grad(last.sum(), inputs)
    # Turned round, so that place 0 is the last word and the axis counts steps back.
    norms = gradient.view(texts, STEPS, -1).norm(dim=2).mean(dim=0).flip(0)
    return [float(norm / norms[0]) for norm in norms]
