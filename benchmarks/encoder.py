"""How good a sentence encoder is: logistic regression on its vectors with few labels, beside other features.

Nine public sets (text_sets.py); 200 and 1,000 labels drawn three times, the official test part or one fold of five, of
which 2,000 rows at most. Rivals on the same rows: the teacher itself, the mean of GloVe's vectors, TF-IDF. The penalty
is scikit-learn's default for vectors of length 1, and C = 10 for TF-IDF, in all sets alike: nothing is chosen on test.
Speed and size too, on one thread.

Run: `python benchmarks/encoder.py --cache FOLDER [ARTEFACT]`; needs the extra `pretrain`. The teacher's vectors are
kept in the cache. It writes results/encoder.json.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pretraining.teacher import Teacher
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize
from smoke import SMOKE, sized
from text_sets import SETS, Rows, few, text_set
from writing import PARTS, write_result

import recurra
from recurra.artefact import resolve
from recurra.config import TextConfig
from recurra.datasets.known.sets import find
from recurra.text.tokenise import tokenise
from recurra.text.vectors import load_vectors
from recurra.text.vocabulary import SPECIAL_WORDS, Vocabulary

LABELS = sized((200, 1_000), (40,))
SEEDS = sized((0, 1, 2), (0,))
MOST = sized(2_000, 50)
"""Test rows of a set, at most."""
Features = Callable[[str, list[str]], Any]
"""(name of the rows, texts) -> matrix (texts, features)."""


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artefact", nargs="?", default="encoder-en")
    parser.add_argument("--cache", default=str(PARTS / "texts"), help="folder of the teacher's vectors")
    parser.add_argument("--sets", default=",".join(SETS), help="names apart by commas")
    asked = parser.parse_args()
    encoder: Any = recurra.load(asked.artefact)
    features: dict[str, Features] = {
        asked.artefact: lambda _, texts: encoder.transform(texts),
        "teacher (all-MiniLM-L6-v2)": _teacher(Path(asked.cache) / "judged"),
        "mean of GloVe": _glove(),
    }
    sets = {name: measured(name, features) for name in asked.sets.split(",")}
    means = {
        labels: {who: statistics.fmean(row[labels][who]["mean"] for row in sets.values()) for who in (*features, TFIDF)}
        for labels in map(str, LABELS)
    }
    print(means)
    write_result(
        "encoder", {"sets": sets, "means": means, "speed": _speed(encoder), "size": _size(asked.artefact)}, seeds=SEEDS
    )


TFIDF = "TF-IDF"


def measured(name: str, features: dict[str, Features]) -> dict[str, Any]:
    """Accuracy of each kind of features on one set, in percent, for each number of labels."""
    train, test = text_set(name)
    test = test.at(np.random.default_rng(0).permutation(len(test.texts))[:MOST])
    held = {who: make(f"{name}-test", test.texts) for who, make in features.items()}
    record: dict[str, Any] = {}
    for labels in LABELS:
        scores: dict[str, list[float]] = {who: [] for who in (*features, TFIDF)}
        for seed in SEEDS:
            rows = few(train, labels, seed)
            for who, make in features.items():
                scores[who].append(_right(make(f"{name}-{labels}-{seed}", rows.texts), rows, held[who], test))
            bag = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
            learnt = bag.fit_transform(rows.texts)
            scores[TFIDF].append(_right(learnt, rows, bag.transform(test.texts), test, inverse_penalty=10.0))
        record[str(labels)] = {
            who: {"mean": round(statistics.fmean(each), 2), "values": [round(one, 2) for one in each]}
            for who, each in scores.items()
        }
        print(name, labels, {who: told["mean"] for who, told in record[str(labels)].items()}, flush=True)
    return record


def _right(learnt: Any, rows: Rows, asked: Any, test: Rows, *, inverse_penalty: float = 1.0) -> float:
    with warnings.catch_warnings():
        # A few sets do not converge in 300 steps; the last digits do not matter here.
        warnings.simplefilter("ignore")
        model = LogisticRegression(C=inverse_penalty, max_iter=300).fit(learnt, rows.labels)
    return 100 * float((model.predict(asked) == np.array(test.labels)).mean())


def _teacher(folder: Path) -> Features:
    folder.mkdir(parents=True, exist_ok=True)
    kept: list[Teacher] = []

    def vectors(name: str, texts: list[str]) -> NDArray[np.float32]:
        path = folder / f"{name}{'-smoke' if SMOKE else ''}.npy"
        if not path.exists():
            kept[:] = kept or [Teacher()]
            # 256 pieces: the teacher reads no more (its card), and a long post is cut there.
            np.save(path, kept[0].vectors(texts, longest=256))
        return np.asarray(np.load(path), np.float32)

    return vectors


def _glove() -> Features:
    place = find("glove")
    if place is None and not SMOKE:
        raise FileNotFoundError("GloVe is not on this machine: set RECURRA_DATA, or `recurra data get glove`")

    def vectors(_: str, texts: list[str]) -> NDArray[np.float32]:
        rows = [tokenise(text, TextConfig()) for text in texts]
        words = Vocabulary((*SPECIAL_WORDS, *sorted({word for row in rows for word in row} - set(SPECIAL_WORDS))))
        table = load_vectors(str(place), words).matrix if place else np.ones((len(words), 3))
        means = [table[words.ids(row)].mean(0) if row else np.zeros(table.shape[1]) for row in rows]
        return np.asarray(normalize(np.stack(means)), np.float32)

    return vectors


def _speed(encoder: Any) -> dict[str, float]:
    """Texts a second of one core's time: of 10 and 100 words, and of 100 tokens (words, pieces of rare ones, marks).

    The process's own time, not the clock's: a machine busy with other work would tell of that work.
    """
    from recurra.engine.processors import engine_threads

    train, _ = text_set("20news")
    words = " ".join(train.texts[:400]).split()
    ones = [1] * len(words)
    tokens = [len(ids) for ids in encoder.model_.encoder.encode_whole(words)]
    found: dict[str, float] = {}
    for length, what, sizes in ((10, "words", ones), (100, "words", ones), (100, "tokens", tokens)):
        texts = _cut(words, sizes, length)[:2_000]
        with engine_threads(1):
            encoder.transform(texts)
            seconds = []
            for _ in range(sized(7, 1)):
                began = time.process_time()
                encoder.transform(texts)
                seconds.append(time.process_time() - began)
        found[f"{length} {what}"] = round(len(texts) / statistics.median(seconds))
    return found


def _cut(words: list[str], sizes: list[int], length: int) -> list[str]:
    """Texts of neighbouring words whose sizes sum to at most `length`."""
    texts, kept, total = [], list[str](), 0
    for word, size in zip(words, sizes, strict=True):
        if total + size > length and kept:
            texts.append(" ".join(kept))
            kept, total = [], 0
        kept.append(word)
        total += size
    return texts


def _size(artefact: str) -> float:
    """Megabytes of the folder."""
    return round(sum(path.stat().st_size for path in resolve(Path(artefact)).iterdir()) / 1e6, 2)


if __name__ == "__main__":
    main()
