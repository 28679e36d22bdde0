"""Linear models of n-grams without a net: one artefact, what it knows of a text, explanations, refusals.

Not here: stacks with a net (test_stack.py), the judges (test_grams.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra.errors import RecurraWarning, UsageError
from recurra.model import load_any
from recurra.tasks.heads.judges import JUDGES
from small_texts import LABELS, OTHERS, TEXTS, TRUTHS


@pytest.fixture(scope="module")
def linear() -> recurra.TextClassifier:
    return recurra.TextClassifier(recipe="linear").fit(TEXTS, LABELS)


def test_linear_models_alone_answer_from_an_artefact_without_a_net(
    linear: recurra.TextClassifier, tmp_path: Path
) -> None:
    assert [member["name"] for member in linear.out_of_fold_["members"]] == [judge.name for judge in JUDGES]
    assert {spec.kind for spec in linear.model_.plan.layers().values()} == {"grams"}
    linear.save(tmp_path / "linear")
    loaded: Any = recurra.load(tmp_path / "linear")
    np.testing.assert_array_equal(loaded.predict_proba(OTHERS), linear.predict_proba(OTHERS))
    assert loaded.score(OTHERS, TRUTHS) > 0.85
    # A precision is of recurrences, which it lacks: n-grams are summed in float32.
    other = load_any(tmp_path / "linear", precision="bf16")
    np.testing.assert_array_equal(other.logits(OTHERS), linear.model_.logits(OTHERS))
    assert sum(path.stat().st_size for path in (tmp_path / "linear").iterdir()) < 300_000
    assert loaded.fit(TEXTS, LABELS).recipe == "linear"


def test_linear_models_tell_what_they_know_of_a_text(linear: recurra.TextClassifier) -> None:
    known, unknown, empty = linear.model_.answers(["the film was dull " * 400, "ξζψ", ""])
    assert (known.unk_rate, known.truncated, known.unread) == (0.0, 0, False)
    assert unknown.unread and not empty.unread and empty.empty
    with pytest.warns(RecurraWarning, match="1 of 2 texts are unread"):
        linear.predict(["ξζψ", "the film was dull"])
    assert "warnings" in linear.evaluate(["ξζψ", *OTHERS], ["good", *TRUTHS])


def test_words_of_linear_models_are_explained_exactly(linear: recurra.TextClassifier) -> None:
    told = linear.explain("the film was warm, the music was dull", "good")
    effects = {word.text: word.effect for word in told.words}
    assert effects["warm"] > 0 > effects["dull"] and told.missing == pytest.approx(0.0, abs=1e-9)
    assert all(word.read for word in told.words)


@pytest.mark.parametrize(
    "choice",
    [
        {"cell": "gru"},
        {"minutes": 1.0},
        {"encoder": "encoder-en"},
        {"max_length": 50},
        {"vectors": "x"},
        {"wide": True},
    ],
    ids=str,
)
def test_linear_models_refuse_what_only_nets_read(choice: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"recipe linear|net alone"):
        recurra.TextClassifier(recipe="linear", **choice).fit(TEXTS, LABELS)


def test_a_description_without_net_and_n_grams_is_refused(linear: recurra.TextClassifier, tmp_path: Path) -> None:
    plan = linear.model_.plan
    with pytest.raises(ValueError, match="embedding is missing"):
        plan.model_copy(update={"grams": ()})
    with pytest.raises(ValueError, match="embedding is missing"):
        plan.model_copy(update={"dense": {"inputs": 3, "outputs": 2}})
