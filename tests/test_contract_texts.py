"""What every estimator of texts promises: a promise is written once, and all kinds are held to it.

Not here: what one kind alone promises (test_estimators_*.py, test_targets.py, test_tags.py, test_encoder.py), series
(test_estimators_series.py).
"""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError as Unfitted
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_is_fitted

import recurra
from recurra.errors import DataError, RecurraError, UsageError
from recurra.estimators.estimator import NotFittedError
from test_estimators_inputs import COLUMNS

pytestmark = pytest.mark.filterwarnings("ignore::recurra.errors.RecurraWarning")

WORDS = ("warm", "clever", "fine", "dull", "slow", "cold")
TEXTS = [f"the {WORDS[row % 6]} film {'and more ' * (row % 3)}of {WORDS[row // 6]} days" for row in range(24)]
OTHERS = [f"a {word} film" for word in WORDS]
SMALL = {"hidden": 4, "embedding_size": 4, "epochs": 1, "min_count": 1}


@dataclass(frozen=True)
class Kind:
    """An estimator whose fit is quick, with what it learns from and what it is then asked."""

    name: str
    targets: Any
    doors: tuple[str, ...]
    """Methods that take rows alone, and answer each."""
    settings: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, Any] = field(default_factory=lambda: SMALL)
    """Settings of its net."""
    rows: Any = field(default_factory=lambda: TEXTS)
    others: Any = field(default_factory=lambda: OTHERS)
    table: bool = False
    """Whether targets are a table of numbers."""

    def new(self, **more: Any) -> Any:
        """Return an estimator that has learnt nothing."""
        cls: Any = getattr(recurra, self.name)
        return cls(config=cls.task.settings.changed(self.sizes | self.settings), **self.choices, **more)

    def given(self, rows: Any, targets: Any) -> tuple[Any, ...]:
        """What `fit` and `score` are given; nothing stands for targets that the kind does not have."""
        return (rows,) if self.targets is None else (rows, targets)

    def learnt(self, rows: Any, targets: Any, **more: Any) -> Any:
        """Return a new one that has learnt."""
        return self.new().fit(*self.given(rows, targets), **more)

    def measured(self) -> list[str]:
        """Methods that hold answers against targets."""
        return [name for name in ("score", "evaluate") if hasattr(getattr(recurra, self.name), name)]

    def said(self, model: Any, rows: Any = None) -> list[Any]:
        """What a model says of rows, one answer of each door after another."""
        asked = self.others if rows is None else rows
        if not self.doors:
            return [model.perplexity(asked), model.next_words("the"), model.generate("the", tokens=9)]
        return [np.asarray(each).tolist() for door in self.doors for each in getattr(model, door)(asked)]


SENTENCES = [text.split() for text in TEXTS]
KINDS = {
    "net": Kind("TextClassifier", ["yes", "no"] * 12, ("predict", "predict_proba")),
    "stack": Kind("TextClassifier", [3, 1, 2] * 8, ("predict", "predict_proba"), choices={"recipe": "stack"}),
    "linear": Kind(
        "TextClassifier", ["yes", "no"] * 12, ("predict", "predict_proba"), choices={"recipe": "linear"}, sizes={}
    ),
    "regression": Kind("TextRegressor", [float(row % 6) for row in range(24)], ("predict",)),
    "regressions": Kind("TextRegressor", [[row % 6, row % 5] for row in range(24)], ("predict",), table=True),
    "ordinal": Kind("TextOrdinalClassifier", [0, 2, 1] * 8, ("predict", "predict_proba")),
    "labels": Kind("TextMultilabelClassifier", [["a"], ["b", "a"], [], ["b"]] * 6, ("predict", "predict_proba")),
    "flags": Kind("TextMultilabelClassifier", [[1, 0], [1, 1], [0, 1]] * 8, ("predict", "predict_proba"), table=True),
    "tags": Kind(
        "TextTagger",
        [["O", "B-X", *["O"] * (len(words) - 2)] for words in SENTENCES],
        ("predict", "predict_proba"),
        rows=SENTENCES,
        others=[text.split() for text in OTHERS],
    ),
    "vectors": Kind("SentenceEncoder", [[row % 6, row % 5, 1.0] for row in range(24)], ("transform",), table=True),
    "language": Kind("LanguageModel", None, (), {"streams": 2}),
}
SINGLE = ("explain", "next_words", "generate")
"""Methods that take one text, of those kinds that have them."""


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture(scope="module")
def model(kind: Kind) -> Any:
    new = kind.new()
    with pytest.raises(Unfitted):
        check_is_fitted(new)
    assert new.fit(*kind.given(kind.rows, kind.targets)) is new
    check_is_fitted(new)
    return new


def test_parameters_are_read_set_and_copied(kind: Kind, model: Any) -> None:
    new = kind.new(random_state=3)
    assert clone(new).get_params() == new.get_params() and "random_state=3" in repr(new)
    assert new.set_params(random_state=5) is new and new.get_params()["random_state"] == new.random_state == 5
    assert list(new.get_params()) == list(inspect.signature(type(new)).parameters)
    with pytest.raises(UsageError, match="has no parameter 'nothing'; allowed: "):
        new.set_params(nothing=1)
    copied = clone(model)
    assert copied is not model and copied.get_params() == model.get_params()
    # An encoder is not fitted on the rows of a pipeline: its copy knows what it knew.
    assert hasattr(copied, "model_") == (kind.name == "SentenceEncoder")


# scikit-learn's own checks that hand over no table of numbers: all others build one, and no estimator here takes it.
CHECKS = (
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_set_params,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_valid_tag_types,
)


@pytest.mark.parametrize("check", CHECKS)
def test_checks_of_scikit_learn_that_need_no_rows_are_passed(check: Callable[[str, Any], None]) -> None:
    for name in sorted({kind.name for kind in KINDS.values()} | {"Forecaster"}):
        check(name, getattr(recurra, name)())


def test_the_same_rows_teach_the_same_and_a_second_fit_begins_anew(kind: Kind, model: Any) -> None:
    again = kind.learnt(kind.rows, kind.targets)
    assert kind.said(again) == kind.said(model)
    again.fit(*kind.given(kind.rows[:18], kind.targets and kind.targets[:18]))
    assert kind.said(again) != kind.said(model)
    assert kind.said(again.fit(*kind.given(kind.rows, kind.targets))) == kind.said(model)


def test_nothing_is_answered_before_a_fit(kind: Kind, tmp_path: Path) -> None:
    new = kind.new()
    asks: dict[str, tuple[Any, ...]] = dict.fromkeys(kind.doors, (kind.others,))
    asks |= {name: kind.given(kind.rows, kind.targets) for name in kind.measured()}
    asks |= {name: ("the film",) for name in SINGLE if hasattr(new, name)} | {"save": (tmp_path / "none",)}
    for name, arguments in asks.items():
        with pytest.raises(NotFittedError, match=f"this {kind.name} is not fitted; call fit first"):
            getattr(new, name)(*arguments)


def test_no_rows_have_no_answers_and_teach_nothing(kind: Kind, model: Any) -> None:
    for door in kind.doors:
        many, none = getattr(model, door)(kind.others), getattr(model, door)([])
        assert type(none) is type(many) and len(none) == 0
        assert not isinstance(many, np.ndarray) or none.shape[1:] == many.shape[1:]
    nothing = np.zeros((0, len(kind.targets[0]))) if kind.table else []
    for name in kind.measured():
        with pytest.raises(RecurraError, match=r"no rows|no tokens|no text"):
            getattr(model, name)(*kind.given([], nothing))
    with pytest.raises(DataError, match=r"too few|no rows|0 class|0 tag|0 label|nothing|too little|no texts"):
        kind.learnt([], nothing)


def test_a_row_is_answered_as_it_is_among_others(kind: Kind, model: Any) -> None:
    for door in kind.doors:
        together = getattr(model, door)(kind.others)
        for row, answer in zip(kind.others, together, strict=True):
            alone = getattr(model, door)([row])[0]
            assert _near(alone, answer)


def _near(one: Any, other: Any) -> bool:
    """Whether two answers are one: names exactly, numbers but for the order in which they were added up."""
    first, second = np.asarray(one), np.asarray(other)
    return np.allclose(first, second, atol=1e-5) if first.dtype.kind == "f" else bool(np.all(first == second))


@pytest.mark.parametrize("column", COLUMNS[:-1])
def test_rows_may_stand_in_every_kind_of_column(kind: Kind, model: Any, column: Callable[[Any], Any]) -> None:
    made = _as_column(column, kind)
    for door in kind.doors:
        given, plain = getattr(model, door)(made(kind.others)), getattr(model, door)(kind.others)
        assert np.array_equal(given, plain) if isinstance(plain, np.ndarray) else str(given) == str(plain)
    if not kind.doors:
        assert model.perplexity(made(kind.others)) == model.perplexity(kind.others)


def _as_column(column: Callable[[Any], Any], kind: Kind) -> Callable[[Any], Any]:
    if isinstance(kind.others[0], str):
        return column
    # Lists as cells: an array of them would have two dimensions, and a set of names holds no lists.
    hold = {np.array, COLUMNS[4], COLUMNS[6], COLUMNS[7]}
    return (lambda values: pd.Series(values).to_numpy()) if column in hold else column


@pytest.mark.parametrize("name", ["series", "arrow", "generator"])
def test_rows_and_targets_of_other_kinds_teach_the_same(kind: Kind, model: Any, name: str) -> None:
    made = {"series": lambda each: pd.Series(each, index=range(50, 74)), "arrow": pa.array, "generator": iter}[name]
    targets = kind.targets
    if kind.table:
        # Tables of numbers are tables: a frame names its columns.
        targets = np.array(targets) if name != "series" else pd.DataFrame(targets, index=range(50, 74))
    elif targets is not None:
        targets = made(targets)
    assert kind.said(kind.learnt(made(kind.rows), targets)) == kind.said(model)


WRONG: list[tuple[Any, str]] = [
    ("a single text", "must be a list; found a single text"),
    (None, "must be a list; found NoneType"),
    ({"a": 1}, "must be a list; found dict"),
    ({"a"}, "must be a list; found set"),
    (pd.DataFrame({"text": ["a"]}), "must be one column; found a table of 'text'"),
    (["the film", 3], "row 2"),
    (["the film", None], "row 2"),
    (["the film", b"film"], "row 2"),
]


@pytest.mark.parametrize(("wrong", "told"), WRONG)
def test_what_are_no_rows_is_refused_by_every_method(kind: Kind, model: Any, wrong: Any, told: str) -> None:
    if isinstance(wrong, list) and not isinstance(kind.rows[0], str):
        wrong = [["the", "film"], wrong[1]]
    for door in kind.doors:
        with pytest.raises((UsageError, DataError), match=told):
            getattr(model, door)(wrong)
    for ask in (kind.new().fit, *(getattr(model, name) for name in kind.measured())):
        with pytest.raises((UsageError, DataError), match=told):
            ask(*kind.given(wrong, kind.targets))


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.targets is not None], indirect=True)
def test_targets_of_another_number_or_none_are_refused(kind: Kind, model: Any) -> None:
    asks = [kind.new().fit, *(getattr(model, name) for name in kind.measured())]
    for ask in asks:
        with pytest.raises(DataError, match=r"differ in number; found 24 .*, 23 "):
            ask(kind.rows, kind.targets[:23])
        with pytest.raises(UsageError, match=r"must be|learns from|vectors; found str"):
            ask(kind.rows, "one")
        for nothing in (None, float("nan")):
            with pytest.raises(RecurraError, match=r"row 2"):
                ask(kind.rows, [kind.targets[0], _gap(kind.targets[1], nothing), *kind.targets[2:]])


def _gap(target: Any, nothing: Any) -> Any:
    """A target that is none, in a row as long as the others."""
    return [nothing, *target[1:]] if isinstance(target, list) and target else nothing


def test_what_it_learnt_is_named_as_scikit_learn_names_it(kind: Kind, model: Any) -> None:
    assert not hasattr(model, "n_features_in_")
    if hasattr(model, "classes_"):
        assert is_classifier(model) and isinstance(model.classes_, np.ndarray)
        assert model.predict_proba(kind.others).shape == (len(kind.others), len(model.classes_))
    if kind.name in ("TextClassifier", "TextOrdinalClassifier"):
        assert model.classes_.tolist() == sorted({*kind.targets})
        assert model.predict(kind.others).dtype == model.classes_.dtype
    if kind.name == "TextRegressor":
        assert is_regressor(model) and np.shape(model.predict(kind.others))[1:] == np.shape(kind.targets)[1:]
    if kind.name == "SentenceEncoder":
        assert model.transform(kind.others).shape[1:] == model.get_feature_names_out().shape


def _pickled(model: Any) -> Any:
    return pickle.loads(pickle.dumps(model))  # noqa: S301  (its own bytes)


@pytest.mark.parametrize("copied", [copy.deepcopy, _pickled])
def test_a_copy_answers_the_same(kind: Kind, model: Any, copied: Callable[[Any], Any]) -> None:
    other = copied(model)
    assert kind.said(other) == kind.said(model) and repr(other.get_params()) == repr(model.get_params())


def test_what_is_saved_answers_the_same(kind: Kind, model: Any, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    loaded: Any = recurra.load(tmp_path / "model")
    assert type(loaded) is type(model) and kind.said(loaded) == kind.said(model)
    assert vars(loaded).keys() <= vars(model).keys()
    # It learns again by the settings that it was saved with.
    assert kind.said(loaded.fit(*kind.given(kind.rows, kind.targets))) == kind.said(model)


def test_what_is_given_stays_as_it_was(kind: Kind, model: Any) -> None:
    rows, targets = copy.deepcopy((kind.rows, kind.targets))
    table = np.array(targets) if kind.table else targets
    before = pickle.dumps((rows, table))
    again = kind.learnt(rows, table)
    kind.said(again, rows)
    for name in kind.measured():
        getattr(again, name)(*kind.given(rows, table))
    assert pickle.dumps((rows, table)) == before
    assert again.get_params() == kind.new().get_params()


def test_it_stands_in_pipelines_and_searches_of_scikit_learn(kind: Kind, model: Any) -> None:
    pipeline = make_pipeline(FunctionTransformer(list), kind.new())
    if "score" not in kind.measured():
        assert kind.said(pipeline.fit(*kind.given(kind.rows, kind.targets))[-1]) == kind.said(model)
        return
    choices = {f"{kind.name.lower()}__random_state": [0]}
    # scikit-learn itself takes lists of labels for no targets when it is to choose how rows are cut.
    cut = KFold(2) if kind is KINDS["labels"] else 2
    search = GridSearchCV(pipeline, choices, cv=cut, error_score="raise")
    search.fit(kind.rows, kind.targets)
    assert np.isfinite(search.best_score_) and kind.said(search.best_estimator_[-1]) == kind.said(model)


WEIGHED = [name for name, kind in KINDS.items() if kind.name not in ("TextTagger", "SentenceEncoder", "LanguageModel")]


@pytest.mark.parametrize("kind", WEIGHED, indirect=True)
def test_weights_say_how_much_a_row_counts_beside_others(kind: Kind, model: Any) -> None:
    even = kind.learnt(kind.rows, kind.targets, sample_weight=[1.0] * 24)
    sevens = kind.learnt(kind.rows, kind.targets, sample_weight=np.full(24, 7))
    assert kind.said(sevens) == kind.said(even)
    for one, other in zip(kind.said(even), kind.said(model), strict=True):
        assert _near(one, other)
    # Rows of weight 0 have not been given: neither their words nor their targets are known.
    rows, targets = [*kind.rows, "unheard of", "nowhere"], [*kind.targets, *_strange(kind)]
    without = kind.learnt(rows, targets, sample_weight=[1.0] * 24 + [0.0] * 2)
    assert kind.said(without) == kind.said(even)
    assert getattr(without, "classes_", np.zeros(0)).tolist() == getattr(even, "classes_", np.zeros(0)).tolist()


def _strange(kind: Kind) -> list[Any]:
    """Targets of two rows that no other row has, where there can be such."""
    if kind.table:
        return kind.targets[:2]
    return {str: ["x", "y"], list: [["z"], ["y"]]}.get(type(kind.targets[0]), [98, 99])


@pytest.mark.parametrize("kind", WEIGHED, indirect=True)
def test_heavy_rows_are_learnt_better_and_scores_count_by_weight(kind: Kind, model: Any) -> None:
    heavy = [30.0 if row % 4 == 0 else 1.0 for row in range(24)]
    moved = kind.learnt(kind.rows, kind.targets, sample_weight=heavy)
    assert str(kind.said(moved)) != str(kind.said(model))
    some = [float(row % 3 == 0) for row in range(24)]
    kept = [row for row in range(24) if some[row]]
    score = model.score(kind.rows, kind.targets, sample_weight=some)
    assert score == pytest.approx(model.score([kind.rows[row] for row in kept], [kind.targets[row] for row in kept]))
    assert model.score(kind.rows, kind.targets, sample_weight=[2.0] * 24) == pytest.approx(
        model.score(kind.rows, kind.targets)
    )


@pytest.mark.parametrize("kind", WEIGHED, indirect=True)
@pytest.mark.parametrize("weights", [[1.0] * 23, [-1.0] * 24, [0.0] * 24, [float("nan")] * 24, ["a"] * 24])
def test_what_are_no_weights_is_refused(kind: Kind, model: Any, weights: Any) -> None:
    for ask in (kind.new().fit, model.score):
        with pytest.raises(DataError, match="sample_weight"):
            ask(kind.rows, kind.targets, sample_weight=weights)
