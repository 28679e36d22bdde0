"""Texts and labels come in any kind of column; what only looks like one is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.errors import DataError, UsageError
from recurra.estimators.language import LANGUAGE_SETTINGS, LanguageModel
from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
from recurra.tasks.inputs.texts import labels_of, texts_of

TEXTS, LABELS = map(list, synthetic_reviews("train", count=60))
TINY = TEXT_SETTINGS.changed({"hidden": 4, "embedding_size": 4, "epochs": 1, "min_count": 1})
COLUMNS: list[Callable[[list[Any]], Any]] = [
    tuple,
    iter,
    lambda values: (value for value in values),
    np.array,
    lambda values: np.array(values, dtype=object),
    lambda values: pd.Series(values, index=range(100, 100 + len(values))),
    pd.Index,
    lambda values: pd.Series(values).astype("category"),
    pl.Series,
    pa.array,
    lambda values: pa.chunked_array([values[:1], values[1:]]),
    lambda values: dict(zip(values, values, strict=True)).keys() if len(set(values)) == len(values) else values,
]


@pytest.mark.parametrize("column", COLUMNS)
def test_every_kind_of_column_gives_the_same_lists(column: Callable[[list[Any]], Any]) -> None:
    assert labels_of(column(["b", "a", "b"])) == ["b", "a", "b"]
    assert [type(label) for label in labels_of(column([3, 1, 3]))] == [int, int, int]
    assert labels_of(column([True, False])) == [True, False]
    if column is not COLUMNS[-1]:
        assert texts_of(column(["x", "y", "x"])) == ["x", "y", "x"]


@pytest.fixture(scope="module")
def fitted() -> TextClassifier:
    return TextClassifier(config=TINY).fit(TEXTS, LABELS)


@pytest.mark.parametrize("column", COLUMNS[:-1])
def test_a_fit_on_any_column_learns_the_same(column: Callable[[list[Any]], Any], fitted: TextClassifier) -> None:
    one = TextClassifier(config=TINY).fit(column(TEXTS), column(LABELS))
    assert np.array_equal(one.predict_proba(column(TEXTS)), fitted.predict_proba(TEXTS))
    assert one.score(column(TEXTS), column(LABELS)) == fitted.score(TEXTS, LABELS)
    assert one.evaluate(column(TEXTS), column(LABELS)) == fitted.evaluate(TEXTS, LABELS)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("a single text", r"texts must be a list; found a single text; write \[text\]"),
        (b"bytes", "texts must be a list; found a single text"),
        (
            pd.DataFrame({"text": ["a"], "label": ["b"]}),
            r"one column; found a table of 'text', 'label'; .* frame\['text'\]",
        ),
        (pl.DataFrame({"body": ["a"]}), r"found a table of 'body'; name the column, such as frame\['body'\]"),
        (pa.table({"body": ["a"]}), "found a table of 'body'"),
        (np.array([["a"], ["b"]]), "texts must be one column; found 2 dimensions"),
        (np.array("a"), "texts must be one column; found 0 dimensions"),
        ({"a", "b"}, "texts must be a list; found set"),
        ({"a": 1}, "texts must be a list; found dict"),
        (None, "texts must be a list; found NoneType"),
        (3, "texts must be a list; found int"),
    ],
)
def test_what_is_no_column_is_refused_at_every_door(given: Any, told: str, fitted: TextClassifier) -> None:
    language = LanguageModel(epochs=1)
    asks: list[Callable[[], object]] = [
        lambda: TextClassifier(config=TINY).fit(given, LABELS),
        lambda: fitted.predict(given),
        lambda: fitted.predict_proba(given),
        lambda: fitted.score(given, LABELS),
        lambda: fitted.evaluate(given, LABELS),
        lambda: language.fit(given),
    ]
    for ask in asks:
        with pytest.raises(UsageError, match=told):
            ask()
    for ask in (lambda: TextClassifier(config=TINY).fit(TEXTS, given), lambda: fitted.evaluate(TEXTS, given)):
        with pytest.raises(UsageError, match=told.replace("texts must", "labels must")):
            ask()


def test_single_texts_are_refused_where_parts_and_prompts_are_given() -> None:
    wordy = LANGUAGE_SETTINGS.changed({"hidden": 4, "embedding_size": 4, "epochs": 1, "streams": 2})
    with pytest.raises(UsageError, match="validation_data must be a list; found a single text"):
        LanguageModel(config=wordy).fit(TEXTS, validation_data="the film")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"validation_data; found list; allowed: a pair \(texts, labels\)"):
        TextClassifier(config=TINY).fit(TEXTS, LABELS, validation_data=TEXTS)  # type: ignore[arg-type]
    model = LanguageModel(config=wordy).fit(TEXTS)
    with pytest.raises(UsageError, match="texts must be a list"):
        model.perplexity("the film")  # type: ignore[arg-type]
    for prompt in (["the film"], b"the film", None, 3):
        with pytest.raises(DataError, match="this is no text"):
            model.generate(prompt)  # type: ignore[arg-type]
        with pytest.raises(DataError, match="this is no text"):
            model.next_words(prompt)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "nothing", [None, float("nan"), np.nan, np.float32("nan"), pd.NA, pd.NaT, np.datetime64("NaT")]
)
def test_nothing_is_no_label_and_no_text_whatever_it_is(nothing: Any) -> None:
    for labels in (["a", nothing], [nothing, "a"], np.array(["a", nothing], dtype=object), pd.Series(["a", nothing])):
        with pytest.raises(DataError, match=r"row \d has no label; found"):
            labels_of(labels)
    with pytest.raises(DataError, match="row 2 is no text; found "):
        texts_of(["a", nothing])


@pytest.mark.parametrize("column", [pd.array([1, None], dtype="Int64"), pd.array(["a", None], dtype="string")])
def test_a_gap_in_a_pandas_column_is_a_missing_label(column: Any) -> None:
    with pytest.raises(DataError, match="row 2 has no label; found <NA>"):
        labels_of(pd.Series(column))


def test_words_for_missing_are_refused_in_python_too_unless_they_are_classes() -> None:
    moods = ["joy", "none"] * 30
    with pytest.raises(
        DataError, match="row 2 has no label; found 'none'; where it is a class: labels_as_written=True"
    ):
        TextClassifier(config=TINY).fit(TEXTS, moods)
    one = TextClassifier(config=TINY).fit(TEXTS, moods, labels_as_written=True)
    assert one.classes_.tolist() == ["joy", "none"] and one.evaluate(TEXTS, moods)["rows"] == 60


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([1, "1"], "labels mix texts with others; found 1 in row 1, '1' in row 2"),
        (["yes", True], "labels mix texts with others"),
        ([(1, 2), (3, 4)], r"row 1 has no usable label; found \(1, 2\); allowed: texts, finite numbers or truth"),
        ([1.0, float("inf")], "row 2 has no usable label; found inf"),
        ([b"a", b"b"], "row 1 has no usable label"),
    ],
)
def test_labels_that_cannot_be_kept_are_refused(labels: list[Any], told: str) -> None:
    with pytest.raises(DataError, match=told):
        labels_of(labels)


def test_numbers_of_different_types_are_one_class() -> None:
    assert labels_of([0, 1.0, np.int8(0), np.float32(1), True]) == [0, 1.0, 0, 1.0, True]
    one = TextClassifier(config=TINY).fit(TEXTS, [0, 1.0, True] * 20)
    assert one.classes_.tolist() == [0.0, 1.0]


def test_nothing_to_predict_gives_nothing_of_the_right_type(fitted: TextClassifier) -> None:
    assert fitted.predict_proba([]).shape == (0, 2) and fitted.predict_proba([]).dtype == np.float32
    assert fitted.predict([]).shape == (0,) and fitted.predict([]).dtype == fitted.classes_.dtype
    with pytest.raises(DataError, match="no rows"):
        fitted.evaluate([], [])
    for learn in (lambda: TextClassifier(config=TINY).fit([], []), lambda: LanguageModel(epochs=1).fit([])):
        with pytest.raises(DataError):
            learn()


def test_columns_of_different_lengths_are_refused(fitted: TextClassifier) -> None:
    for ask in (fitted.evaluate, fitted.score, TextClassifier(config=TINY).fit):
        with pytest.raises(DataError, match="texts and labels differ in number; found 60 texts, 59 labels"):
            ask(TEXTS, LABELS[:-1])
    with pytest.raises(DataError, match="sample_weight; allowed"):
        TextClassifier(config=TINY).fit(TEXTS, LABELS, sample_weight=["heavy"] * 60)  # type: ignore[list-item]
