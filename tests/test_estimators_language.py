"""LanguageModel: exact perplexity, deterministic samples, words, characters and texts tokenised beforehand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone

from recurra.batches import Ragged
from recurra.errors import DataError, UsageError
from recurra.estimators.language import LANGUAGE_SETTINGS, LanguageModel
from recurra.nets.learn import LearningNet, load_tensors, to_tensor
from recurra.tasks.language import CHARACTERS
from recurra.text.vocabulary import EOS

SMALL = LANGUAGE_SETTINGS.changed({"hidden": 8, "embedding_size": 6, "streams": 2, "steps": 6, "epochs": 2})
LINES = [
    f"the {first} sees the {second} ." for first in ("cat", "dog", "bird") for second in ("sun", "moon", "sea", "cat")
]


def small(**more: Any) -> LanguageModel:
    return LanguageModel(config=SMALL.changed(more.pop("settings", {})), **more)


@pytest.fixture(scope="module")
def fitted() -> LanguageModel:
    return small(epochs=30, learning_rate=0.02, settings={"dropout": 0.0, "recurrent_dropout": 0.0}).fit(LINES)


def test_perplexity_is_what_a_computation_by_hand_gives(fitted: LanguageModel) -> None:
    held_out = LINES[:2]
    vocabulary = fitted.model_.encoder.vocabulary
    ids = [vocabulary.index.get(word, 1) for line in held_out for word in (*line.split(), vocabulary.words[EOS])]
    net = LearningNet(fitted.model_.plan, SMALL.net).eval()
    load_tensors(net, fitted.model_.tensors)
    with torch.no_grad():
        stream = Ragged(np.array(ids[:-1]), np.array([0, len(ids) - 1]))
        hidden, _ = net(to_tensor(stream), None)
        shares = torch.log_softmax(net.output(hidden, net.embedding.weight).double(), dim=1)
    told = shares[torch.arange(len(ids) - 1), torch.tensor(ids[1:])]
    wanted = float(torch.exp(-told.mean()))
    assert fitted.perplexity(held_out) == pytest.approx(wanted, rel=1e-5)
    assert fitted.score(held_out) == pytest.approx(-np.log(wanted), rel=1e-5)


def test_it_learns_what_the_text_repeats(fitted: LanguageModel) -> None:
    best = fitted.next_words("the cat sees", count=3)
    assert best[0][0] == "the" and best[0][1] > 0.5
    assert fitted.perplexity(LINES) < small(epochs=1, learning_rate=1e-6).fit(LINES).perplexity(LINES) / 2
    everything = fitted.next_words("the", count=10_000)
    assert sum(share for _, share in everything) == pytest.approx(1.0, abs=1e-5)
    assert [share for _, share in everything] == sorted((share for _, share in everything), reverse=True)


def test_the_same_seed_writes_the_same_text_and_another_seed_another(fitted: LanguageModel) -> None:
    first = fitted.generate("the cat", tokens=40, seed=1)
    assert first == fitted.generate("the cat", tokens=40, seed=1) != fitted.generate("the cat", tokens=40, seed=2)
    words = set(" ".join(LINES).split())
    assert set(first.replace(".", " . ").split()) <= words
    cold = {fitted.generate("the cat", tokens=10, seed=seed, temperature=1e-6) for seed in range(4)}
    assert len(cold) == 1
    assert "<unk>" not in fitted.generate("utterly new words", tokens=200)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_that_is_none_is_refused(fitted: LanguageModel, temperature: float) -> None:
    with pytest.raises(UsageError, match=r"temperature; found .*; allowed: a positive number"):
        fitted.generate("the", temperature=temperature)


def test_characters_are_tokens_too() -> None:
    model = small(tokens="character", epochs=1).fit(LINES)
    assert {word for word in model.model_.encoder.vocabulary.words if len(word) == 1} == set("".join(LINES))
    text = model.generate("the c", tokens=12, seed=0)
    assert set(text) <= set("".join(LINES)) | {"\n"} and len(text) == 12


def test_texts_tokenised_beforehand_are_cut_at_white_space_only() -> None:
    model = small(tokens="space", epochs=1, settings={"lowercase": False}).fit(["a-b C, d"] * 30)
    assert {"a-b", "C,", "d"} <= set(model.model_.encoder.vocabulary.words)


def test_the_same_random_state_gives_the_same_model_whose_artefact_answers_alike(tmp_path: Path) -> None:
    models = [small(random_state=state).fit(LINES) for state in (0, 0, 1)]
    for number, model in enumerate(models):
        model.save(tmp_path / str(number))
    weights = [(tmp_path / str(number) / "weights.safetensors").read_bytes() for number in range(3)]
    assert weights[0] == weights[1] != weights[2]
    loaded = LanguageModel.load(tmp_path / "0")
    assert loaded.perplexity(LINES) == models[0].perplexity(LINES)
    assert loaded.generate("the", seed=3) == models[0].generate("the", seed=3)
    loaded.save(tmp_path / "again")
    for name in ("recurra.json", "weights.safetensors", "tokenizer.json"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "0" / name).read_bytes()


def test_validation_is_the_end_of_the_text_or_what_is_given() -> None:
    held = small(validation=0.25, epochs=1).fit(LINES)
    # Twelve lines; the last three hold `bird`, so its word is learnt only where they are not held out.
    assert "bird" in held.model_.encoder.vocabulary.index
    assert "bird" not in small(validation=1 / 3, epochs=1).fit(LINES).model_.encoder.vocabulary.index
    given = small(epochs=1).fit(LINES, validation_data=LINES[:4])
    assert "val_perplexity" in given.history_[0]
    assert "val_loss" not in small(validation=0, epochs=1).fit(LINES).history_[0]


def test_a_validation_part_of_a_few_words_is_measured_in_fewer_streams() -> None:
    model = LanguageModel(epochs=1, config=SMALL.changed({"streams": 8}))
    assert model.fit(["a warm film", "not a good film"] * 30).history_[0]["val_perplexity"] > 1


def test_too_little_text_is_refused() -> None:
    with pytest.raises(DataError, match="too little text to hold a part out; found 1 text"):
        small().fit(["one line"])
    with pytest.raises(DataError, match="the text is too short; found 4 tokens; allowed: at least 8 for 4 streams"):
        small(validation=0, settings={"streams": 4}).fit(["a b", ""])
    with pytest.raises(UsageError, match="perplexity needs two tokens"):
        small(epochs=1).fit(LINES).perplexity([""])


def test_it_clones_and_asks_to_be_fitted_first() -> None:
    estimator = small(cell="gru", tokens="character")
    assert clone(estimator).get_params() == estimator.get_params()
    asks: list[Callable[[LanguageModel], object]] = [
        lambda one: one.generate("a"),
        lambda one: one.perplexity(LINES),
        lambda one: one.next_words("a"),
    ]
    for ask in asks:
        with pytest.raises(UsageError, match="this LanguageModel is not fitted"):
            ask(estimator)
    with pytest.raises(UsageError, match="reads in one direction"):
        small(settings={"bidirectional": True}).fit(LINES)


def test_word_vectors_start_the_table(tmp_path: Path) -> None:
    vectors = tmp_path / "vectors.txt"
    rows = np.random.default_rng(0).standard_normal((4, 3))
    names = ("the", "cat", "sea", "moon")
    vectors.write_text("".join(f"{name} {' '.join(map(str, row))}\n" for name, row in zip(names, rows, strict=True)))
    model = small(vectors=vectors, epochs=1, learning_rate=1e-9).fit(LINES)
    table, index = model.model_.tensors["embedding.weight"], model.model_.encoder.vocabulary.index
    found = np.array([table[index[name], :3] for name in names])
    centred = rows - rows.mean(axis=0)
    np.testing.assert_allclose(found / found.std(), centred / centred.std(), rtol=1e-3, atol=1e-3)
    assert np.abs(table[index["dog"]]).max() < np.abs(found).max()


def test_characters_have_defaults_of_their_own_which_a_choice_overrides() -> None:
    quick = {"hidden": 8, "streams": 2, "epochs": 1}
    model = LanguageModel(tokens="character", config=LANGUAGE_SETTINGS.changed(quick)).fit(["The Sea", "the sun"] * 20)
    net = model.model_.plan
    assert net.embedding.size == CHARACTERS["embedding_size"] and net.recurrent.hidden == 8
    # Capitals are characters, and nobody asked to fold them.
    assert "T" in model.model_.encoder.vocabulary.words
    told = next(note for note in model.notes_ if note.startswith("tokens=character: "))
    assert "lowercase False" in told and "hidden" not in told
    scan = LanguageModel(tokens="character", cell="mingru", config=LANGUAGE_SETTINGS.changed(quick)).fit(LINES)
    assert not any("weight_drop" in note for note in scan.notes_)
