"""A reloaded estimator remembers classes in their type, arguments, settings and history; a second fit keeps them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from artefact_examples import describe
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.errors import ArtefactError, DataError, UsageError
from recurra.estimators.estimator import Estimator
from recurra.estimators.language import LANGUAGE_SETTINGS, LanguageModel
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
from small_models import save_all

TEXTS, LABELS = map(list, synthetic_reviews("train", count=60))
TINY = TEXT_SETTINGS.changed({"embedding_size": 4, "min_count": 1, "dropout": 0.2})
VALUES = np.sin(np.arange(50.0))


def text(**more: Any) -> TextClassifier:
    return TextClassifier("gru", hidden=4, pool=("mean", "max"), epochs=2, validation=0.2, config=TINY, **more)


def language() -> LanguageModel:
    settings = LANGUAGE_SETTINGS.changed({"embedding_size": 4, "streams": 2})
    return LanguageModel("rnn", hidden=4, tokens="character", epochs=1, validation=0.1, random_state=5, config=settings)


def series() -> Forecaster:
    settings = SERIES_SETTINGS.changed({"batch_size": 8})
    return Forecaster("rnn", horizon=2, window=6, hidden=4, epochs=2, validation=3, random_state=7, config=settings)


FITS: dict[str, tuple[Callable[[], Any], tuple[Any, ...]]] = {
    "text": (lambda: text(random_state=3), (TEXTS, LABELS)),
    "language": (language, (TEXTS,)),
    "series": (series, (VALUES,)),
}


@pytest.mark.parametrize("task", FITS)
def test_a_second_fit_of_a_loaded_estimator_learns_the_same_weights(task: str, tmp_path: Path) -> None:
    make, rows = FITS[task]
    fitted: Estimator = make().fit(*rows)
    fitted.save(tmp_path / "model")
    loaded = type(fitted).load(tmp_path / "model")
    given = {name: value for name, value in fitted.get_params().items() if name != "config"}
    assert {name: loaded.get_params()[name] for name in given} == given
    assert loaded.settings() == fitted.settings() and loaded.best_epoch_ == fitted.best_epoch_
    assert loaded.history_ == [{n: v for n, v in row.items() if n != "seconds"} for row in fitted.history_]
    again: Any = clone(loaded).fit(*rows)  # type: ignore[type-var]
    assert all(np.array_equal(again.model_.tensors[name], value) for name, value in fitted.model_.tensors.items())
    # What was loaded is saved as it was, byte for byte.
    loaded.save(tmp_path / "again")
    for name in ("recurra.json", "README.md"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "model" / name).read_bytes()


@pytest.mark.filterwarnings("ignore::recurra.errors.RecurraWarning")
@pytest.mark.parametrize(
    "names", [("no", "yes"), (3, 7), (-1, 2**40), (0.5, 2.0), (False, True), (np.int8(1), np.int8(2)), ("1", "01")]
)
def test_classes_keep_their_type(names: tuple[Any, Any], tmp_path: Path) -> None:
    labels = [names[label == "positive"] for label in LABELS]
    fitted = TextClassifier(hidden=4, epochs=1, config=TINY).fit(TEXTS, labels)
    fitted.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model")
    assert loaded.classes_.tolist() == fitted.classes_.tolist() == sorted(names)
    assert loaded.classes_.dtype.kind == fitted.classes_.dtype.kind
    assert loaded.predict(TEXTS).tolist() == fitted.predict(TEXTS).tolist()
    assert (loaded.predict(TEXTS) == np.array(labels)).mean() == fitted.score(TEXTS, labels)
    assert loaded.score(TEXTS, labels) == fitted.score(TEXTS, labels)
    assert loaded.evaluate(TEXTS, labels) == fitted.evaluate(TEXTS, labels)


def test_labels_in_another_type_score_as_they_evaluate(tmp_path: Path) -> None:
    labels = [int(label == "positive") for label in LABELS]
    fitted = TextClassifier(hidden=4, epochs=1, config=TINY).fit(TEXTS, labels)
    accuracy = fitted.evaluate(TEXTS, labels)["accuracy"]
    for written in (labels, np.array(labels, np.float32), [str(label) for label in labels]):
        assert fitted.score(TEXTS, written) == fitted.evaluate(TEXTS, written)["accuracy"] == accuracy > 0
    # A class that a fold of a cross-validation never learnt is answered wrongly; labels of another kind are a mistake.
    assert 0 < fitted.score(TEXTS, [5, *labels[1:]]) <= accuracy
    with pytest.raises(DataError, match="labels the model does not know; found False, True; allowed: 0, 1"):
        fitted.score(TEXTS, [bool(label) for label in labels])
    with pytest.raises(DataError, match="no rows to evaluate on"):
        fitted.score([], [])
    with pytest.raises(DataError, match="sample_weight; allowed: one finite number"):
        fitted.score(TEXTS, labels, sample_weight=[0.0] * len(labels))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"label_kind": "complex"}, "label_kind; found 'complex'; allowed: str, int, float, bool"),
        ({"label_kind": "int"}, "labels; found 'negative'; allowed: texts of int values"),
        ({"label_kind": "int", "labels": ["01", "1"]}, "labels; found '01'"),
        ({"label_kind": "bool", "labels": ["true", "false"]}, "labels; found 'true'"),
        ({"label_kind": "float", "labels": ["nan", "1.0"]}, "labels; found 'nan'"),
        ({"origin": []}, "origin"),
        ({"origin": {"best_epoch": -1}}, "origin.best_epoch"),
        ({"origin": {"history": [{"loss": "low"}]}}, "origin.history.0.loss"),
        ({"origin": {"colour": "red"}}, "origin.colour"),
    ],
)
def test_what_no_fit_has_written_is_refused(change: dict[str, Any], told: str, tmp_path: Path) -> None:
    text(random_state=0).fit(TEXTS, LABELS).save(tmp_path / "model")
    describe(tmp_path / "model", lambda record: record["config"].update(change))
    with pytest.raises(ArtefactError, match=told):
        TextClassifier.load(tmp_path / "model")


def test_an_artefact_of_before_answers_and_says_why_it_cannot_be_fitted_again(tmp_path: Path) -> None:
    folders = save_all(tmp_path)
    loaded = TextClassifier.load(folders["text"])
    assert loaded.predict(["a good film"]).shape == (1,) and loaded.history_ == [] and loaded.best_epoch_ == 0
    for estimator, rows in ((loaded, (TEXTS, LABELS)), (LanguageModel.load(folders["language"]), (TEXTS,))):
        with pytest.raises(UsageError, match="cannot be fitted again: its artefact, of an earlier version"):
            estimator.fit(*rows)
    # Whoever says what is meant may go on.
    assert loaded.set_params(config=TINY, hidden=4, epochs=1).fit(TEXTS, LABELS).predict(TEXTS[:1]).shape == (1,)


def test_settings_that_are_no_longer_there_stop_the_second_fit_alone(tmp_path: Path) -> None:
    text(random_state=0).fit(TEXTS, LABELS).save(tmp_path / "model")
    describe(tmp_path / "model", lambda record: record["config"]["origin"]["settings"]["net"].update(flux=1))
    describe(tmp_path / "model", lambda record: record["config"]["origin"]["parameters"].update(gone=2))
    loaded = TextClassifier.load(tmp_path / "model")
    assert loaded.predict(TEXTS[:2]).shape == (2,) and loaded.get_params()["hidden"] == 4
    with pytest.raises(UsageError, match=r"its settings are not those of this version: net\.flux"):
        loaded.fit(TEXTS, LABELS)


@pytest.mark.filterwarnings("ignore::recurra.errors.RecurraWarning")
def test_the_wide_part_and_vectors_are_remembered(tmp_path: Path) -> None:
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("the 1 0 0\nfilm 0 1 0\ndull 0 0 1\n")
    texts, labels = TEXTS * 2, LABELS * 2
    fitted = text(vectors=vectors, wide=True).fit(texts, labels)
    fitted.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model")
    assert (loaded.wide, loaded.vectors) == (True, str(vectors))
    assert loaded.fit(texts, labels).coverage_ == fitted.coverage_ and loaded.model_.plan.wide is not None


@pytest.mark.parametrize(("state", "kept"), [(None, None), (11, 11), (np.int64(4), 4)])
def test_a_random_state_is_remembered(state: Any, kept: Any, tmp_path: Path) -> None:
    fitted = text(random_state=state).fit(TEXTS, LABELS)
    fitted.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model")
    assert loaded.random_state == kept and (kept is None or fitted.seed_ == kept)


def test_a_generator_is_remembered_by_the_seed_that_it_gave(tmp_path: Path) -> None:
    fitted = text(random_state=np.random.RandomState(2)).fit(TEXTS, LABELS)
    fitted.save(tmp_path / "model")
    loaded = TextClassifier.load(tmp_path / "model")
    assert loaded.random_state == fitted.seed_
    again = loaded.fit(TEXTS, LABELS).model_.tensors
    assert all(np.array_equal(again[name], value) for name, value in fitted.model_.tensors.items())


@pytest.mark.parametrize("task", FITS)
def test_a_fitted_estimator_goes_through_pickle(task: str) -> None:
    make, rows = FITS[task]
    fitted = make().fit(*rows)
    other = pickle.loads(pickle.dumps(fitted))  # noqa: S301 - it is our own
    assert all(np.array_equal(other.model_.tensors[name], value) for name, value in fitted.model_.tensors.items())
    if task == "text":
        assert np.array_equal(other.predict_proba(TEXTS), fitted.predict_proba(TEXTS))
    elif task == "language":
        assert other.generate("the", tokens=5) == fitted.generate("the", tokens=5)
    else:
        assert np.array_equal(other.predict(steps=4, level=[80]), fitted.predict(steps=4, level=[80]))


def test_searches_run_in_threads_and_processes_with_the_same_result() -> None:
    choices = {"hidden": [3, 4], "epochs": [1]}
    searches = [
        GridSearchCV(TextClassifier(config=TINY, pool=("mean",)), choices, cv=2, n_jobs=jobs).fit(TEXTS, LABELS)
        for jobs in (None, 2)
    ]
    assert searches[0].cv_results_["mean_test_score"].tolist() == searches[1].cv_results_["mean_test_score"].tolist()
    fits = [delayed(text(random_state=seed).fit)(TEXTS, LABELS) for seed in (0, 1)]
    together = Parallel(n_jobs=2, backend="threading")(fits)
    alone = text(random_state=1).fit(TEXTS, LABELS)
    assert np.array_equal(together[1].predict_proba(TEXTS), alone.predict_proba(TEXTS))


def test_an_estimator_trained_at_the_command_line_is_remembered_with_its_columns(tmp_path: Path) -> None:
    from command_line import recurra

    rows = "".join(f'{row},"{text}",{label}\n' for row, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True)))
    (tmp_path / "rows.csv").write_text(f"text,body,queue\n{rows}")
    small = ("--set", "hidden=4", "--set", "embedding_size=4", "--epochs", 1, "--seed", 9, "--quiet")
    named = ("--text", "body", "--label", "queue", "--validation", 0.3)
    assert recurra("fit", "text", tmp_path / "rows.csv", *named, *small, "--out", tmp_path / "run").code == 0
    loaded = TextClassifier.load(tmp_path / "run")
    assert (loaded.random_state, loaded.validation, loaded.settings().net.hidden) == (9, 0.3, 4)
    # The artefact alone knows the columns: another file is read alike, wherever it is carried.
    (tmp_path / "run" / "artefact").rename(tmp_path / "carried")
    evaluated = recurra("evaluate", tmp_path / "carried", tmp_path / "rows.csv", "--json")
    assert evaluated.code == 0 and "would fit" not in evaluated.err
    assert evaluated.json()["accuracy"] == loaded.score(TEXTS, LABELS)
    predicted = recurra("predict", tmp_path / "carried", tmp_path / "rows.csv", "--json").rows()
    assert [row["label"] for row in predicted] == loaded.predict(TEXTS).tolist()
    (tmp_path / "new.csv").write_text("text,comment\ngood,bad\n")
    told = recurra("predict", tmp_path / "carried", tmp_path / "new.csv")
    assert told.code == 0 and "the model learnt from column 'body'; texts are taken from 'text'" in told.err
