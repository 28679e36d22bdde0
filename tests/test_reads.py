"""Each task refuses the settings that it does not read; the table of them is what the code does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from command_line import recurra, refused
from recurra.config import NetConfig, SeriesConfig, Settings, TextConfig, TrainingConfig
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.errors import UsageError
from recurra.estimators.encoder import SentenceEncoder
from recurra.estimators.language import LANGUAGE_SETTINGS, LanguageModel
from recurra.estimators.multilabel import TextMultilabelClassifier
from recurra.estimators.ordinal import TextOrdinalClassifier
from recurra.estimators.regression import TextRegressor
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.estimators.tags import TextTagger
from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
from recurra.tasks.encoder import TASK as ENCODER
from recurra.tasks.names import CALLED
from recurra.tasks.reads import ONLY_WITH, check_read, readers
from recurra.tasks.tags import TASK as TAGS
from recurra.tasks.targets import SETTINGS as TARGETS
from recurra.tasks.task import task_named

GROUPS: dict[str, type[BaseModel]] = {
    "text": TextConfig,
    "net": NetConfig,
    "training": TrainingConfig,
    "series": SeriesConfig,
}
EVERY = [f"{group}.{name}" for group, model in GROUPS.items() for name in model.model_fields]
DEFAULTS = {task: task_named(task).settings for task in CALLED}
TEXTS, LABELS = synthetic_reviews("train", count=40)
TINY = {"hidden": 4, "epochs": 2}
WORDY = TINY | {"embedding_size": 3, "min_count": 1}


def text(changes: dict[str, Any]) -> None:
    settings = TEXT_SETTINGS.changed(WORDY | changes)
    TextClassifier(config=settings).fit(TEXTS, LABELS).evaluate(TEXTS, LABELS)
    if changes.get("schedule") == "constant":
        # A stack reads how it is to learn from texts without labels.
        TextClassifier(recipe="stack", validation=10, config=settings).fit(TEXTS, LABELS, unlabelled=["a good film"])


def language(changes: dict[str, Any]) -> None:
    settings = LANGUAGE_SETTINGS.changed(WORDY | {"streams": 2, "samples": 9} | changes)
    LanguageModel(config=settings).fit(TEXTS).generate("the", tokens=2)


def encoder(changes: dict[str, Any]) -> None:
    vectors = np.random.default_rng(0).standard_normal((len(TEXTS), 3))
    SentenceEncoder(config=ENCODER.settings.changed(WORDY | changes)).fit(TEXTS, vectors).transform(TEXTS)


def regression(changes: dict[str, Any]) -> None:
    numbers = [len(text) for text in TEXTS]
    TextRegressor(config=TARGETS.changed(WORDY | changes)).fit(TEXTS, numbers).predict(TEXTS)


def multilabel(changes: dict[str, Any]) -> None:
    labels = [["long"] * (len(text) > 60) + [label] for text, label in zip(TEXTS, LABELS, strict=True)]
    TextMultilabelClassifier(config=TARGETS.changed(WORDY | changes)).fit(TEXTS, labels).predict(TEXTS)


def ordinal(changes: dict[str, Any]) -> None:
    places = [row % 3 for row in range(len(TEXTS))]
    TextOrdinalClassifier(config=TARGETS.changed(WORDY | changes)).fit(TEXTS, places).predict(TEXTS)


def tags(changes: dict[str, Any]) -> None:
    rows = [text.split() for text in TEXTS]
    named = [["LONG" if len(word) > 4 else "SHORT" for word in row] for row in rows]
    TextTagger(config=TAGS.settings.changed(WORDY | changes)).fit(rows, named).spans(TEXTS)


def series(changes: dict[str, Any]) -> None:
    for recipe in ("net", "panel"):
        forecaster = Forecaster(config=SERIES_SETTINGS.changed(TINY | changes), recipe=recipe)
        forecaster.fit(np.sin(np.arange(40.0))).predict(steps=2)


FITS: dict[str, Callable[[dict[str, Any]], None]] = {
    "text": text, "language": language, "encoder": encoder, "tags": tags, "series": series,
    "regression": regression, "multilabel": multilabel, "ordinal": ordinal,
}  # fmt: skip


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The settings that code has looked at."""
    seen: set[str] = set()

    def watch(group: str, model: type[BaseModel]) -> None:
        plain, names = model.__getattribute__, set(model.model_fields)

        def looking(self: BaseModel, name: str) -> Any:
            if name in names:
                seen.add(f"{group}.{name}")
            return plain(self, name)

        monkeypatch.setattr(model, "__getattribute__", looking)

    # The check itself looks at all of them.
    monkeypatch.setattr("recurra.estimators.estimator.check_read", lambda *_, **__: None)
    for group, model in GROUPS.items():
        watch(group, model)
    yield seen


@pytest.mark.parametrize("task", CALLED)
def test_the_table_names_the_settings_that_a_fit_looks_at(task: str, read: set[str]) -> None:
    for schedule, optimiser in (("one_cycle", "adamw"), ("step", "adam"), ("cosine", "muon"), ("constant", "sgd")):
        FITS[task]({"schedule": schedule, "optimiser": optimiser})
    # The season serves the rivals of a run; all plans are laid out by one function, and a forecaster's looks one way.
    aside = {"series.season"} if task == "series" else set()
    found = (read | aside) - ({"net.bidirectional"} if task == "series" else set())
    assert found == {key for key in EVERY if task in readers(key)}


@pytest.mark.parametrize("key", [key for key, condition in ONLY_WITH.items() if condition.other == "training.schedule"])
def test_a_condition_on_the_schedule_is_what_the_schedules_look_at(key: str, read: set[str]) -> None:
    looked = {}
    for schedule in ("constant", "step", "one_cycle", "cosine"):
        read.clear()
        series({"schedule": schedule})
        looked[schedule] = key in read
    assert {schedule for schedule, seen in looked.items() if seen} == set(ONLY_WITH[key].values)


OTHER = {
    "text.tokens": "character",
    "text.truncate": "head",
    "training.adapt": "never",
    "net.pool": ["max"],
    "net.direction": "backward",
    "training.monitor": "val_accuracy",
    "training.class_weight": "balanced",
    "training.optimiser": "sgd",
    "series.scale": "minmax",
    "series.calendar": "never",
    "series.holidays": "US",
    "series.loss": "squared",
}


def another(key: str, begun: Settings) -> Any:
    part, name = key.split(".")
    value = getattr(getattr(begun, part), name)
    if key in OTHER:
        return OTHER[key]
    return not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else value / 2 + 0.1


@pytest.mark.parametrize("task", CALLED)
def test_a_setting_of_another_task_is_refused_by_name_and_a_default_of_any_is_not(task: str) -> None:
    check_read(DEFAULTS[task], task, begun=DEFAULTS[task])
    for key in (key for key in EVERY if task not in readers(key)):
        changed = DEFAULTS[task].changed({key: another(key, DEFAULTS[task])})
        with pytest.raises(UsageError, match=f"{key} is not read here; found task {task}; allowed: task "):
            check_read(changed, task, begun=DEFAULTS[task])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"heads": 2, "pool": ["mean"]},
            "net.heads has no effect here; found net.pool mean; allowed: net.pool attention",
        ),
        (
            {"cell": "sru", "activation": "relu"},
            "net.activation has no effect here; found net.cell sru; allowed: net.cell rnn",
        ),
        ({"cell": "lstm", "reset_after": False}, "net.reset_after has no effect here; found net.cell lstm"),
        ({"cell": "mingru", "weight_drop": 0.2}, "net.weight_drop has no effect here; found net.cell mingru"),
        ({"schedule": "cosine", "warm_up": 0.5}, "training.warm_up has no effect here; found training.schedule cosine"),
        ({"drop": 0.5}, "training.drop has no effect here; found training.schedule one_cycle; allowed: .* step"),
    ],
)
def test_a_setting_without_effect_beside_the_others_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        TextClassifier(config=TEXT_SETTINGS.changed(changes)).settings()


def test_python_refuses_the_settings_of_another_task() -> None:
    with pytest.raises(UsageError, match="not read here; found task series"):
        Forecaster(config=TEXT_SETTINGS).fit(np.arange(40.0))
    with pytest.raises(
        UsageError, match=r"training.adversarial is not read here; found task language; allowed: task text"
    ):
        LanguageModel(config=LANGUAGE_SETTINGS.changed({"adversarial": 1.0})).fit(TEXTS)
    with pytest.raises(UsageError, match=r"training.samples is not read here; found task text; allowed: task language"):
        TextClassifier(config=TEXT_SETTINGS.changed({"samples": 9})).fit(TEXTS, LABELS)
    with pytest.raises(UsageError, match=r"config; found dict; allowed: Settings, such as TEXT_SETTINGS.changed"):
        TextClassifier(config={"hidden": 3}).fit(TEXTS, LABELS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verb", "setting", "told"),
    [
        ("series", "adversarial=1", "training.adversarial is not read here; found task series; allowed: task text"),
        ("series", "min_count=3", "text.min_count is not read here; found task series; allowed: task text or language"),
        ("series", "bidirectional=true", "net.bidirectional is not read here; found task series"),
        ("text", "samples=100", "training.samples is not read here; found task text; allowed: task language"),
        ("text", "series.horizon=2", "series.horizon is not read here; found task text; allowed: task series"),
        ("language", "heads=2", "net.heads is not read here; found task language; allowed: task text"),
    ],
)
def test_the_command_line_refuses_them_before_a_folder_is_made(
    tmp_path: Path, verb: str, setting: str, told: str
) -> None:
    rows = tmp_path / ("rows.txt" if verb == "language" else "rows.csv")
    rows.write_text("ds,y\n1,2\n" if verb == "series" else "text,label\na,b\nc,d\n")
    refused(recurra("fit", verb, rows, "--set", setting, "--out", tmp_path / "run"), 2, told)
    assert not (tmp_path / "run").exists()
