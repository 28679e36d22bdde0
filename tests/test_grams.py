"""Linear scores of n-grams: the same n-grams as scikit-learn counts, the same fits, answered without it.

Not here: stacks of them (test_stack.py).
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from recurra.batches import join
from recurra.errors import DataError
from recurra.layers.grams.learn import count_grams, fit_logistic
from recurra.layers.grams.run import GramsSpec, counted, grams
from recurra.tasks.heads.judges import NB_SVM
from recurra.text.units import units_of

GENERATOR = np.random.default_rng(0)
KNOWN = ("film", "book", "play", "song", "don't", "3.5", "it's", "x-ray")


def texts_of(labels: np.ndarray) -> list[str]:
    """Texts of five words, of which one hints at the label, nine times in ten rightly."""
    hints = np.where(GENERATOR.random(len(labels)) < 0.9, labels, 1 - labels)
    words = [[KNOWN[place] for place in GENERATOR.integers(0, len(KNOWN), 4)] for _ in labels]
    return [" ".join([*row, ("poor", "fine")[hint]]) for row, hint in zip(words, hints, strict=True)]


TARGETS = np.arange(300) % 2
TEXTS, TRUTHS = texts_of(TARGETS), np.arange(200) % 2
OTHERS = texts_of(TRUTHS)
WEIGHTS = np.ones(len(TARGETS), np.float32)
WORDS = GramsSpec(entries=1, outputs=1)
PIECES = ["ab a", "", "a ab, abc", "x", "ﬁn é"]


def test_n_grams_of_words_are_those_of_scikit_learn() -> None:
    matrix = CountVectorizer(ngram_range=(1, 3), token_pattern=r"\w+|[^\w\s]").fit_transform(PIECES)
    owners, _, counts = counted(join(units_of(PIECES, "word")), "word", 1, 3)
    for row in range(len(PIECES)):
        assert sorted(counts[owners == row].tolist()) == sorted(matrix[row].data.tolist())


def test_n_grams_of_characters_lie_in_one_word_and_the_space_around_it() -> None:
    owners, _, counts = counted(join(units_of(PIECES, "character")), "character", 1, 3)
    for row, text in enumerate(PIECES):
        spaced = f" {' '.join(text.split())} "
        cuts = [spaced[start : start + size] for size in (1, 2, 3) for start in range(len(spaced) - size + 1)]
        wanted = Counter(cut for cut in cuts if " " not in cut[1:-1])
        assert sorted(counts[owners == row].tolist()) == sorted(wanted.values())


def test_no_n_gram_reaches_over_the_end_of_a_text() -> None:
    apart = counted(join([np.array([5, 6]), np.array([7])]), "word", 1, 3)
    assert len(apart.places) == 4 and apart.owners.tolist() == [0, 0, 0, 1]


def test_logistic_regression_on_tf_idf_is_scikit_learns() -> None:
    learnt = count_grams(join(units_of(TEXTS, "word")), WORDS, seen=1)
    spec, weights = fit_logistic(learnt, TARGETS, WEIGHTS, 2)
    scores = grams(spec, weights, join(units_of(OTHERS, "word")))
    bag = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"[^\W_]+(?=n't)|n't|\w+|'\w+|[^\w\s]")
    model = LogisticRegression(C=10, max_iter=1000, tol=1e-6).fit(bag.fit_transform(TEXTS), TARGETS)
    theirs = model.decision_function(bag.transform(OTHERS))
    # Other n-grams at the edges of clitics, the same model: nearly all answers agree.
    assert (((scores[:, 1] - scores[:, 0]) > 0) == (theirs > 0)).mean() > 0.97


@pytest.mark.parametrize("fit", [fit_logistic, NB_SVM])
def test_it_learns_and_a_text_without_a_known_n_gram_gets_the_bias(fit) -> None:  # type: ignore[no-untyped-def]
    learnt = count_grams(join(units_of(TEXTS, "word")), WORDS, seen=2)
    spec, weights = fit(learnt, TARGETS, WEIGHTS, 2)
    assert {name: held.shape for name, held in weights.items()} == spec.weights()
    answers = grams(spec, weights, join(units_of([*OTHERS, "", "zzz"], "word")))
    assert (answers[:-2].argmax(1) == TRUTHS).mean() > 0.85
    np.testing.assert_array_equal(answers[-2:], np.stack([weights["bias"]] * 2))


def test_a_row_that_weighs_more_counts_as_several() -> None:
    tokens = join(units_of(TEXTS, "word"))
    learnt = count_grams(tokens, WORDS, seen=1)
    for fit in (fit_logistic, NB_SVM):
        even, heavy = (
            grams(*fit(learnt, TARGETS, np.where(TARGETS, weight, 1.0), 2), tokens)[:, 1].mean() for weight in (1, 5)
        )
        assert heavy > even


def test_a_class_that_a_fold_lacks_is_never_answered() -> None:
    tokens = join(units_of(["a b", "b c", "c d", "d e"] * 3, "word"))
    for fit in (fit_logistic, NB_SVM):
        learnt = count_grams(tokens, WORDS, seen=1)
        spec, weights = fit(learnt, np.array([0, 2, 0, 2] * 3), np.ones(12), 3)
        assert spec.outputs == 3
        assert not (grams(spec, weights, tokens).argmax(1) == 1).any()


def test_the_most_frequent_n_grams_are_kept() -> None:
    tokens = join(units_of(TEXTS, "word"))
    assert len(count_grams(tokens, WORDS, seen=1, most=50).places) <= 60
    with pytest.raises(DataError, match="no n-gram stands in 2 texts"):
        count_grams(join(units_of(["a", "b"], "word")), WORDS)
