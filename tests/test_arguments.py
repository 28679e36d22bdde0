"""Single arguments at their edges: NumPy's numbers are numbers, and what is out of range is told the range."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import RandomizedSearchCV

from command_line import recurra, refused
from recurra.arguments import positive, seed_of, share, truth, whole
from recurra.config import Settings
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.errors import DataError, UsageError
from recurra.estimators.language import LANGUAGE_SETTINGS, LanguageModel
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
from small_models import language_model, save_all, series_model

TEXTS, LABELS = synthetic_reviews("train", count=60)
TINY = TEXT_SETTINGS.changed({"hidden": 4, "embedding_size": 4, "epochs": 1, "min_count": 1})
NO_NUMBERS: list[Any] = ["3", True, np.bool_(True), 2.5, float("nan"), [3], None, b"3"]


def test_numpys_numbers_are_numbers_in_every_setting() -> None:
    given = {"hidden": np.int64(8), "epochs": np.uint8(2), "dropout": np.float32(0.25), "learning_rate": np.float64(1)}
    more = {"bidirectional": np.bool_(True), "cell": np.str_("gru"), "pool": np.array(["mean", "max"])}
    settings = Settings().changed(given | more)
    assert (settings.net.hidden, settings.training.epochs, settings.net.dropout) == (8, 2, 0.25)
    assert settings.net.bidirectional is True and settings.net.cell == "gru" and settings.net.pool == ("mean", "max")
    assert type(settings.net.hidden) is int and type(settings.net.cell) is str
    assert settings == Settings().changed(
        {"hidden": 8, "epochs": 2, "dropout": 0.25, "learning_rate": 1.0}
        | {"bidirectional": True, "cell": "gru", "pool": ["mean", "max"]}
    )


@pytest.mark.parametrize(
    "value", [np.float64(8.5), np.bool_(True), np.array([8]), object(), {8}, "8", np.float64("nan")]
)
def test_what_is_no_whole_number_is_refused_with_the_field(value: Any) -> None:
    with pytest.raises(UsageError, match=r"net\.hidden: Input should be a valid integer, found"):
        Settings().changed({"hidden": value})


def test_estimators_take_numpys_numbers_and_search_over_them() -> None:
    one = TextClassifier(hidden=np.int64(4), epochs=np.int64(1), validation=np.float64(0.2), config=TINY)  # type: ignore[arg-type]
    one.set_params(random_state=np.int64(3), wide=np.bool_(False)).fit(TEXTS, LABELS)
    same = TextClassifier(hidden=4, epochs=1, validation=0.2, random_state=3, config=TINY).fit(TEXTS, LABELS)
    assert np.array_equal(one.predict_proba(TEXTS), same.predict_proba(TEXTS))
    choices = {
        "hidden": np.array([2, 4]),
        "learning_rate": np.geomspace(1e-3, 1e-2, 3),
        "bidirectional": np.array([True]),
    }
    search = RandomizedSearchCV(TextClassifier(config=TINY), choices, n_iter=2, cv=2, random_state=0).fit(TEXTS, LABELS)
    assert search.best_params_["hidden"] in (2, 4)
    forecaster = Forecaster(horizon=np.int64(2), validation=np.int64(4), epochs=np.int64(1))  # type: ignore[arg-type]
    assert forecaster.fit(np.arange(40.0)).predict(steps=np.int64(3), level=np.array([80, 95])).shape == (3,)


def test_a_random_state_is_what_scikit_learn_takes() -> None:
    state, again = np.random.RandomState(5), np.random.RandomState(5)
    assert seed_of("seed", 7) == seed_of("seed", np.int64(7)) == 7
    first, second = seed_of("seed", state), seed_of("seed", state)
    assert first != second and (first, second) == (seed_of("seed", again), seed_of("seed", again))
    assert seed_of("seed", np.random.default_rng(1)) == seed_of("seed", np.random.default_rng(1))
    assert seed_of("seed", None) != seed_of("seed", None)
    for wrong in (-1, 2**63, 1.0, "1", True, [1], np.float64(1), np.random):
        with pytest.raises(UsageError, match=r"random_state; found .*; allowed: None, a whole number from 0 to 9,223"):
            seed_of("random_state", wrong)


@pytest.mark.parametrize("state", [None, np.random.RandomState(0), np.random.default_rng(0), 2**63 - 1])
def test_every_task_learns_with_any_random_state(state: Any) -> None:
    assert TextClassifier(random_state=state, config=TINY).fit(TEXTS, LABELS).predict(TEXTS[:1]).shape == (1,)
    wordy = LANGUAGE_SETTINGS.changed({"hidden": 4, "embedding_size": 4, "epochs": 1, "streams": 2})
    assert LanguageModel(random_state=state, config=wordy).fit(TEXTS).perplexity(TEXTS[:2]) > 1
    brief = SERIES_SETTINGS.changed({"hidden": 4, "epochs": 1})
    assert len(Forecaster(random_state=state, config=brief).fit(np.arange(40.0)).predict()) == 1


def test_each_kind_of_argument_tells_its_range() -> None:
    assert whole("steps", np.int8(3), least=1) == 3 and positive("t", np.float32(0.5)) == 0.5
    assert share("v", 0) == 0.0 and truth("wide", np.bool_(False)) is False
    for value in NO_NUMBERS:
        with pytest.raises(UsageError, match=r"steps; found .*; allowed: a whole number, 1 to 100,000"):
            whole("steps", value, least=1, most=100_000)
    for value in (0, -1, float("nan"), float("inf"), "1", True, None):
        with pytest.raises(UsageError, match=r"temperature; found .*; allowed: a positive number"):
            positive("temperature", value)
    for value in (-0.1, 1, 1.5, float("nan"), "0.1", True, None):
        with pytest.raises(UsageError, match=r"validation; found .*; allowed: a share, from 0"):
            share("validation", value)
    for value in (0, 1, "yes", None):
        with pytest.raises(UsageError, match=r"wide; found .*; allowed: True or False"):
            truth("wide", value)


@pytest.mark.parametrize("value", [0, -1, 100_001, *NO_NUMBERS])
def test_numbers_of_steps_and_tokens_are_refused_at_their_edges(value: Any) -> None:
    language, series = language_model(), series_model()
    asks: list[Callable[[], object]] = [
        lambda: series.forecast("a", np.arange(12.0), steps=value),
        lambda: language.generate("a", tokens=value),
    ]
    for ask in asks:
        with pytest.raises(
            UsageError, match=r"(steps, the horizon|tokens); found .*; allowed: a whole number, 1 to 100,000"
        ):
            ask()
    if value != 100_001:
        with pytest.raises(UsageError, match=r"count; found .*; allowed: a whole number of at least 1"):
            language.next_words("a", count=value)
        with pytest.raises(UsageError, match=r"streams; found .*; allowed: a whole number of at least 1"):
            language.perplexity(["a good film"], streams=value)


def test_the_smallest_and_largest_temperatures_still_draw() -> None:
    language = language_model()
    greedy = language.generate("a", tokens=5, temperature=5e-324)
    assert greedy == language.generate("a", tokens=5, temperature=1e-9, seed=4)
    assert language.generate("a", tokens=5, temperature=1e300)
    with pytest.raises(UsageError, match="seed; found -1"):
        language.generate("a", seed=-1)


@pytest.mark.parametrize("level", [0, 100, -5, "80", ["80"], [80.5], [True], 80.0])
def test_a_level_is_a_whole_number_of_percent(level: Any) -> None:
    fitted = Forecaster(epochs=1, hidden=3, recipe="classics").fit(np.arange(40.0))
    with pytest.raises(UsageError, match="level; found"):
        fitted.predict(level=level)


def test_one_level_may_be_given_alone_and_twice_is_once() -> None:
    import pandas as pd

    frame = pd.DataFrame({"ds": np.arange(40), "y": np.arange(40.0)})
    fitted = Forecaster(epochs=1, hidden=3, recipe="net").fit(frame)
    assert list(fitted.predict(level=80)) == list(fitted.predict(level=[80, 80])) == list(fitted.predict(level=(80,)))
    with pytest.raises(UsageError, match="no intervals of 81 %; allowed: 50, 80, 90, 95"):
        fitted.predict(level=81)
    with pytest.raises(UsageError, match=r"steps, the horizon; found 0; allowed: a whole number, 1 to 100,000"):
        fitted.predict(steps=0)


@pytest.mark.parametrize(
    ("estimator", "named"),
    [
        (TextClassifier(validation=1.0), "validation"),
        (TextClassifier(validation="0.1"), "validation"),  # type: ignore[arg-type]
        (TextClassifier(wide="no"), "wide"),  # type: ignore[arg-type]
        (TextClassifier(epochs=0), "training.epochs"),
        (TextClassifier(config=TINY, random_state=-1), "random_state"),
        (TextClassifier(config=TINY, random_state=1.5), "random_state"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_choice_is_refused_when_fit_begins(estimator: TextClassifier, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        estimator.fit(TEXTS, LABELS)


def test_validation_is_a_share_or_a_whole_number_for_every_task() -> None:
    texts = [TextClassifier(config=TINY, validation=held).fit(TEXTS, LABELS) for held in (4, 4 / len(TEXTS))]
    assert [len(one.split_.validation) for one in texts] == [4, 4]
    lines = [f"{word} a b" for word in "cdefghij"] * 4
    small = LANGUAGE_SETTINGS.changed({"streams": 2, "hidden": 4, "embedding_size": 4, "epochs": 1, "samples": 0})
    models = [LanguageModel(config=small, validation=held).fit(lines) for held in (8, 0.25)]
    assert models[0].history_[0]["val_loss"] == models[1].history_[0]["val_loss"]
    # 40 values are 28 windows of 12 with a target of 1.
    series = [Forecaster(hidden=2, epochs=1, validation=held).fit(np.arange(40.0)) for held in (7, 0.25)]
    assert series[0].history_[0]["val_loss"] == series[1].history_[0]["val_loss"]
    for one, units in ((texts[0], (TEXTS, LABELS)), (models[0], (lines,))):
        one.validation = len(units[0])
        with pytest.raises(DataError, match="nothing is left to learn from"):
            one.fit(*units)


def test_wrong_choices_of_the_other_tasks_are_refused_too() -> None:
    for wrong in ({"validation": 2.5}, {"validation": -1}, {"validation": True}, {"horizon": 0}, {"random_state": "1"}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            Forecaster(**wrong).fit(np.arange(40.0))  # type: ignore[arg-type]
    for wrong in ({"validation": 1.0}, {"validation": float("nan")}, {"epochs": 0}, {"random_state": 0.5}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            LanguageModel(**wrong).fit(TEXTS)  # type: ignore[arg-type]


def test_the_command_line_tells_the_ranges_too(tmp_path: Path) -> None:
    folders = save_all(tmp_path)
    series = tmp_path / "a.csv"
    series.write_text("ds,y\n" + "".join(f"{step},{step}\n" for step in range(12)))
    language = folders["language"]
    refused(
        recurra("forecast", folders["series"], series, "--steps", 0),
        2,
        "steps, the horizon; found 0; allowed: a whole number, 1 to 100,000",
    )
    refused(recurra("forecast", folders["series"], series, "--steps", 100_001), 2, "found 100001")
    refused(
        recurra("forecast", folders["series"], series, "--level", 0),
        2,
        "level; found 0; allowed: a whole number, 1 to 99",
    )
    refused(recurra("forecast", folders["series"], series, "--level", 85), 2, "no intervals of 85 %; allowed: 50, 80")
    refused(recurra("generate", language, "a", "--tokens", 0), 2, "--tokens")
    refused(recurra("generate", language, "a", "--next", 0), 2, "--next")
    refused(
        recurra("generate", language, "a", "--temperature", "nan"), 2, "temperature; found nan; allowed: a positive"
    )
    refused(recurra("generate", language, "a", "--temperature", 0), 2, "temperature; found 0")
    refused(recurra("generate", language, "a", "--seed", -1), 2, "--seed")
