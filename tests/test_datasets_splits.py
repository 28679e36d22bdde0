"""Splits are made once, from a seed, and keep apart what must be apart."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.datasets.splits import Split, folds, split, split_time
from recurra.errors import DataError, UsageError

LABELS = ["a"] * 700 + ["b"] * 250 + ["c"] * 50


def rows_of(parts: Split) -> list[int]:
    return sorted([*parts.train.tolist(), *parts.validation.tolist()])


def test_every_row_is_in_exactly_one_part_and_the_order_is_random() -> None:
    parts = split(1000, share=0.2, seed=3)
    assert rows_of(parts) == list(range(1000)) and parts.validation.size == 200
    assert not np.array_equal(parts.train, np.sort(parts.train))


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    first, second, third = (split(100, labels=LABELS[650:750], seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.train, second.train) and np.array_equal(first.validation, second.validation)
    assert set(first.validation.tolist()) != set(third.validation.tolist())


def test_every_class_gives_its_share() -> None:
    held = Counter(LABELS[row] for row in split(1000, labels=LABELS, share=0.1, seed=0).validation)
    assert held == {"a": 70, "b": 25, "c": 5}


def test_rounding_leaves_the_total_right() -> None:
    labels = [str(row % 7) for row in range(100)]
    assert split(100, labels=labels, share=0.1).validation.size == 10


def test_a_class_of_one_row_stays_in_training_with_a_warning() -> None:
    labels = ["a"] * 20 + ["b"] * 20 + ["rare"]
    for seed in range(20):
        parts = split(41, labels=labels, share=0.2, seed=seed)
        assert 40 in parts.train.tolist()
        assert parts.warnings == ("the validation part has no row of 1 class: 'rare' (1 in all)",)


def test_only_classes_of_one_row_cannot_be_split() -> None:
    with pytest.raises(DataError, match=r"every class has one row only"):
        split(5, labels=list("abcde"))


def test_no_group_is_on_both_sides_and_classes_keep_their_share() -> None:
    generator = np.random.default_rng(0)
    groups = [f"film {number}" for number in generator.integers(0, 120, 1000)]
    parts = split(1000, labels=LABELS, groups=groups, share=0.2, seed=1)
    assert rows_of(parts) == list(range(1000))
    assert not {groups[row] for row in parts.train} & {groups[row] for row in parts.validation}
    held = Counter(LABELS[row] for row in parts.validation)
    assert abs(held["a"] - 140) <= 12 and abs(held["b"] - 50) <= 8 and abs(held["c"] - 10) <= 4


def test_rows_without_a_group_are_groups_of_their_own() -> None:
    parts = split(100, groups=[None, ""] * 50, share=0.3)
    assert parts.validation.size == 30


def test_one_group_cannot_be_split() -> None:
    with pytest.raises(DataError, match="too few groups to split: need 2, have 1"):
        split(3, groups=["g"] * 3)


def test_two_large_groups_still_give_two_parts() -> None:
    parts = split(10, groups=["g"] * 7 + ["h"] * 3, share=0.1)
    assert sorted(parts.validation.tolist()) == [7, 8, 9]


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("uvwxyz")), min_size=2, max_size=40),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 9),
    grouped=st.booleans(),
)
def test_no_input_loses_a_row_or_leaves_a_part_empty(
    rows: list[tuple[str, str]], share: float, seed: int, grouped: bool
) -> None:
    labels, groups = [row[0] for row in rows], [row[1] for row in rows] if grouped else None
    try:
        parts = split(len(rows), labels=labels, groups=groups, share=share, seed=seed)
    except DataError:
        assert len(set(groups or labels)) in (1, len(rows))
        return
    assert rows_of(parts) == list(range(len(rows)))
    assert parts.train.size and parts.validation.size


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, float("nan")])
def test_a_share_outside_zero_to_one_is_a_usage_error(share: float) -> None:
    with pytest.raises(UsageError, match="validation share"):
        split(10, share=share)


def test_one_row_cannot_be_split() -> None:
    with pytest.raises(DataError, match="need 2, have 1"):
        split(1)


def test_labels_of_another_length_are_a_usage_error() -> None:
    with pytest.raises(UsageError, match="2 labels, 3 rows"):
        split(3, labels=["a", "b"])


def test_a_split_survives_json() -> None:
    parts = split(41, labels=["a"] * 40 + ["b"], seed=5)
    back = Split.from_json(json.loads(json.dumps(parts.as_json())))
    assert np.array_equal(back.train, parts.train) and np.array_equal(back.validation, parts.validation)
    assert back.warnings == parts.warnings and back.train.dtype == np.int64


def test_a_split_by_time_holds_the_last_steps_out_behind_a_gap() -> None:
    parts = split_time(10, validation=3, gap=2)
    assert parts.train.tolist() == [0, 1, 2, 3, 4] and parts.validation.tolist() == [7, 8, 9]


def test_too_few_steps_tell_need_and_have() -> None:
    with pytest.raises(DataError, match="need 6, have 5"):
        split_time(5, validation=3, gap=2)
    with pytest.raises(UsageError, match="validation=0"):
        split_time(5, validation=0)


def test_folds_hold_every_row_out_once_and_stay_stratified() -> None:
    parts = folds(1000, 5, labels=LABELS, seed=2)
    assert sorted(row for part in parts for row in part.validation.tolist()) == list(range(1000))
    for part in parts:
        assert rows_of(part) == list(range(1000))
        held = Counter(LABELS[row] for row in part.validation)
        assert held == {"a": 140, "b": 50, "c": 10}


def test_copies_of_a_text_stand_in_one_fold() -> None:
    texts = [str(row % 300) for row in range(1000)]
    parts = folds(1000, 5, labels=LABELS, texts=texts, seed=2)
    assert sorted(row for part in parts for row in part.validation.tolist()) == list(range(1000))
    for part in parts:
        assert not {texts[row] for row in part.validation} & {texts[row] for row in part.train}
    # Without copies the draw is the one by class alone.
    apart, alike = (folds(1000, 5, labels=LABELS, texts=some, seed=2) for some in (None, [*map(str, range(1000))]))
    assert [part.as_json() for part in apart] == [part.as_json() for part in alike]


def test_fewer_rows_than_folds_is_a_clear_message() -> None:
    with pytest.raises(DataError, match="fewer texts than folds: need 3, have 2"):
        folds(4, 3, texts=["a", "a", "b", "b"])
    with pytest.raises(DataError, match="need 5, have 3"):
        folds(3, 5)
    with pytest.raises(UsageError, match="too few folds"):
        folds(3, 1)
