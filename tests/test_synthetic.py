"""Synthetic reviews: repeatable, balanced, readable, labelled by their structure, and closed to order-blind models.

Not here: what a recurrent net makes of them, which the training tests and benchmarks show.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest

from recurra.baselines.nb_svm import NBSVM
from recurra.datasets.known.synthetic import (
    LONGEST,
    NEGATIVE,
    POSITIVE,
    SHORTEST,
    SPLITS,
    TESTING,
    TRAINING,
    ReviewPart,
    synthetic_reviews,
)
from recurra.errors import UsageError

NEGATIONS = re.compile(r"\b(not|never|nobody)\b")
ADJECTIVES = re.compile(rf"\b({'|'.join(POSITIVE + NEGATIVE)})\b")


def said(remark: str) -> bool:
    """Whether a remark praises: its adjective, turned around once by each negation."""
    (adjective,) = ADJECTIVES.findall(remark)
    return (adjective in POSITIVE) == (len(NEGATIONS.findall(remark)) % 2 == 0)


def verdict(text: str) -> bool:
    """Read a review as a person would: which remark rules, and what it says."""
    text = text.lower()
    if match := re.search(r"^(.*\. )?(?:although|even though) [^,]", text):
        after = text[match.end() - 1 :]
        return said(after[second_remark(after) :])
    for cue in (", although ", ", even though "):
        if cue in text:
            return said(text.split(cue)[0])
    for cue in (", but ", ". but ", ", yet ", ", and yet ", ". and yet "):
        if cue in text:
            return said(text.split(cue)[1])
    remarks = [part for part in re.split(r"\. |, and ", text) if ADJECTIVES.search(part)]
    verdicts = {said(remark) for remark in remarks}
    assert len(verdicts) == 1, text
    return verdicts.pop()


def second_remark(text: str) -> int:
    """Where the clause after the concession starts: at the comma before a prefix or remark of the grammar."""
    beginnings = {plan.split("{")[0] for shape in TRAINING.shapes + TESTING.shapes for plan, _ in shape} - {""}
    beginnings |= {"the ", *(prefix.lower() for prefix in TRAINING.prefixes + TESTING.prefixes if prefix)}
    first = ADJECTIVES.search(text)
    assert first
    starts = [match.end() for match in re.finditer(", ", text) if match.end() > first.end()]
    return next(start for start in starts if text.startswith(tuple(beginnings), start))


@pytest.mark.parametrize("split", SPLITS)
def test_a_reader_of_the_structure_agrees_with_every_label(split: ReviewPart) -> None:
    texts, labels = synthetic_reviews(split, count=800, seed=1)
    assert [("negative", "positive")[verdict(text)] for text in texts] == labels


@pytest.mark.parametrize("split", SPLITS)
def test_the_same_seed_gives_the_same_reviews_and_another_seed_others(split: ReviewPart) -> None:
    assert synthetic_reviews(split, count=50, seed=3) == synthetic_reviews(split, count=50, seed=3)
    assert not set(synthetic_reviews(split, count=50, seed=3)[0]) & set(synthetic_reviews(split, count=50, seed=4)[0])


@pytest.mark.parametrize("split", SPLITS)
def test_labels_are_balanced_and_mixed_and_texts_differ(split: ReviewPart) -> None:
    texts, labels = synthetic_reviews(split, count=1001)
    assert Counter(labels) == {"negative": 501, "positive": 500}
    assert len(set(texts)) == 1001
    assert 400 < sum(a != b for a, b in pairwise(labels)) < 600


@pytest.mark.parametrize("split", SPLITS)
def test_texts_are_sentences_of_8_to_40_words(split: ReviewPart) -> None:
    texts, _ = synthetic_reviews(split, count=600)
    lengths = [len(text.split()) for text in texts]
    assert SHORTEST <= min(lengths) < max(lengths) <= LONGEST
    for text in texts:
        assert re.fullmatch(r"[A-Za-z0-9 ,.]+", text), text
        assert not re.search(r"  | ,|,,| \.|,\.|\ba [aeiou]", text), text
        assert all(sentence[0].isupper() or sentence[0].isdigit() for sentence in text[:-1].split(". "))
        assert text.endswith(".")


def test_train_and_validation_never_share_a_text() -> None:
    train, validation = (set(synthetic_reviews(split, count=2000)[0]) for split in ("train", "validation"))
    assert not train & validation


def test_the_test_grammar_has_plans_nouns_and_fillers_of_its_own() -> None:
    shared = {
        field.name: set(getattr(TRAINING, field.name)) & set(getattr(TESTING, field.name)) for field in fields(TRAINING)
    }
    # what joins two remarks has to be common: it is what a model learns to obey
    joined = " ".join(frame.plan for frame in shared.pop("opposed") | shared.pop("agreed"))
    assert set(re.findall(r"[a-z]{2,}", joined)) == {"but", "yet", "and", "although", "even", "though"}
    assert not any(shared.values())
    plans = [{plan for shape in grammar.shapes for plan, _ in shape} for grammar in (TRAINING, TESTING)]
    assert not plans[0] & plans[1]


def test_polarity_words_of_the_test_part_are_all_seen_in_training() -> None:
    words = [set(re.findall(r"\w+", " ".join(synthetic_reviews(split, count=1500)[0]))) for split in ("train", "test")]
    assert set(POSITIVE + NEGATIVE) <= words[0] & words[1]
    unseen = {word.lower() for word in words[1]} - {word.lower() for word in words[0]}
    assert len(unseen) > 50


def test_ngrams_do_not_tell_the_verdict() -> None:
    train, test = synthetic_reviews("train", count=3000), synthetic_reviews("test", count=1000)
    for longest in (1, 3):
        found = NBSVM(longest=longest).fit(*train).predict(test[0])
        assert np.mean(np.array(found) == test[1]) < 0.72


def test_wrong_requests_are_refused() -> None:
    with pytest.raises(UsageError, match="unknown split; found 'dev'; allowed: train, validation, test"):
        synthetic_reviews("dev", count=1)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="allowed: 0 to 1000000"):
        synthetic_reviews("train", count=-1)
    with pytest.raises(UsageError, match="allowed: 0 or more"):
        synthetic_reviews("train", count=1, seed=-1)
    assert synthetic_reviews("train", count=0) == ([], [])
