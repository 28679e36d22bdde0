"""A classifier that begins with a language model: its words and weights, rates by layer, one layer more each epoch.

Not here: language models (test_estimators_language.py); encoders of stacks (test_unlabelled.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from command_line import recurra as command
from recurra.batches import Ragged
from recurra.config import Settings
from recurra.errors import UsageError
from recurra.estimators.language import LANGUAGE_SETTINGS
from recurra.layers.recurrent.run import recurrent
from recurra.tasks.text import SETTINGS
from recurra.training.descent import Descent
from recurra.training.loop import first_net
from small_texts import OTHERS, rows

TEXTS, LABELS = rows(60, 0)


SMALL = {"epochs": 1, "streams": 4, "hidden": 12, "embedding_size": 10, "layers": 2, "cell": "gru"}


def language_model(folder: Path, **choices: Any) -> Path:
    settings = LANGUAGE_SETTINGS.changed(SMALL | choices)
    recurra.LanguageModel(config=settings).fit(rows(100, 3)[0]).save(folder)
    return folder


@pytest.fixture(scope="module")
def language(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return language_model(tmp_path_factory.mktemp("language"))


@pytest.fixture(scope="module")
def backward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Vectors of another size and factor: each direction keeps its own.
    return language_model(
        tmp_path_factory.mktemp("backward"), direction="backward", embedding_size=6, embedding_scale=2.5
    )


def fitted(language: Any, **choices: Any) -> recurra.TextClassifier:
    return recurra.TextClassifier(init_from=language, validation=0, config=SETTINGS.changed(choices)).fit(TEXTS, LABELS)


def test_it_begins_with_the_words_vectors_and_recurrence_of_the_language_model(language: Path) -> None:
    model, begun = fitted(language, epochs=1), recurra.load(language).model_
    assert model.model_.encoder.vocabulary == begun.encoder.vocabulary
    assert model.model_.plan.recurrent.cell == "gru" and not model.model_.plan.recurrent.bidirectional
    # Concat pooling: three views of twelve states.
    assert model.model_.plan.dense.inputs == 36
    assert any("begins with a language model" in note for note in model.notes_)
    # The first epoch moves the dense layer alone.
    for name in ("embedding.weight", "recurrent.weight_hh_l0", "recurrent.weight_ih_l1"):
        assert np.array_equal(model.model_.tensors[name], begun.tensors[name])


def test_each_epoch_moves_a_layer_more(language: Path) -> None:
    begun = recurra.load(language).model_.tensors
    moved = [
        {name for name, value in fitted(language, epochs=epochs).model_.tensors.items() if name in begun
         and not np.array_equal(value, begun[name])}
        for epochs in (2, 3, 4)
    ]  # fmt: skip
    layers = [{name[-2:] for name in names if name.startswith("recurrent")} for names in moved]
    assert layers == [{"l1"}, {"l0", "l1"}, {"l0", "l1"}]
    assert ["embedding.weight" in names for names in moved] == [False, False, True]


def test_lower_layers_learn_at_lower_rates(language: Path) -> None:
    model = recurra.TextClassifier(init_from=language)
    prepared = recurra.tasks.text.prepare(model.asked(), _given())  # type: ignore[attr-defined]
    descent = Descent(first_net(prepared), prepared.settings.training.model_copy(update={"unfreeze": False}))
    rate = descent.go(1.0)
    # Neither a stack nor further vectors are advised, which this refuses.
    assert prepared.told["chosen"] == ["a net alone: it begins with a language model"] and not prepared.tries
    rates = {group["depth"]: group["lr"] / rate for optimiser in descent.optimisers for group in optimiser.param_groups}
    assert rates == pytest.approx({0: 1.0, 1: 0.38, 2: 0.38**2, 3: 0.38**3})


def _given() -> Any:
    from recurra.tasks.inputs.texts import LabelledTexts

    return LabelledTexts(TEXTS, LABELS)


def test_what_does_not_go_together_is_refused(language: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="hidden: the language model's own"):
        fitted(language, hidden=99)
    with pytest.raises(UsageError, match="init_from belongs to a net alone"):
        recurra.TextClassifier(init_from=language, recipe="stack").fit(TEXTS, LABELS)
    fitted(language, epochs=1).save(tmp_path / "classifier")
    with pytest.raises(UsageError, match="init_from"):
        fitted(tmp_path / "classifier")


def test_the_command_makes_the_same_and_the_artefact_answers_alike(language: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.tsv"
    file.write_text("text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in zip(TEXTS, LABELS, strict=True)))
    done = command("fit", "text", file, "--init-from", language, "--epochs", "2", "--out", tmp_path / "run", "--json")
    assert done.code == 0, done.err
    loaded = recurra.load(tmp_path / "run")
    assert isinstance(loaded, recurra.TextClassifier)
    settings: Settings = loaded.config  # type: ignore[assignment]
    assert settings.training.epochs == 2
    assert loaded.predict(OTHERS).shape == (len(OTHERS),)


def test_two_language_models_make_one_net_that_reads_both_ways_exactly_as_they_do(
    language: Path, backward: Path, tmp_path: Path
) -> None:
    # In either order: each model knows which way it reads.
    classifier = fitted([backward, language], epochs=1)
    plan, held = classifier.model_.plan, classifier.model_.tensors
    assert plan.recurrent.bidirectional and plan.embedding.size == 16 and plan.dense.inputs == 3 * 24
    ids = classifier.model_.encoder.encode(OTHERS[:3])
    for number, source in enumerate((language, backward)):
        own = recurra.load(source).model_
        for text in ids:
            read = text[::-1].copy() if number else text
            wanted = states(own.plan, own.tensors, read)
            got = states(plan, held, text)[:, 12 * number : 12 * (number + 1)]
            np.testing.assert_allclose(got[::-1] if number else got, wanted, atol=1e-6)
    classifier.save(tmp_path / "both")
    again = recurra.load(tmp_path / "both")
    np.testing.assert_array_equal(again.predict_proba(OTHERS), classifier.predict_proba(OTHERS))
    assert isinstance(again, recurra.TextClassifier)
    again.fit(TEXTS, LABELS)


def states(plan: Any, tensors: Any, ids: Any) -> Any:
    weights = {name[10:]: value for name, value in tensors.items() if name.startswith("recurrent.")}
    vectors = (tensors["embedding.weight"] * np.float32(plan.embedding.scale))[ids]
    return recurrent(plan.recurrent, weights, Ragged(vectors, np.array([0, len(ids)])))[0].values


def test_models_that_do_not_go_together_are_refused(language: Path, backward: Path, tmp_path: Path) -> None:
    for sources, found in (([backward], "backward"), ([language, language], "forward and forward"), ([], "no model")):
        with pytest.raises(UsageError, match=f"init_from; found {found}; allowed: a model that reads forward"):
            fitted(sources)
    smaller = language_model(tmp_path / "smaller", direction="backward", hidden=11, max_words=20)
    with pytest.raises(UsageError, match="do not go together; found another hidden, vocabulary"):
        fitted([language, smaller])


def test_the_command_takes_a_model_of_each_direction(language: Path, backward: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.tsv"
    file.write_text("text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in zip(TEXTS, LABELS, strict=True)))
    both = ("--init-from", language, "--init-from", backward)
    done = command("fit", "text", file, *both, "--epochs", "1", "--out", tmp_path / "run", "--json")
    assert done.code == 0, done.err
    assert recurra.load(tmp_path / "run").model_.plan.recurrent.bidirectional
