"""Explanations of numbers, several labels and classes in order: effects add up to the answer that the model gives.

Not here: single classes (test_explain.py), and stacks with n-grams (test_targets.py).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import recurra as command
from command_line import refused
from recurra.config import TextConfig
from recurra.errors import ArtefactError, UsageError
from recurra.nets.layouts import tagger_net, target_net
from recurra.tasks.heads.explain import explain, explanations
from recurra.tasks.heads.explanation import Explanation, one_column
from recurra.tasks.heads.multilabel.run import RunningLabeller
from recurra.tasks.heads.ordinal.run import RunningOrdinal
from recurra.tasks.heads.regression.run import RunningRegressor
from recurra.tasks.heads.tags.run import RunningTagger
from recurra.text.encoder import fit_encoder
from small_models import NET, SENTENCES, drawn
from test_explain import PICKS

TEXT = "not bad at all , the good film"
ENCODER = fit_encoder(SENTENCES, TextConfig(min_count=1))
MODELS: dict[str, tuple[Any, int, dict[str, Any]]] = {
    # A small unit and a large one: effects and what may be missing are in it.
    "regression": (RunningRegressor, 2, {"names": ("share", "price"), "mean": (0.01, 3e5), "spread": (1e-3, 5e4)}),
    "multilabel": (RunningLabeller, 3, {"names": ("a", "b", "c"), "thresholds": (0.3, 0.4, 0.2)}),
    "ordinal": (RunningOrdinal, 3, {"names": ("poor", "low", "mid", "high")}),
}


def model_of(task: str, picks: str = "both ways, pooled") -> Any:
    """A model of drawn weights."""
    kind, columns, kept = MODELS[task]
    plan = target_net(PICKS[picks], words=len(ENCODER.vocabulary), targets=columns, task=task)
    return kind(plan, {name: 2 * weight for name, weight in drawn(plan).items()}, ENCODER, **kept)


def answered(model: Any, told: Explanation, text: str) -> float:
    """What the model itself answers to what is asked, in the scale of the explanation."""
    place = model.names.index(told.label)
    if told.asked == "number":
        return float(model.numbers([text])[0][0, place])
    shares = model.shares([text])[0][0]
    share = shares[place] if told.asked == "label" else shares[place:].sum()
    assert told.probability is None or text != told.text or told.probability == pytest.approx(share)
    return float(np.log(share / (1 - share)))


def adds_up(model: Any, told: Explanation) -> None:
    """The effects lead from the answer without words to the answer."""
    assert told.after == pytest.approx(answered(model, told, told.text), abs=1e-3 * told.unit)
    assert told.before + sum(word.effect for word in told.words) + told.missing == pytest.approx(told.after)
    assert abs(told.missing) <= told.tolerance


@pytest.mark.parametrize("picks", PICKS)
@pytest.mark.parametrize("task", MODELS)
def test_the_effects_of_words_add_up_to_the_answer(task: str, picks: str) -> None:
    model = model_of(task, picks)
    forward = picks == "forward, last"
    names = model.names[1:] if task == "ordinal" else model.names
    for told in [*explanations(model, TEXT), *(explain(model, TEXT, name) for name in names)]:
        adds_up(model, told)
        assert told.method == ("prefixes" if forward else "integrated gradients")
        assert [word.text for word in told.words] == TEXT.split()
        for word in told.words if forward else ():
            after = answered(model, told, TEXT[: word.stop])
            if task == "regression":
                assert word.probability is None and word.number == pytest.approx(after, abs=1e-4 * told.unit)
            else:
                assert word.number is None and word.probability == pytest.approx(1 / (1 + np.exp(-after)), abs=1e-4)


def test_all_numbers_are_told_and_python_asks_for_one_of_them() -> None:
    model = model_of("regression")
    assert [told.label for told in explanations(model, TEXT)] == ["share", "price"]
    with pytest.raises(UsageError, match="which number to explain; found several; allowed: share, price"):
        explain(model, TEXT)
    lone = replace(model, plan=target_net(NET, words=len(ENCODER.vocabulary), targets=1, task="regression"))
    lone = replace(lone, tensors=drawn(lone.plan), names=("stars",), mean=(3.0,), spread=(1.0,))
    adds_up(lone, explain(lone, TEXT))


def test_labels_that_are_said_are_explained_and_without_one_the_most_probable() -> None:
    model = model_of("multilabel")
    said = model.answers([TEXT])[0].told["labels"]
    assert [told.label for told in explanations(model, TEXT)] == said and len(said) > 1
    assert explain(model, TEXT).label == said[0]
    silent = replace(model, thresholds=(1.0, 1.0, 1.0))
    (told,) = explanations(silent, TEXT)
    assert told.label == said[0] and told.predicted == ""


def test_a_class_in_order_is_explained_by_what_decides_it() -> None:
    model = model_of("ordinal")
    for text in [*SENTENCES, TEXT]:
        answer = model.answers([text])[0].told["label"]
        for level, name in enumerate(model.names[1:], 1):
            assert (explain(model, text, name).after >= 0) == (model.names.index(answer) >= level)
        told = explain(model, text)
        assert told.predicted == answer and told.label == (answer if answer != "poor" else "low")
    with pytest.raises(UsageError, match="'poor', the lowest, which every text reaches; allowed: low, mid, high"):
        explain(model, TEXT, "poor")


def test_columns_that_contradict_each_other_have_the_slope_of_the_least() -> None:
    columns = np.array([[0.5, 1.0], [2.0, 1.0]])
    values, slopes = one_column(columns.argmin(axis=1), columns)
    assert values.tolist() == [0.5, 1.0] and slopes.tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("task", MODELS)
def test_an_empty_text_is_answered_without_words(task: str) -> None:
    for told in explanations(model_of(task), ""):
        assert told.words == () and told.before == pytest.approx(told.after, abs=1e-6 * told.unit)


def test_the_command_tells_each_label_and_number(tmp_path: Path) -> None:
    for task in MODELS:
        model_of(task, "forward, last").save(tmp_path / task)
    labels = command("explain", tmp_path / "multilabel", TEXT, "--json").rows()
    assert len(labels) > 1 and {row["row"] for row in labels} == {1} and labels[0]["asked"] == "label"
    (one,) = command("explain", tmp_path / "multilabel", TEXT, "--label", "b", "--json").rows()
    assert one["label"] == "b"
    plain = command(
        "explain", tmp_path / "regression", TEXT, "--class", "price", "--report", tmp_path / "page.html"
    ).out
    assert "target       price\nnumber       +" in plain and "number after it" in plain and "log-odds" not in plain
    assert "more `price`" in (tmp_path / "page.html").read_text().replace("<code>", "`").replace("</code>", "`")
    assert " or more\nprobability  0." in command("explain", tmp_path / "ordinal", TEXT).out
    refused(command("explain", tmp_path / "multilabel", TEXT, "--label", "x"), 2, "found 'x'; allowed: a, b, c")


def test_tags_are_refused_in_one_line(tmp_path: Path) -> None:
    plan = tagger_net(NET, words=len(ENCODER.vocabulary), tags=2)
    model = RunningTagger(plan, drawn(plan), ENCODER, ("A", "O"), "plain")
    with pytest.raises(ArtefactError, match=r"this is a tagger of tokens, which gives a text no answer as a whole"):
        explain(model, TEXT)
    model.save(tmp_path / "tags")
    done = command("explain", tmp_path / "tags", TEXT)
    refused(done, 4, "this is a tagger of tokens", "a regressor of texts", "use `recurra predict` with it")
