"""TextClassifier keeps scikit-learn's rules, learns reproducibly, and answers the same from a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from recurra.batches import join
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.errors import DataError, UsageError
from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
from recurra.nets.run import run, softmax

SMALL = TEXT_SETTINGS.changed(
    {"hidden": 6, "embedding_size": 6, "epochs": 2, "min_count": 1, "batch_size": 16, "table_rate": 1.0}
    | {"adversarial": 0.0, "dropout": 0.0, "word_dropout": 0.0, "embedding_dropout": 0.1}
)
TEXTS, LABELS = synthetic_reviews("train", count=60)
MORE, TRUTH = synthetic_reviews("test", count=20)


def small(**more: Any) -> TextClassifier:
    return TextClassifier(config=SMALL.changed(more.pop("settings", {})), **more)


@pytest.fixture(scope="module")
def fitted() -> TextClassifier:
    return small().fit(TEXTS, LABELS)


def test_the_constructor_stores_and_clone_copies_unfitted(fitted: TextClassifier) -> None:
    estimator = TextClassifier(cell="gru", pool=("mean",), validation=0.2, random_state=3)
    assert estimator.get_params()["cell"] == "gru" and estimator.get_params()["hidden"] is None
    copied = clone(fitted.set_params(random_state=0))
    assert copied.get_params() == fitted.get_params() and not hasattr(copied, "model_")
    assert repr(estimator) == "TextClassifier(cell='gru', pool=('mean',), validation=0.2, random_state=3)"
    assert is_classifier(estimator)
    check_is_fitted(fitted)


def test_parameters_are_set_by_name_and_a_wrong_name_lists_the_right_ones() -> None:
    estimator = TextClassifier().set_params(cell="rnn", hidden=9)
    assert estimator.settings().net.cell == "rnn" and estimator.settings().net.hidden == 9
    assert estimator.settings().training.ema == TEXT_SETTINGS.training.ema
    with pytest.raises(UsageError, match="has no parameter 'cel'; allowed: cell, hidden"):
        estimator.set_params(cel="rnn")


@pytest.mark.parametrize("choice", [{"cell": "transformer"}, {"hidden": 0}, {"learning_rate": float("nan")}])
def test_a_bad_choice_is_refused_when_fit_begins(choice: dict[str, Any]) -> None:
    estimator = TextClassifier(**choice)
    with pytest.raises(UsageError, match=next(iter(choice))):
        estimator.fit(TEXTS, LABELS)


def test_asking_before_fitting_says_so() -> None:
    asks: list[Callable[[TextClassifier], object]] = [
        lambda one: one.predict(MORE),
        lambda one: one.evaluate(MORE, TRUTH),
        lambda one: one.save("x"),
    ]
    for ask in asks:
        with pytest.raises(UsageError, match="this TextClassifier is not fitted; call fit first"):
            ask(TextClassifier())


def test_it_works_in_pipelines_cross_validation_and_grid_search() -> None:
    upper = FunctionTransformer(lambda texts: [text.upper() for text in texts])
    pipeline = Pipeline([("upper", upper), ("label", small())])
    scores = cross_val_score(pipeline, TEXTS, LABELS, cv=2)
    assert scores.shape == (2,) and ((scores >= 0) & (scores <= 1)).all()
    search = GridSearchCV(pipeline, {"label__cell": ["rnn", "gru"]}, cv=2, scoring="neg_log_loss").fit(TEXTS, LABELS)
    assert search.best_params_["label__cell"] in ("rnn", "gru")
    assert search.predict_proba(MORE).shape == (20, 2) and set(search.predict(MORE)) <= {"negative", "positive"}


def test_probabilities_predictions_and_score_agree(fitted: TextClassifier) -> None:
    shares = fitted.predict_proba(MORE)
    assert shares.shape == (20, 2) and shares.dtype == np.float32
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    assert (fitted.predict(MORE) == fitted.classes_[shares.argmax(axis=1)]).all()
    assert fitted.score(MORE, TRUTH) == (fitted.predict(MORE) == np.array(TRUTH)).mean()
    order = np.random.default_rng(0).permutation(20)
    np.testing.assert_allclose(fitted.predict_proba([MORE[row] for row in order]), shares[order], atol=5e-6)


def test_the_same_random_state_gives_the_same_bytes_and_another_does_not(
    fitted: TextClassifier, tmp_path: Path
) -> None:
    again, other = small().fit(TEXTS, LABELS), small(random_state=1).fit(TEXTS, LABELS)
    for name, estimator in (("first", fitted), ("again", again), ("other", other)):
        estimator.save(tmp_path / name)
    files = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("first", "again")]
    # The card tells no seconds either.
    assert files[0] == files[1] and len(files[0]) == 5
    assert (tmp_path / "other" / "weights.safetensors").read_bytes() != files[0]["weights.safetensors"]


def test_a_loaded_classifier_answers_exactly_as_the_fitted_one(fitted: TextClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model")
    assert np.array_equal(loaded.predict_proba(MORE), fitted.predict_proba(MORE))
    loaded.save(tmp_path / "again")
    for name in ("recurra.json", "weights.safetensors", "tokenizer.json", "SHA256SUMS"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "model" / name).read_bytes()
    assert loaded.classes_.tolist() == ["negative", "positive"]


@pytest.mark.parametrize("kind", ["text", "whole number", "truth value", "numpy"])
def test_predictions_have_the_type_of_the_labels(kind: str) -> None:
    names = {"text": ("no", "yes"), "whole number": (3, 7)}.get(kind, (False, True))
    labels: Any = [names[name == "positive"] for name in LABELS]
    labels = np.array(labels) if kind == "numpy" else labels
    estimator = small(epochs=1).fit(TEXTS, labels)
    assert set(estimator.predict(MORE).tolist()) <= set(np.asarray(labels).tolist())
    assert estimator.classes_.tolist() == sorted(set(np.asarray(labels).tolist()))
    assert estimator.score(TEXTS, labels) == (estimator.predict(TEXTS) == np.asarray(labels)).mean()
    assert estimator.evaluate(TEXTS, labels)["labels"] == [str(label) for label in estimator.classes_]


def test_three_classes_are_learnt() -> None:
    words = ["red", "green", "blue"]
    random = np.random.default_rng(0)
    labels = random.choice(words, 90).tolist()
    texts = [f"it was {'very ' * random.integers(0, 3)}{word} there" for word in labels]
    estimator = small(epochs=12, learning_rate=0.02).fit(texts, labels)
    assert estimator.score(texts, labels) == 1.0
    record = estimator.evaluate(texts, labels)
    assert np.array(record["confusion"]).shape == (3, 3) and record["f1"] == record["accuracy"] == 1.0


def test_no_group_stands_on_both_sides_of_the_split() -> None:
    groups = [f"film {row % 12}" for row in range(60)]
    estimator = small(epochs=1, validation=0.25).fit(TEXTS, LABELS, groups=groups)
    split = estimator.split_
    assert split is not None and sorted([*split.train, *split.validation]) == list(range(60))
    sides = [{groups[row] for row in rows} for rows in (split.train, split.validation)]
    assert all(sides) and not sides[0] & sides[1]


@pytest.mark.filterwarnings("ignore::recurra.errors.RecurraWarning")
def test_a_validation_part_that_is_given_is_the_one_that_is_measured() -> None:
    estimator = small(epochs=1).fit(TEXTS, LABELS, validation_data=(MORE, TRUTH))
    assert estimator.split_ is None
    shares = estimator.model_.with_temperature(1.0).predict_proba(MORE)
    right = shares[np.arange(20), [estimator.classes_.tolist().index(label) for label in TRUTH]]
    assert estimator.history_[0]["val_loss"] == pytest.approx(-np.log(right.astype(np.float64)).mean(), rel=1e-5)
    with pytest.raises(DataError, match="labels in the validation part that training does not have; found angry"):
        small().fit(TEXTS, LABELS, validation_data=(MORE, ["angry"] * 20))


def test_without_validation_the_last_best_training_loss_decides() -> None:
    estimator = small(validation=0).fit(TEXTS, LABELS)
    assert estimator.split_ is None and "val_loss" not in estimator.history_[0]
    assert estimator.model_.temperature == 1.0


def test_rows_of_weight_zero_have_no_influence_at_all() -> None:
    spoilt = [*TEXTS, *["utterly new words"] * 9]
    wrong = [*LABELS, *["neither"] * 4, *["positive"] * 5]
    weights = [1.0] * 60 + [0.0] * 9
    with_them = small().fit(spoilt, wrong, sample_weight=weights)
    without = small().fit(TEXTS, LABELS, sample_weight=[1.0] * 60)
    assert np.array_equal(with_them.predict_proba(MORE), without.predict_proba(MORE))
    assert with_them.classes_.tolist() == ["negative", "positive"]
    moved = small().fit([*["x"] * 3, *TEXTS], ["negative"] * 3 + list(LABELS), sample_weight=[0.0] * 3 + [1.0] * 60)
    assert moved.split_ is not None and without.split_ is not None
    assert (moved.split_.validation == without.split_.validation + 3).all()


def mean_share(estimator: TextClassifier) -> float:
    return float(estimator.predict_proba(MORE)[:, 1].mean())


def test_weights_and_balanced_classes_shift_the_answers() -> None:
    plain = mean_share(small(epochs=4).fit(TEXTS, LABELS))
    heavy = [5.0 if label == "positive" else 1.0 for label in LABELS]
    assert (
        small(epochs=4, validation=0).fit(TEXTS, LABELS, sample_weight=heavy).predict_proba(MORE)[:, 1].mean() > plain
    )
    rare = LABELS.index("positive")
    texts = [text for row, text in enumerate(TEXTS) if LABELS[row] == "negative"] + [TEXTS[rare]] * 3
    labels = ["negative"] * (len(texts) - 3) + ["positive"] * 3
    shares = [
        mean_share(small(epochs=4, validation=0, settings={"class_weight": how}).fit(texts, labels))
        for how in ("none", "balanced")
    ]
    assert shares[1] > shares[0]


@pytest.mark.parametrize("weights", [[1.0] * 59, [-1.0] * 60, [0.0] * 60, [float("nan")] * 60])
def test_weights_that_are_none_are_refused(weights: list[float]) -> None:
    with pytest.raises(DataError, match="sample_weight; allowed: one finite number of at least 0"):
        small().fit(TEXTS, LABELS, sample_weight=weights)


@pytest.mark.parametrize(
    ("texts", "labels", "told"),
    [
        (TEXTS, LABELS[:-1], "texts and labels differ in number; found 60 texts, 59 labels"),
        (["a", 3.0], ["x", "y"], "row 2 is no text; found float"),
        (["a", "b"], ["x", None], "row 2 has no label"),
        (["a", "b"], [1.0, float("nan")], "row 2 has no label; found nan"),
        (["a", "b"], ["x", "x"], "1 class; allowed: two or more"),
        (["a", "b"], ["x", "y"], "nothing can be held out"),
    ],
)
def test_rows_that_cannot_be_learnt_from_are_refused(texts: list[Any], labels: list[Any], told: str) -> None:
    with pytest.raises(DataError, match=told):
        small().fit(texts, labels)


@pytest.mark.filterwarnings("ignore::recurra.errors.RecurraWarning")
def test_the_wide_part_helps_where_words_decide_and_travels_with_the_artefact(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    labels = random.choice(["bad", "good"], 160).tolist()
    noise = np.array(["a", "b", "c", "d", "e", "f", "g", "h"])
    texts = [f"{' '.join(random.choice(noise, 5))} {'dull' if label == 'bad' else 'bright'}" for label in labels]
    plain = small(epochs=1, validation=0.3).fit(texts, labels)
    wide = small(epochs=1, validation=0.3, wide=True).fit(texts, labels)
    assert wide.score(texts, labels) == 1.0 > plain.score(texts, labels)
    wide.save(tmp_path / "wide")
    assert np.array_equal(TextClassifier.load(tmp_path / "wide").predict_proba(texts), wide.predict_proba(texts))
    with pytest.raises(UsageError, match="wide=True weighs its part on validation"):
        small(wide=True, validation=0).fit(texts, labels)
    with pytest.raises(UsageError, match="two classes only"):
        small(wide=True, epochs=1).fit(texts, [*["new"] * 20, *labels[20:]])


def test_evaluation_tells_the_figures_that_others_rely_on(fitted: TextClassifier) -> None:
    record = fitted.evaluate(MORE, TRUTH)
    assert {"task", "rows", "accuracy", "loss", "f1", "ece", "labels", "confusion", "calibration"} <= record.keys()
    assert (record["task"], record["rows"]) == ("text", 20)
    assert record["accuracy"] == fitted.score(MORE, TRUTH) == np.trace(record["confusion"]) / 20
    shares = fitted.predict_proba(MORE).astype(np.float64)
    place = [fitted.classes_.tolist().index(label) for label in TRUTH]
    assert record["loss"] == pytest.approx(-np.log(shares[np.arange(20), place]).mean(), rel=1e-9)
    assert sum(part["rows"] for part in record["by_length"]) == 20
    losses = [row["loss"] for row in record["top_losses"]]
    assert losses == sorted(losses, reverse=True) and len(losses) == 20
    assert all(row["excerpt"] == MORE[row["row"] - 1][:160] for row in record["top_losses"])
    assert fitted.judge(MORE, TRUTH).right.mean() == record["accuracy"]
    with pytest.raises(DataError, match="labels the model does not know; found angry; allowed: negative, positive"):
        fitted.evaluate(MORE, ["angry"] * 20)
    with pytest.raises(DataError, match="no rows"):
        fitted.evaluate([], [])


def test_padding_to_one_length_sweeps_the_pads_in_training_and_in_answers(tmp_path: Path) -> None:
    settings = {"pad_to_max": True, "max_length": 50, "pool": ["last"], "bidirectional": False}
    padded = small(settings=settings, epochs=1).fit(TEXTS, LABELS)
    plain = small(settings={**settings, "pad_to_max": False}, epochs=1).fit(TEXTS, LABELS)
    # The tutorial's way: a short text begins with <pad>, so its answer depends on the length that all are padded to.
    assert not np.allclose(padded.predict_proba(MORE), plain.predict_proba(MORE), atol=1e-5)
    by_hand = plain.model_.encoder.encode(["the"])[0]
    words = np.concatenate([np.zeros(49, np.int32), by_hand])
    model = padded.model_
    wanted = softmax(run(model.plan, model.tensors, join([words]))[0] / model.temperature)
    np.testing.assert_allclose(padded.predict_proba(["the"]), wanted, atol=5e-6)
    answer = model.answers(["the"])[0]
    assert answer.probabilities == pytest.approx(dict(zip(model.labels, wanted[0].tolist(), strict=True)), abs=5e-6)
    assert answer.unk_rate == 0.0
    padded.save(tmp_path / "model")
    assert np.array_equal(TextClassifier.load(tmp_path / "model").predict_proba(MORE), padded.predict_proba(MORE))


def test_a_file_of_word_vectors_sets_their_size_and_starts_the_table(tmp_path: Path) -> None:
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("the 1 0 0\nfilm 0 1 0\ndull 0 0 1\n")
    estimator = small(vectors=vectors, settings={"freeze_embedding": True}, epochs=1).fit(TEXTS, LABELS)
    table, words = estimator.model_.tensors["embedding.weight"], estimator.model_.encoder.vocabulary.index
    assert table.shape[1] == 3 and estimator.coverage_ is not None and 0 < estimator.coverage_ < 1
    assert table[words["the"]] @ table[words["dull"]] == pytest.approx(0.0)
