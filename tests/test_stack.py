"""A stack of a net and linear judges: out-of-fold figures, weights, one artefact, the command.

Not here: the judges (test_grams.py); how good stacks are (benchmarks/).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from command_line import recurra as command
from recurra.datasets.splits import folds
from recurra.errors import DataError
from recurra.tasks.heads.classes.stack import centred, fit_stack, worth

GOOD = ("warm", "clever", "lovely", "moving", "funny", "bright")
POOR = ("dull", "cold", "tedious", "stale", "weak", "loud")
THINGS = ("film", "story", "actors", "music", "ending", "dialogue", "camera", "evening", "book", "idea")


def rows(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Texts of three opinions, of which most are those of the label."""
    generator = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(count):
        good = bool(generator.integers(0, 2))
        words = [(GOOD if good == (generator.random() < 0.85) else POOR)[generator.integers(0, 6)] for _ in range(3)]
        texts.append(" and ".join(f"the {THINGS[generator.integers(0, 10)]} was {word}" for word in words))
        labels.append("good" if good else "poor")
    return texts, labels


TEXTS, LABELS = rows(240, 0)
OTHERS, TRUTHS = rows(100, 1)


@pytest.fixture(scope="module")
def fitted() -> recurra.TextClassifier:
    return recurra.TextClassifier(recipe="stack").fit(TEXTS, LABELS)


def test_every_row_is_judged_by_models_that_had_not_learnt_from_it(fitted: recurra.TextClassifier) -> None:
    figures = fitted.out_of_fold_
    assert figures["rows"] == len(TEXTS)
    names = [member["name"] for member in figures["members"]]
    assert names[0] == "encoder, logistic regression" and len(names) == 4
    assert {rival["name"] for rival in figures["rivals"]} == set(names[1:3])
    # The best rival stands first: the stack is compared with it in pairs.
    assert figures["rival"]["accuracy"] == max(rival["accuracy"] for rival in figures["rivals"])
    assert figures["accuracy"] >= figures["rival"]["accuracy"] - 0.02
    assert any("the encoder as it is" in note for note in fitted.notes_)


def test_the_artefact_answers_what_the_estimator_answered(fitted: recurra.TextClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path / "stack")
    loaded: Any = recurra.load(tmp_path / "stack")
    np.testing.assert_allclose(loaded.predict_proba(OTHERS), fitted.predict_proba(OTHERS), atol=1e-5)
    assert loaded.recipe == "stack" and loaded.score(OTHERS, TRUTHS) > 0.85
    # One text answers as it does among others, and an empty one is answered too.
    alone = loaded.predict_proba(OTHERS[:1])
    np.testing.assert_allclose(alone, fitted.predict_proba(OTHERS)[:1], atol=1e-5)
    assert loaded.predict_proba([""]).shape == (1, 2)


def test_the_same_rows_give_the_same_model(fitted: recurra.TextClassifier) -> None:
    again = recurra.TextClassifier(recipe="stack").fit(TEXTS, LABELS)
    np.testing.assert_array_equal(again.predict_proba(OTHERS), fitted.predict_proba(OTHERS))


def test_several_classes_numbers_as_labels_groups_and_weights() -> None:
    labels = [len(text) % 3 for text in TEXTS]
    groups = [str(row // 4) for row in range(len(TEXTS))]
    model = recurra.TextClassifier(recipe="stack")
    model.fit(TEXTS, labels, groups=groups, sample_weight=[1.0 + row % 2 for row in range(len(TEXTS))])
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.predict_proba(OTHERS).sum(1) == pytest.approx(np.ones(100), abs=1e-5)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(DataError, match="too few rows for a stack"):
        recurra.TextClassifier(recipe="stack").fit(["a", "b"], ["x", "y"])


def test_weights_are_never_negative_and_the_better_judge_counts_more() -> None:
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 3, 400)
    truth = np.eye(3)[targets]
    good, poor, against = (scale * truth + generator.standard_normal((400, 3)) for scale in (2.0, 0.5, -1.0))
    judges = [one.astype(np.float32) for one in (good, poor, against)]
    stack = fit_stack(judges, targets, np.ones(400))
    assert (stack.weights >= 0).all() and stack.weights[0] > stack.weights[1] > stack.weights[2] == 0
    told = worth(["good", "poor", "against"], judges, targets, stack)
    assert told[0]["loss"] > told[1]["loss"] > -1e-3
    # What all classes share says nothing.
    np.testing.assert_allclose(centred(judges[0]), centred(judges[0] + 5), atol=1e-5)


def test_folds_keep_groups_whole_and_of_like_size() -> None:
    groups = [None, "", *(str(row % 7) for row in range(70))]
    parts = folds(72, 3, groups=groups)
    assert sorted(np.concatenate([part.validation for part in parts]).tolist()) == list(range(72))
    for part in parts:
        inside = {groups[row] for row in part.validation} - {None, ""}
        assert not inside & {groups[row] for row in part.train}
        assert 20 <= len(part.validation) <= 31
    with pytest.raises(DataError, match="fewer groups than folds: need 3, have 2"):
        folds(4, 3, groups=["a", "a", "b", "b"])


def test_the_command_fits_and_reports_a_stack(tmp_path: Path) -> None:
    file, out = tmp_path / "rows.csv", tmp_path / "run"
    lines = [json.dumps(text) + "," + label for text, label in zip(TEXTS[:120], LABELS[:120], strict=True)]
    file.write_text("text,label\n" + "\n".join(lines) + "\n", "utf-8")
    told = command("fit", "text", file, "--recipe", "stack", "--out", out, "--json").json()
    assert told["evaluated_on"] == "rows out of fold (5 folds)"
    page = (out / "report.html").read_text("utf-8")
    assert "What each judge is worth" in page and "NB-SVM of words" in page
    # The report tells the net that was chosen, and not the defaults that it took the place of.
    assert "A GRU learnt from 120 texts" in page
    split = json.loads((out / "split.json").read_text())
    assert sorted(row for fold in split["folds"] for row in fold) == list(range(120))
    measured = command("evaluate", out, file, "--json").json()
    assert measured["accuracy"] > 0.8
    assert command("predict", out, "--text", "a good film").code == 0
    refused = command("fit", "text", file, "--recipe", "pile", "--out", tmp_path / "other")
    assert refused.code == 2 and "--recipe" in refused.err
