"""Majority and NB-SVM: the n-grams they see, the ratios by hand, and what they can and cannot tell apart.

Not here: their figures on real reviews, which are measured by the benchmarks.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from recurra.baselines.nb_svm import NBSVM, learn_ngrams, log_count_ratios, ngram_matrix, words_and_marks
from recurra.errors import DataError, UsageError
from recurra.tasks.heads.classes.measure import commonest

LETTERS = list("abcdefgh")


def sentences(rows: int, *, seed: int) -> list[str]:
    generator = np.random.default_rng(seed)
    return [" ".join(generator.choice(LETTERS, generator.integers(0, 12))) for _ in range(rows)]


def columns_as_sets(matrix: np.ndarray) -> list[bytes]:
    return sorted(column.astype(np.int8).tobytes() for column in matrix.T)


@pytest.mark.parametrize("longest", [1, 2, 3])
@pytest.mark.parametrize("min_count", [1, 3])
def test_ngrams_are_those_scikit_learn_counts(longest: int, min_count: int) -> None:
    texts, more = sentences(60, seed=1), sentences(20, seed=2)
    features, matrix = learn_ngrams(texts, longest=longest, min_count=min_count)
    rival = CountVectorizer(token_pattern=r"\w", ngram_range=(1, longest), binary=True, min_df=min_count)
    expected = rival.fit_transform(texts).toarray()
    both = np.vstack([matrix.toarray(), ngram_matrix(features, more).toarray()])
    assert columns_as_sets(both) == columns_as_sets(np.vstack([expected, rival.transform(more).toarray()]))


def test_finding_ngrams_again_gives_the_training_matrix() -> None:
    texts = sentences(50, seed=3)
    features, matrix = learn_ngrams(texts, min_count=2)
    assert np.array_equal(ngram_matrix(features, texts).toarray(), matrix.toarray())


def test_an_unknown_word_breaks_the_ngrams_around_it() -> None:
    features, _ = learn_ngrams(["a b c"])
    assert ngram_matrix(features, ["a b c"]).sum() == 6
    assert ngram_matrix(features, ["a x b c"]).sum() == 4
    assert ngram_matrix(features, ["", "x y"]).sum() == 0


def test_words_are_lowered_and_marks_stand_alone() -> None:
    assert words_and_marks("Don't — it’s GOOD (9/10)!") == [
        *("don't", "—", "it’s", "good", "(", "9", "/", "10", ")", "!")
    ]


def test_log_count_ratios_equal_those_worked_out_by_hand() -> None:
    features, matrix = learn_ngrams(["a b", "a", "b", "c"], longest=1)
    found = log_count_ratios(matrix, np.array([True, True, False, False]), alpha=1.0)
    assert features.words == {"a": 1, "b": 2, "c": 3}
    # inside: a 2, b 1, c 0, each plus 1; outside: a 0, b 1, c 1, each plus 1
    expected = [math.log((3 / 6) / (1 / 5)), math.log((2 / 6) / (2 / 5)), math.log((1 / 6) / (2 / 5))]
    assert found == pytest.approx(expected)


def test_nb_svm_learns_a_word_among_noise() -> None:
    texts = sentences(400, seed=4)
    labels = ["yes" if "a" in text else "no" for text in texts]
    model = NBSVM().fit(texts[:300], labels[:300])
    assert np.mean(np.array(model.predict(texts[300:])) == labels[300:]) > 0.95
    chances = model.predict_proba(texts[300:])
    assert model.labels_ == ["no", "yes"]
    assert chances.sum(axis=1) == pytest.approx(np.ones(100))
    odds = model.log_odds(texts[300:])
    assert odds.shape == (100,)
    assert model.predict([]) == []
    assert np.log(chances[:, 1] / chances[:, 0]) == pytest.approx(odds, abs=1e-6)


def test_nb_svm_is_as_good_whatever_order_the_labels_come_in() -> None:
    texts = sentences(400, seed=4)
    labels = ["yes" if "a" in text else "no" for text in texts]
    by_label = {label: [row for row, each in enumerate(labels) if each == label] for label in ("yes", "no")}
    few = min(map(len, by_label.values()))
    alternating = [row for pair in zip(by_label["yes"][:few], by_label["no"][:few], strict=True) for row in pair]
    odds = [
        NBSVM().fit([texts[row] for row in order], [labels[row] for row in order]).log_odds(texts)
        for order in (alternating, sorted(alternating, key=lambda row: labels[row]))
    ]
    assert odds[0] == pytest.approx(odds[1], abs=0.05)


def test_nb_svm_tells_three_classes_apart() -> None:
    texts = [text + extra for text in sentences(100, seed=5) for extra in (" x y", " y x", " z")]
    labels = ["xy", "yx", "z"] * 100
    model = NBSVM(min_count=2).fit(texts[:240], labels[:240])
    assert model.predict(texts[240:]) == labels[240:]
    assert model.log_odds(texts).shape == (300, 3)
    assert model.predict_proba(texts).sum(axis=1) == pytest.approx(np.ones(300))


def test_nb_svm_takes_another_tokeniser_and_repeats_itself() -> None:
    texts = ["AB", "AA", "BA", "BB"] * 10
    labels = ["same" if text[0] == text[1] else "other" for text in texts]
    models = [NBSVM(tokenise=list, longest=2).fit(texts, labels) for _ in range(2)]
    assert models[0].predict(texts) == labels
    assert np.array_equal(models[0].log_odds(texts), models[1].log_odds(texts))


def test_bad_training_data_is_refused() -> None:
    with pytest.raises(DataError, match="found 1 class; allowed: 2 or more"):
        NBSVM().fit(["a", "b"], ["x", "x"])
    with pytest.raises(DataError, match="differ in number; found 2 and 1"):
        NBSVM().fit(["a", "b"], ["x"])
    with pytest.raises(DataError, match="hold no words"):
        NBSVM().fit(["", " "], ["x", "y"])
    with pytest.raises(DataError, match="no n-gram is frequent enough"):
        NBSVM(min_count=3).fit(["a", "b"], ["x", "y"])
    with pytest.raises(UsageError, match="allowed: 1 to 3"):
        NBSVM(longest=4).fit(["a", "b"], ["x", "y"])


def test_majority_says_the_commonest_label() -> None:
    assert commonest(["b", "a", "b"]) == "b"
    assert commonest(["b", "a", "b", "a"]) == "a"
