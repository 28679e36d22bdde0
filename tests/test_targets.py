"""Numbers, several labels and classes in order: from files to answers, in Python and at the command line.

Not here: tags of tokens (test_tags.py), single classes (test_estimators_text.py).
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

import recurra
from command_line import recurra as run
from command_line import refused
from recurra.errors import DataError, RecurraWarning, UsageError
from recurra.tasks.heads.multilabel.measure import ranking_precision
from recurra.tasks.heads.multilabel.thresholds import best_thresholds
from recurra.tasks.heads.ordinal.run import medians, shares_of
from recurra.tasks.heads.targets.blend import FITS as FITTING
from recurra.tasks.heads.targets.blend import fit_weights, mean_loss
from recurra.tasks.inputs.targets import labels_given, numbers_given
from recurra.tasks.regression import TASK as REGRESSION
from recurra.tasks.targets import SETTINGS, chosen
from test_estimators_inputs import COLUMNS

GOOD, BAD, THINGS = ("warm", "clever", "fine"), ("dull", "slow", "cold"), ("film", "book", "play")


def rows(count: int, seed: int = 0) -> tuple[list[str], list[int], list[list[str]]]:
    """Texts of a grammar, how many good words more than bad ones they have (0 to 3), and the things they name."""
    draw = random.Random(seed)
    texts, numbers, labels = list[str](), list[int](), list[list[str]]()
    for _ in range(count):
        good, things = draw.randint(0, 3), draw.sample(THINGS, draw.randint(0, 2))
        words = [draw.choice(GOOD) for _ in range(good)] + [draw.choice(BAD) for _ in range(3 - good)]
        draw.shuffle(words)
        texts.append(" ".join([*words, "is the", *things]))
        numbers.append(good)
        labels.append(sorted(things))
    return texts, numbers, labels


TEXTS, NUMBERS, LABELS = rows(90)
NEW, NEW_NUMBERS, NEW_LABELS = rows(60, seed=1)
LEVELS = ["poor", "low", "mid", "high"]


@pytest.fixture(scope="module")
def regressor() -> recurra.TextRegressor:
    return recurra.TextRegressor().fit(TEXTS, NUMBERS)


@pytest.fixture(scope="module")
def labeller() -> recurra.TextMultilabelClassifier:
    return recurra.TextMultilabelClassifier().fit(TEXTS, LABELS)


@pytest.fixture(scope="module")
def ordinal() -> recurra.TextOrdinalClassifier:
    return recurra.TextOrdinalClassifier(order=LEVELS).fit(TEXTS, [LEVELS[number] for number in NUMBERS])


def test_numbers_are_learnt_in_their_unit(regressor: recurra.TextRegressor) -> None:
    told = regressor.evaluate(NEW, NEW_NUMBERS)
    assert told["r2"] > 0.9 and regressor.score(NEW, NEW_NUMBERS) == told["r2"] and told["spearman"] > 0.9
    thousands = recurra.TextRegressor().fit(TEXTS, [1000.0 * number + 5000 for number in NUMBERS])
    assert thousands.predict(NEW) == pytest.approx(1000 * regressor.predict(NEW) + 5000, abs=1)
    assert regressor.out_of_fold_["r2"] > 0.8 and regressor.out_of_fold_["rivals"][0]["name"].startswith("TF-IDF")


def test_several_numbers_have_a_column_each_and_a_frame_names_them() -> None:
    frame = pd.DataFrame({"good": NUMBERS, "bad": [30.0 * (3 - number) for number in NUMBERS]})
    model = recurra.TextRegressor().fit(TEXTS, frame)
    assert model.targets_.tolist() == ["good", "bad"] and model.predict(NEW).shape == (60, 2)
    told = model.evaluate(NEW, frame[:60])
    assert [one["target"] for one in told["by_target"]] == ["good", "bad"]
    assert np.allclose(model.predict(NEW)[:, 1], 90 - 30 * model.predict(NEW)[:, 0], atol=3)


def test_labels_are_said_from_thresholds_of_their_own_on(labeller: recurra.TextMultilabelClassifier) -> None:
    told = labeller.evaluate(NEW, NEW_LABELS)
    assert told["f1_micro"] > 0.9 and told["f1_macro"] > 0.9
    assert labeller.score(NEW, NEW_LABELS) == told["subset_accuracy"]
    shares = labeller.predict_proba(NEW)
    said = [
        [
            name
            for name, share, least in zip(labeller.classes_, row, labeller.model_.thresholds, strict=True)
            if share >= least
        ]
        for row in shares
    ]
    assert labeller.predict(NEW) == said and any(not row for row in said) and any(len(row) == 2 for row in said)


def test_a_matrix_of_labels_in_any_form_gives_a_matrix(labeller: recurra.TextMultilabelClassifier) -> None:
    flags = np.array([[int(thing in row) for thing in sorted(THINGS)] for row in LABELS])
    for given in (
        flags,
        flags.astype(bool),
        flags.tolist(),
        csr_matrix(flags),
        pd.DataFrame(flags, columns=sorted(THINGS)),
    ):
        taken, names, lists = labels_given(given, len(LABELS))
        assert np.array_equal(taken, flags) and len(names) == 3 and not lists
    # What is taken alike is learnt alike.
    model = recurra.TextMultilabelClassifier().fit(TEXTS, csr_matrix(flags))
    assert np.allclose(model.predict_proba(NEW), labeller.predict_proba(NEW), atol=1e-6)
    assert model.predict(NEW).dtype == np.int64 and model.predict(NEW).shape == (60, 3)


def test_classes_in_order_are_answered_with_their_median(ordinal: recurra.TextOrdinalClassifier) -> None:
    labels = [LEVELS[number] for number in NEW_NUMBERS]
    told = ordinal.evaluate(NEW, labels)
    assert told["mae"] < 0.3 and told["kappa"] > 0.8 and ordinal.score(NEW, labels) == told["accuracy"]
    shares = ordinal.predict_proba(NEW)
    assert np.allclose(shares.sum(1), 1) and (shares > 0).all()
    assert ordinal.predict(NEW).tolist() == [LEVELS[place] for place in medians(shares)]
    numbers = recurra.TextOrdinalClassifier().fit(TEXTS, NUMBERS)
    assert numbers.classes_.tolist() == [0, 1, 2, 3] and numbers.predict(NEW).dtype.kind == "i"
    assert np.array_equal(numbers.predict_proba(NEW), shares)


MODELS = ("regressor", "labeller", "ordinal")


@pytest.mark.parametrize("name", MODELS)
def test_answers_after_loading_are_the_same_and_need_no_torch(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(name)
    model.save(tmp_path / "model")
    loaded = recurra.load(tmp_path / "model")
    assert type(loaded) is type(model)
    assert np.array_equal(loaded.model_.scores(NEW)[0], model.model_.scores(NEW)[0])
    assert str(loaded.predict(NEW)) == str(model.predict(NEW))
    kept, params = loaded.get_params(), model.get_params()
    assert {name: kept[name] for name in ("hidden", "random_state")} == {
        name: params[name] for name in ("hidden", "random_state")
    }
    program = f"""
import sys, recurra
recurra.load({str(tmp_path / "model")!r}).predict(["warm"])
print(sorted({{"torch", "sklearn", "scipy", "pandas", "pyarrow"}} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=200)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", MODELS)
def test_a_batch_may_be_empty_or_of_one_and_neighbours_change_nothing(
    name: str, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(name)
    assert len(model.predict([])) == 0
    whole = model.model_.scores([*NEW, ""])[0]
    alone = np.concatenate([model.model_.scores([text])[0] for text in [*NEW, ""]])
    assert np.allclose(whole, alone, atol=1e-5)
    with pytest.warns(RecurraWarning, match="the text is unread"):
        model.predict(["\u0436\u0436\u0436"])
    with pytest.raises(DataError, match="no rows to evaluate on"):
        model.evaluate([], [] if name != "labeller" else np.zeros((0, 3)))


@pytest.mark.parametrize("column", COLUMNS[:7] + COLUMNS[8:-1])
def test_numbers_may_stand_in_every_kind_of_column(column: Any) -> None:
    targets, names, single = numbers_given(column([1.0, 2.5, 3.0]), 3)
    assert targets.tolist() == [[1.0], [2.5], [3.0]] and names == ("number",) and single


FLAGS = [[True, False], [True, True], [False, True]]
MATRICES: list[Any] = [
    FLAGS,
    [np.array(row) for row in FLAGS],
    pd.Series([[int(flag) for flag in row] for row in FLAGS]),
    pa.array(FLAGS),
    pd.DataFrame(FLAGS),
    pl.DataFrame(FLAGS, orient="row"),
    pa.table({"0": [True, True, False], "1": [False, True, True]}),
]


@pytest.mark.parametrize("matrix", MATRICES)
def test_a_table_of_any_library_is_a_matrix_of_labels_and_of_numbers(matrix: Any) -> None:
    flags, names, lists = labels_given(matrix, 3)
    assert flags.tolist() == [[1, 0], [1, 1], [0, 1]] and len(names) == 2 and not lists
    if hasattr(matrix, "columns"):
        assert names == tuple(map(str, getattr(matrix, "column_names", matrix.columns)))
    with pytest.raises(DataError, match="row 1 has no usable number; found True"):
        numbers_given(FLAGS, 3)


def test_rows_of_several_lengths_are_no_table_of_numbers() -> None:
    for numbers in ([[1, 2], [3]], pd.Series([[1, 2], [3]]), [1, [2]]):
        with pytest.raises((UsageError, DataError), match=r"rows of several lengths|row 2 has no usable number"):
            numbers_given(numbers, 2)
    with pytest.raises(UsageError, match="numbers; found a table without columns"):
        numbers_given(pd.DataFrame(), 0)


def test_a_frame_is_measured_by_its_names_and_a_table_comes_back_as_one(tmp_path: Path) -> None:
    frame = pd.DataFrame({"good": NUMBERS, "bad": [30.0 * (3 - number) for number in NUMBERS]})
    model = recurra.TextRegressor().fit(TEXTS, frame)
    assert model.evaluate(TEXTS, frame[["bad", "good"]]) == model.evaluate(TEXTS, frame)
    with pytest.raises(DataError, match="numbers; found 'good'; allowed: 'good', 'bad'"):
        model.evaluate(TEXTS, frame[["good"]])
    with pytest.raises(DataError, match="no rows"):
        model.evaluate([], [])
    lone = recurra.TextRegressor().fit(TEXTS, frame[["good"]])
    lone.save(tmp_path / "model")
    assert np.array_equal(recurra.load(tmp_path / "model").predict(NEW), lone.predict(NEW))


@pytest.mark.parametrize("kind", ["regressor", "labeller", "ordinal"])
def test_words_of_a_stack_are_explained_also_after_reload(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    model = request.getfixturevalue(kind)
    model.save(tmp_path / "model")
    loaded, text = recurra.load(tmp_path / "model"), "warm cold fine is the film"
    told = loaded.explain(text, "high" if kind == "ordinal" else None)
    assert told.before + sum(word.effect for word in told.words) + told.missing == pytest.approx(told.after)
    assert abs(told.missing) <= told.tolerance and told.method == "integrated gradients"
    if kind == "regressor":
        assert told.after == pytest.approx(model.predict([text])[0], abs=1e-4)
    else:
        share = model.predict_proba([text])[0][loaded.model_.names.index(told.label)]
        assert told.after == pytest.approx(np.log(share / (1 - share)), abs=1e-3)
    effects = {word.text: word.effect for word in told.words}
    assert effects["film"] == max(effects.values()) if kind == "labeller" else effects["warm"] > 0 > effects["cold"]


@pytest.mark.parametrize("name", ["TextRegressor", "TextMultilabelClassifier", "TextOrdinalClassifier"])
def test_parameters_follow_the_rules_of_scikit_learn(name: str) -> None:
    from sklearn.base import clone

    model = getattr(recurra, name)(hidden=7, random_state=3)
    assert clone(model).get_params() == model.get_params() and "hidden=7" in repr(model)
    with pytest.raises(UsageError, match="has no parameter 'nothing'"):
        model.set_params(nothing=1)
    with pytest.raises(ValueError, match="is not fitted"):
        model.predict(["a"])


NUMBERS_REFUSED: list[tuple[Any, str]] = [
    ([1.0, float("nan"), 2.0, 3.0], "row 2 has no usable number; found nan"),
    ([1.0, None, 2.0, 3.0], "row 2 has no usable number; found None"),
    ([1.0, "2", 2.0, 3.0], "row 2 has no usable number; found '2'"),
    ([1.0, True, 2.0, 3.0], "row 2 has no usable number; found True"),
    ([1.0, np.inf, 2.0, 3.0], "row 2 has no usable number; found inf"),
    ([2.5] * 4, "target 'number' is constant; found 2.5 in all 4 rows"),
    ([1.0, 2.0], "texts and numbers differ in number; found 4 texts, 2 numbers"),
]


@pytest.mark.parametrize(("numbers", "told"), NUMBERS_REFUSED)
def test_what_is_no_number_is_refused(numbers: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        recurra.TextRegressor().fit(["a", "b", "c", "d"], numbers)


LABELS_REFUSED: list[tuple[Any, type[Exception], str]] = [
    (["a", "b", "a", "b"], UsageError, "labels must be lists; found a text in row 1"),
    ([0, 1, 0, 1], UsageError, "labels; found one column"),
    ([["a"], ["b"]], DataError, "texts and labels differ in number"),
    ([["a"], [None], ["b"], []], DataError, "row 2 has no usable label; found None"),
    ([["a"], ["a"], [], ["a"]], DataError, "1 label, need 2 or more; found 'a'"),
    ([[], [], [], []], DataError, "0 label, need 2 or more"),
    (np.array([[0, 1], [2, 0], [1, 1], [0, 0]]), DataError, "row 2: labels; found .*; allowed: 0 or 1"),
]


@pytest.mark.parametrize(("labels", "kind", "told"), LABELS_REFUSED)
def test_what_are_no_labels_is_refused(labels: Any, kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told):
        recurra.TextMultilabelClassifier().fit(["a", "b", "c", "d"], labels)


def test_labels_without_an_order_or_outside_it_are_refused(ordinal: recurra.TextOrdinalClassifier) -> None:
    with pytest.raises(DataError, match="labels without an order; found 'low', 'high'; name it: order="):
        recurra.TextOrdinalClassifier().fit(["a", "b"] * 4, ["low", "high"] * 4)
    with pytest.raises(DataError, match="a label that is not in the order; found 'huge' in row 2"):
        recurra.TextOrdinalClassifier(order=LEVELS).fit(["a", "b"], ["low", "huge"])
    with pytest.raises(UsageError, match="order; found 'a', 'a'; allowed: each class once"):
        recurra.TextOrdinalClassifier(order=["a", "a"]).fit(["a", "b"], ["a", "a"])
    with pytest.raises(DataError, match="1 class, need 2 or more"):
        recurra.TextOrdinalClassifier(order=LEVELS).fit(["a", "b"], ["low", "low"])
    with pytest.raises(DataError, match="a label that is not in the order; found 'huge'"):
        ordinal.evaluate(["a"], ["huge"])


def test_labels_that_training_never_met_are_refused(labeller: recurra.TextMultilabelClassifier) -> None:
    with pytest.raises(DataError, match="labels the model does not know; found 'opera'"):
        labeller.evaluate(["a"], [["opera"]])
    with pytest.raises(DataError, match="labels; found 2 columns; allowed: 3"):
        labeller.evaluate(["a"], np.array([[0, 1]]))


def test_a_group_stays_in_one_fold() -> None:
    groups = [row // 6 for row in range(90)]
    model = recurra.TextRegressor()
    from recurra.tasks.inputs.targets import GivenTargets, TargetRows

    given = GivenTargets(TargetRows(TEXTS, np.array(NUMBERS, float)[:, None], ("n",)), groups=groups)
    prepared = REGRESSION.prepare(model.asked(), given)
    held = [{groups[row] for row in fold} for fold in prepared.split["folds"]]
    assert len(held) == 5 and sum(map(len, held)) == 15


def test_what_was_seen_and_chosen_is_told_once_and_counts_what_is_answered() -> None:
    notes = (
        recurra.TextOrdinalClassifier(order=["low", "mid", "high"])
        .fit(TEXTS, [LEVELS[1 + len(text) % 3] for text in TEXTS])
        .notes_
    )
    (seen,) = [note for note in notes if note.startswith("seen: ")]
    assert " 3 classes in order; " in seen and len(notes) == len(set(notes))
    assert " 1 number; " in chosen(TEXTS, 1, SETTINGS, "regression").told[0]
    assert " 2 labels; " in chosen(TEXTS, 2, SETTINGS, "multilabel").told[0]


def test_settings_of_ones_own_are_kept_and_sizes_make_a_net_from_scratch() -> None:
    assert chosen(TEXTS, 1, SETTINGS, "regression").way == "frozen"
    tuned = chosen(TEXTS, 1, SETTINGS.changed({"epochs": 3}), "ordinal")
    assert tuned.way == "tuned" and tuned.settings.training.epochs == 3
    fresh = chosen(TEXTS, 1, SETTINGS.changed({"hidden": 9}), "multilabel")
    assert fresh.way == "fresh" and fresh.settings.net.hidden == 9 and not fresh.start


def test_a_tuned_net_begins_with_the_linear_fit_of_its_fold() -> None:
    # With no step worth the name, what it knows out of fold is what it began with.
    still = recurra.TextRegressor(epochs=1, learning_rate=1e-9).fit(TEXTS, NUMBERS)
    net, linear = still.out_of_fold_["members"][0], recurra.TextRegressor().fit(TEXTS, NUMBERS)
    assert net["name"].startswith("encoder, tuned")
    assert net["rmse"] == pytest.approx(linear.out_of_fold_["members"][0]["rmse"], abs=0.1)


def test_a_net_of_ones_own_sizes_learns_too() -> None:
    settings = SETTINGS.changed({"hidden": 8, "embedding_size": 8, "min_count": 1, "epochs": 2, "heads": 1})
    model = recurra.TextRegressor(config=settings).fit(TEXTS, NUMBERS)
    assert model.model_.plan.recurrent.hidden == 8 and model.score(NEW, NEW_NUMBERS) > 0.5


def test_shares_of_steps_add_up_and_never_contradict_each_other() -> None:
    scores = np.array([[3.0, -1.0, 2.0], [0.0, 0.0, 0.0]])
    shares = shares_of(scores)
    assert np.allclose(shares.sum(1), 1) and (shares >= 0).all()
    assert medians(np.array([[0.5, 0.5], [0.2, 0.8], [0.0, 1.0]])).tolist() == [0, 1, 1]


def test_thresholds_are_those_of_the_best_f1() -> None:
    random_ = np.random.default_rng(0)
    wanted = random_.random((200, 2)) < [0.3, 0.02]
    shares = np.clip(wanted * 0.4 + random_.random((200, 2)) * 0.6, 0, 1)

    def f1(least: float) -> float:
        said = shares[:, 0] >= least
        return float(2 * (said & wanted[:, 0]).sum() / (said.sum() + wanted[:, 0].sum()))

    found = best_thresholds(wanted, shares)
    assert f1(found[0]) == max(f1(each) for each in np.linspace(0.01, 1, 500))
    # A label of few rows takes the threshold of all labels together.
    assert found[1] == best_thresholds(wanted.reshape(-1, 1), shares.reshape(-1, 1))[0]


@pytest.mark.parametrize("loss", ["squared", "binary"])
def test_a_row_of_weight_two_counts_as_a_row_that_stands_there_twice(loss: Any) -> None:
    draw = np.random.default_rng(0)
    features, targets = draw.standard_normal((40, 3)), draw.standard_normal((40, 2))
    targets = targets if loss == "squared" else (targets > 0).astype(float)
    weights = np.where(np.arange(40) < 10, 2.0, 1.0)
    twice = np.repeat(np.arange(40), weights.astype(int))
    for one, other in zip(
        FITTING[loss](features, targets, 1.0, weights),
        FITTING[loss](features[twice], targets[twice], 1.0, None),
        strict=True,
    ):
        assert one == pytest.approx(other, abs=1e-3)
    judges = [targets + draw.standard_normal((40, 2)) for _ in range(3)]
    scaled, repeated = weights / weights.mean(), [judge[twice] for judge in judges]
    for one, other in zip(
        fit_weights(judges, targets, loss, scaled), fit_weights(repeated, targets[twice], loss), strict=True
    ):
        assert one == pytest.approx(other, abs=1e-3)
    assert mean_loss(judges[0], targets, loss, scaled) == pytest.approx(mean_loss(repeated[0], targets[twice], loss))
    wanted, shares = targets > 0, draw.random((40, 2))
    assert best_thresholds(wanted, shares, scaled) == pytest.approx(best_thresholds(wanted[twice], shares[twice]))


def test_the_ranking_is_measured_as_scikit_learn_measures_it() -> None:
    from sklearn.metrics import cohen_kappa_score, label_ranking_average_precision_score

    random_ = np.random.default_rng(0)
    wanted, shares = random_.random((40, 5)) < 0.4, np.round(random_.random((40, 5)), 1)
    kept = wanted.any(1)
    ours = ranking_precision(wanted, shares)
    assert ours == pytest.approx(label_ranking_average_precision_score(wanted[kept], shares[kept]))
    one, other = random_.integers(0, 5, 60), random_.integers(0, 5, 60)
    assert recurra.metrics.kappa(one, other, classes=5) == pytest.approx(
        cohen_kappa_score(one, other, weights="quadratic", labels=range(5))
    )
    assert recurra.metrics.kappa([1, 1], [1, 1], classes=3) is None


def test_spearman_is_that_of_scipy() -> None:
    from scipy.stats import spearmanr

    random_ = np.random.default_rng(0)
    one, other = random_.integers(0, 9, 60), random_.standard_normal(60)
    assert recurra.metrics.spearman(one, other) == pytest.approx(spearmanr(one, other).statistic)
    assert recurra.metrics.spearman([1, 1], [1, 2]) is None


@pytest.mark.parametrize("loss", ["squared", "binary"])
def test_weights_are_never_below_zero_and_no_worse_than_even_ones(loss: Any) -> None:
    random_ = np.random.default_rng(0)
    truth = random_.standard_normal((300, 2))
    targets = truth if loss == "squared" else (truth > 0).astype(float)
    judges = [truth + 0.5 * random_.standard_normal((300, 2)), random_.standard_normal((300, 2)), -truth]
    weights, bias = fit_weights(judges, targets, loss)
    blended = sum(weight * judge for weight, judge in zip(weights, judges, strict=True)) + bias
    even = sum(judges[:3]) / 3
    assert (weights >= 0).all() and mean_loss(blended, targets, loss) < mean_loss(even, targets, loss)
    assert weights[2].max() < 1e-6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("targets")
    for name, (texts, numbers, labels) in (("train", rows(90)), ("test", rows(40, seed=2))):
        frame = pd.DataFrame({"body": texts, "stars": numbers, "topics": ["|".join(some) for some in labels]})
        for thing in THINGS:
            frame[thing] = [int(thing in some) for some in labels]
        frame["level"] = [LEVELS[number] for number in numbers]
        frame.to_csv(made / f"{name}.csv", index=False)
        lines = [{"body": text, "topics": some} for text, some in zip(texts, labels, strict=True)]
        (made / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return made


FITS = {
    "regression": (["--label", "stars"], "rmse=0.9", '"numbers": {"stars"'),
    "multilabel": (["--label", "topics"], "f1_micro=0.5", '"labels": ['),
    "ordinal": (["--label", "level", "--order", ",".join(LEVELS)], "mae=0.9", '"label": "'),
}


@pytest.mark.parametrize("task", FITS)
def test_the_commands_check_fit_measure_answer_and_show(task: str, folder: Path, tmp_path: Path) -> None:
    given, gate, told = FITS[task]
    asked = ["--text", "body", *given]
    checked = run("data", "check", folder / "train.csv", "--task", task, "--test", folder / "test.csv", *asked)
    assert checked.code == 0 and f"checked for task {task}" in checked.out, checked
    test = ["--test", folder / "test.csv", "--fail-under", gate]
    done = run("fit", task, folder / "train.csv", *asked, *test, "--out", tmp_path / "run", "--json", "--quiet")
    assert done.code == 0, done
    fitted, metric = done.json(), gate.partition("=")[0]
    assert fitted["evaluated_on"] == "test" and fitted["rival"]["name"].startswith("TF-IDF of words")
    measured = run("evaluate", tmp_path / "run", folder / "test.csv", "--json").json()
    assert measured[metric] == pytest.approx(fitted["evaluation"][metric])
    assert measured["rivals"][0][metric] == pytest.approx(fitted["rival"][metric])
    assert told in run("predict", tmp_path / "run", "--text", "warm clever fine film", "--json").out
    assert run("predict", tmp_path / "run", folder / "test.csv").out.count("\n") == 40
    assert run("inspect", tmp_path / "run").code == 0
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert "A GRU among linear models of n-grams learnt from " in page
    assert "TF-IDF of words" in page and "Training" not in page.partition("Settings")[0].partition("<nav")[2][:0]
    # Without test rows the figures are of answers out of fold.
    done = run("fit", task, folder / "train.csv", *asked, "--out", tmp_path / "folds", "--json", "--quiet")
    assert done.json()["evaluated_on"] == "rows out of fold (5 folds)"


def test_labels_in_lists_of_json_and_in_columns_are_the_same(folder: Path, tmp_path: Path) -> None:
    cells = run(
        "fit", "multilabel", folder / "train.csv", "--label", "topics", "--out", tmp_path / "a", "--json", "--quiet"
    )
    lists = run("fit", "multilabel", folder / "train.jsonl", "--out", tmp_path / "b", "--json", "--quiet")
    several = [part for thing in sorted(THINGS) for part in ("--label", thing)]
    columns = run("fit", "multilabel", folder / "train.csv", *several, "--out", tmp_path / "c", "--json", "--quiet")
    figures = [done.json()["evaluation"]["f1_micro"] for done in (cells, lists, columns)]
    assert figures[0] == figures[1] == figures[2]
    assert run("evaluate", tmp_path / "c", folder / "test.csv", "--no-rival").code == 0
    assert run("evaluate", tmp_path / "b", folder / "test.jsonl", "--no-rival").code == 0


def test_the_command_line_refuses_in_one_line(folder: Path) -> None:
    train = folder / "train.csv"
    refused(
        run("fit", "regression", train, "--label", "level"), 3, "train.csv:2:", "no usable number in column 'level'"
    )
    refused(run("fit", "regression", train, "--label", "nothing"), 3, "no column 'nothing'")
    refused(run("fit", "regression", train, "--label", "body"), 3, "'body' is the column of the texts")
    refused(run("fit", "multilabel", train, "--label", "stars", "--label", "film"), 3, "column 'stars' holds no truth")
    refused(run("fit", "ordinal", train, "--label", "level"), 3, "labels without an order", "--order low,mid,high")
    refused(run("fit", "ordinal", train, "--label", "level", "--order", "low"), 2, "--order")
    refused(run("fit", "ordinal", train, "--label", "level", "--order", "low,high"), 3, "not in the order")
    refused(run("data", "check", train, "--label", "stars", "--label", "film"), 2, "--label; found 2 columns")
    (folder / "gap.csv").write_text("text,stars\ngood,1\nbad,\n")
    refused(run("fit", "regression", folder / "gap.csv"), 3, "gap.csv:3:", "number is missing in column 'stars'")


def test_a_separator_that_no_cell_holds_is_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,labels\n" + "".join(f'word{row % 3} text,"a,b{row % 2}"\n' for row in range(12)))
    done = run("data", "check", path, "--task", "multilabel")
    assert "no cell holds '|', and most hold ','" in done.out
    assert "no cell holds" not in run("data", "check", path, "--task", "multilabel", "--separator", ",").out


def test_decimals_as_classes_are_told_of_with_the_command_that_fits_them(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\n" + "".join(f"word{row % 3} text,{row % 4 + 0.5}\n" for row in range(20)))
    done = run("data", "check", path, "--task", "text")
    assert "numbers with decimals" in done.out and "recurra fit regression" in done.out
    path.write_text("text,label\n" + "".join(f"word{row % 3} text,{row % 4}\n" for row in range(20)))
    assert "decimals" not in run("data", "check", path, "--task", "text").out
