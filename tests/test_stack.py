"""A stack of a net and linear judges: out-of-fold figures, weights, one artefact, the command.

Not here: the judges (test_grams.py); how good stacks are (benchmarks/).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from command_line import recurra as command
from recurra.datasets.splits import folds
from recurra.errors import ArtefactError, DataError, RecurraWarning, UsageError
from recurra.nets.run import run_all, windows
from recurra.tasks.heads.classes import rounds
from recurra.tasks.heads.classes.choose import Facts, choose
from recurra.tasks.heads.classes.stack import centred, fit_stack, worth
from recurra.tasks.heads.classes.stack import fitted as fitted_
from recurra.tasks.stacks import box_encoder
from recurra.tasks.text import SETTINGS, net_choices
from small_texts import LABELS, OTHERS, TEXTS, TRUTHS


@pytest.fixture(scope="module")
def fitted() -> recurra.TextClassifier:
    # Nothing chosen: a stack.
    return recurra.TextClassifier().fit(TEXTS, LABELS)


def test_every_row_is_judged_by_models_that_had_not_learnt_from_it(fitted: recurra.TextClassifier) -> None:
    figures = fitted.out_of_fold_
    assert figures["rows"] == len(TEXTS)
    names = [member["name"] for member in figures["members"]]
    assert names[0] == "encoder, logistic regression" and len(names) == 4
    # Where one class is frequent, its share is what a model has to beat.
    assert {rival["name"] for rival in figures["rivals"]} == {*names[1:3], "majority"}
    # The best rival stands first: the stack is compared with it in pairs.
    assert figures["rival"]["accuracy"] == max(rival["accuracy"] for rival in figures["rivals"])
    assert figures["accuracy"] >= figures["rival"]["accuracy"] - 0.02


def test_three_notes_tell_what_was_seen_what_was_chosen_and_what_it_is_worth(fitted: recurra.TextClassifier) -> None:
    seen, chosen, worth_, *_ = [note for note in fitted.notes_ if "repeat the text" not in note]
    assert seen.startswith(f"seen: {len(TEXTS)} texts of ") and "2 classes; the encoder in the box, which has" in seen
    assert chosen.startswith("chosen: the encoder as it is, ")
    assert chosen.endswith("fewer than 400 texts would tune it badly")
    assert worth_.startswith("what each counts in the answer, by texts that it had not learnt from: encoder, logistic")
    shares = [int(share) for share in re.findall(r"(\d+) % \(", worth_)]
    assert len(shares) == 4 and 98 <= sum(shares) <= 102 and worth_.count("% right alone)") == 4


def test_labels_by_lot_are_no_better_told_than_by_the_most_frequent_one() -> None:
    labels = [f"{number}" for number in np.random.default_rng(0).integers(0, 2, 60)]
    model = recurra.TextClassifier(recipe="linear").fit([f"word{row}" for row in range(60)], labels)
    assert model.out_of_fold_["lost"].startswith("The model is no better than ")


def test_the_artefact_answers_what_the_estimator_answered(fitted: recurra.TextClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path / "stack")
    loaded: Any = recurra.load(tmp_path / "stack")
    np.testing.assert_allclose(loaded.predict_proba(OTHERS), fitted.predict_proba(OTHERS), atol=1e-5)
    assert loaded.recipe == "auto" and loaded.score(OTHERS, TRUTHS) > 0.85
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


def test_the_search_for_weights_goes_on_where_a_class_has_no_share() -> None:
    generator = np.random.default_rng(0)
    targets = np.append(generator.integers(0, 3, 400), 3)
    scores = 3 * np.eye(4)[targets] + generator.standard_normal((401, 4))
    # As of a class that the judge of a fold has not learnt.
    scores[:, 3] = -60
    stack = fit_stack([scores.astype(np.float32)], targets, np.ones(401))
    without = fit_stack([scores[:400].astype(np.float32)], targets[:400], np.ones(400))
    assert 1.3 < stack.weights[0] < without.weights[0]
    assert without.bias[3] == 0


def test_a_class_of_one_text_is_learnt_and_never_answered_out_of_fold() -> None:
    model = recurra.TextClassifier(recipe="linear")
    texts, labels = [*TEXTS[:60], "quite another thing", "quite another thing"], [*LABELS[:60], "rare", "rare"]
    model.fit(texts, labels)
    assert model.out_of_fold_["rows"] == 60 and model.out_of_fold_["loss"] < 1
    assert model.predict(["quite another thing"]).tolist() == ["rare"]
    groups = [str(row) for row in range(60)] + ["one", "one"]
    assert model.fit(texts, labels, groups=groups).out_of_fold_["rows"] == 60
    with pytest.raises(DataError, match="classes that one part alone holds"):
        model.fit(texts[:60], labels[:60], groups=labels[:60])


def test_copies_of_a_text_are_held_out_together() -> None:
    # Labels by lot: whoever has learnt a copy of a text knows its label, and nobody else does.
    texts = [f"{text} {row % 40}" for row, text in enumerate(TEXTS[:40] * 5)]
    model = recurra.TextClassifier(recipe="linear").fit(texts, [f"{row * 7 % 40 % 2}" for row in range(40)] * 5)
    assert model.out_of_fold_["accuracy"] < 0.8
    assert "160 of 200 rows repeat the text of an earlier row: copies are held out together" in model.notes_


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
    # Every word of a held-out text was met before: the net has nothing to add, and is left out.
    assert "Linear models of n-grams learnt from 120 texts" in page
    assert "the net counts nothing, and is left out" in page
    split = json.loads((out / "split.json").read_text())
    assert sorted(row for fold in split["folds"] for row in fold) == list(range(120))
    measured = command("evaluate", out, file, "--json").json()
    assert measured["accuracy"] > 0.8
    assert command("predict", out, "--text", "a good film").code == 0
    refused = command("fit", "text", file, "--recipe", "pile", "--out", tmp_path / "other")
    assert refused.code == 2 and "--recipe" in refused.err


def test_a_choice_of_nets_makes_a_net_alone_and_says_so() -> None:
    model = recurra.TextClassifier(epochs=1, hidden=4).fit(TEXTS[:60], LABELS[:60])
    assert not model.model_.plan.grams and model.split_ is not None
    assert model.notes_[0].startswith("a net alone: settings of nets were chosen (epochs, hidden)")
    # Asked for by name, it needs no reason.
    named = recurra.TextClassifier(recipe="net", epochs=1, hidden=4).fit(TEXTS[:60], LABELS[:60])
    assert not any("a net alone" in note for note in named.notes_)
    # Where a net learns, how classes weigh and how texts are cut into tokens are no choices of nets.
    assert net_choices(SETTINGS.changed({"device": "cpu", "class_weight": "balanced", "lowercase": False})) == {}
    four = ["a film", "a book", "the film", "the book"]
    assert recurra.TextClassifier(recipe="auto").fit(four, ["x", "y"] * 2).model_.plan.grams
    with pytest.warns(RecurraWarning):
        alone = recurra.TextClassifier().fit(["a film", "a book", "a song", "a film"], ["x", "x", "x", "y"])
    assert "too few rows for a stack" in alone.notes_[0]


def test_a_net_of_the_users_own_stands_in_the_stack() -> None:
    model = recurra.TextClassifier(recipe="stack", cell="lstm", hidden=6, epochs=2).fit(TEXTS[:120], LABELS[:120])
    recurrent = model.model_.plan.recurrent
    assert (recurrent.cell, recurrent.hidden) == ("lstm", 6) and model.model_.plan.grams
    assert "its shape was chosen" in model.notes_[1]
    assert len(model.history_) == 2
    for option in ({"wide": True}, {"vectors": "vectors.txt"}):
        with pytest.raises(UsageError, match="belongs to a net alone"):
            recurra.TextClassifier(recipe="stack", **option).fit(TEXTS, LABELS)
    for wrong in ("pile", None, 3):
        with pytest.raises(UsageError, match="recipe"):
            recurra.TextClassifier(recipe=wrong).fit(TEXTS, LABELS)


def test_the_encoder_is_tuned_where_rows_are_many_and_minutes_allow_it() -> None:
    base = box_encoder()
    many = Facts(3_000, 2, 0.95, 20.0, 1e-5)
    ways = {
        minutes: (choice.way, choice.settings.training.epochs)
        for minutes in (0.0, 100.0, 0.1, 0.01)
        for choice in [choose(many, SETTINGS, {}, base, minutes)]
    }
    assert ways[0.0] == ways[100.0] == ("tuned", 4)
    # 3,000 rows of 20 tokens, three nets, 6e-5 s a token: 11 s a pass.
    assert ways[0.1] == ("frozen", 4) and ways[0.01][0] == "frozen"
    assert choose(many, SETTINGS, {}, base, 0.5).settings.training.epochs == 2
    assert choose(Facts(200, 2, 0.95, 20.0), SETTINGS, {}, base, 0.0).way == "frozen"
    assert choose(Facts(1_500, 2, 0.95, 300.0), SETTINGS, {}, base, 0.0).way == "frozen"
    assert choose(Facts(3_000, 2, 0.3, 20.0), SETTINGS, {}, base, 0.0).way == "fresh"
    # What was chosen of the tuning stays.
    assert choose(many, SETTINGS, {"epochs": 7}, base, 0.0).settings.training.epochs == 7
    for wrong in (-1, float("nan"), "long"):
        with pytest.raises(UsageError, match="minutes"):
            recurra.TextClassifier(minutes=wrong).fit(TEXTS, LABELS)


def test_a_part_that_is_held_out_weighs_the_judges_and_is_never_learnt_from(monkeypatch: pytest.MonkeyPatch) -> None:
    learnt: list[int] = []

    def spy(judge: Any, texts: Any, train: Any, rows: Any, classes: int) -> Any:
        learnt.extend(rows.tolist())
        return fitted_(judge, texts, train, rows, classes)

    monkeypatch.setattr(rounds, "fitted", spy)
    model = recurra.TextClassifier().fit(TEXTS, LABELS, validation_data=(OTHERS, TRUTHS))
    assert model.out_of_fold_["rows"] == len(OTHERS) and len(model.out_of_fold_["members"]) == 4
    # The rows that were given to hold out stand behind the others.
    assert set(learnt) == set(range(len(TEXTS)))
    share = recurra.TextClassifier(validation=0.25).fit(TEXTS, LABELS)
    assert share.out_of_fold_["rows"] == 60
    assert recurra.TextClassifier(validation=0).fit(TEXTS, LABELS).out_of_fold_["rows"] == len(TEXTS)


def test_groups_that_hold_a_class_whole_leave_a_fold_without_it() -> None:
    groups = ["all good" if label == "good" else str(row % 5) for row, label in enumerate(LABELS)]
    model = recurra.TextClassifier().fit(TEXTS, LABELS, groups=groups)
    assert np.isfinite(model.predict_proba(OTHERS)).all()


def test_a_long_text_has_the_mean_of_its_windows() -> None:
    base = box_encoder()
    sequences = [np.arange(4, 4 + count, dtype=np.int32) for count in (3, 7, 10, 1)]
    pieces, owners = windows(sequences, 4)
    assert [len(piece) for piece in pieces] == [3, 4, 3, 4, 3, 3, 1] and owners.tolist() == [0, 1, 1, 2, 2, 2, 3]
    plan = base.plan.model_copy(update={"window": 4})
    each = run_all(base.plan, base.tensors, pieces)
    wanted = np.stack([each[0], (4 * each[1] + 3 * each[2]) / 7, (4 * each[3] + 3 * (each[4] + each[5])) / 10, each[6]])
    np.testing.assert_allclose(run_all(plan, base.tensors, sequences), wanted, atol=1e-5)
    assert run_all(plan, base.tensors, []).shape == (0, 384)


def test_long_texts_are_learnt_and_answered_in_windows(tmp_path: Path) -> None:
    long = [" . ".join([text] * 30) for text in TEXTS[:60]]
    model = recurra.TextClassifier().fit(long, LABELS[:60])
    assert model.model_.plan.window == 100
    model.save(tmp_path / "long")
    loaded: Any = recurra.load(tmp_path / "long")
    np.testing.assert_allclose(loaded.predict_proba(long), model.predict_proba(long), atol=1e-5)


def test_an_encoder_of_the_users_own_stands_in_the_stack(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).standard_normal((len(TEXTS), 8)).astype(np.float32)
    recurra.SentenceEncoder(hidden=6, epochs=1).fit(TEXTS, vectors).save(tmp_path / "own")
    model = recurra.TextClassifier(encoder=tmp_path / "own").fit(TEXTS, LABELS)
    assert model.model_.plan.recurrent.hidden == 6
    model.save(tmp_path / "stack")
    loaded: Any = recurra.load(tmp_path / "stack")
    np.testing.assert_allclose(loaded.predict_proba(OTHERS), model.predict_proba(OTHERS), atol=1e-5)
    with pytest.raises(UsageError, match="stands in a stack"):
        recurra.TextClassifier(encoder=tmp_path / "own", epochs=1).fit(TEXTS, LABELS)
    with pytest.raises(ArtefactError):
        recurra.TextClassifier(encoder=tmp_path / "nowhere").fit(TEXTS, LABELS)
