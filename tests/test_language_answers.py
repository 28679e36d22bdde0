"""Language models as answers: bits per byte, the score of each token, and drawing of the best tokens alone."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import recurra, refused
from recurra import load as recurra_load
from recurra.config import TextConfig
from recurra.errors import UsageError
from recurra.tasks.heads.next_token.drawing import Drawing
from recurra.tasks.heads.next_token.dynamic import Dynamics, dynamic_scores
from recurra.tasks.heads.next_token.measure import dynamic_figures
from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.text.stream import stream_ids
from recurra.text.vocabulary import EOS
from small_models import SENTENCES, language_model, text_model

CHARACTERS = TextConfig(tokens="character", min_count=1)


@pytest.fixture(scope="module")
def words() -> RunningLanguage:
    return language_model()


def test_bits_per_byte_count_every_byte_that_was_scored() -> None:
    model = language_model(config=CHARACTERS)
    found = model.figures(SENTENCES)
    # One byte for each line end; the first character is not predicted.
    read = len("\n".join(SENTENCES)) + 1 - 1
    assert found["tokens"] == read
    assert found["bits_per_byte"] == pytest.approx(found["loss"] / math.log(2), rel=1e-12)
    assert "unknown_words" not in found


def test_bits_per_byte_of_words_and_of_characters_have_the_same_bytes(words: RunningLanguage) -> None:
    lines = ["A  GOOD film", "not bad"]
    for model in (words, language_model(config=CHARACTERS)):
        found = model.figures(lines)
        first = 1
        read = len("a good film\nnot bad\n") - first + (1 if model is not words else 0)
        assert found["bits_per_byte"] == pytest.approx(found["loss"] * found["tokens"] / math.log(2) / read, rel=1e-12)


def test_where_words_are_unknown_their_number_stands_in_place_of_bits(words: RunningLanguage) -> None:
    found = words.figures(["a good xylophone", "not zebras"])
    assert found["unknown_words"] == 2 and "bits_per_byte" not in found
    spaced = language_model(config=TextConfig(tokens="space", min_count=1))
    assert "bits_per_byte" in spaced.figures(["a <unk> film", "not bad"])
    assert spaced.figures(["a <unk> xylophone"])["unknown_words"] == 1


def test_scores_of_tokens_add_up_to_the_log_probability_of_the_text(words: RunningLanguage) -> None:
    scores = words.token_scores("the good film\nnot bad")
    assert [token for token, _ in scores] == ["the", "good", "film", "<eos>", "not", "bad", "<eos>"]
    ids = np.concatenate([[EOS], stream_ids(["the good film", "not bad"], words.encoder)])
    np.testing.assert_allclose([value for _, value in scores], words.log_probabilities(ids), rtol=1e-12)
    after = dict(words.next_words("the good", count=100))
    assert math.exp(scores[2][1]) == pytest.approx(after["film"], rel=1e-5)
    assert words.token_scores("zebra")[0][0] == "<unk>"
    assert [token for token, _ in words.token_scores("")] == ["<eos>"]


def test_the_command_scores_tokens(tmp_path: Path, words: RunningLanguage) -> None:
    words.save(tmp_path / "model")
    told = recurra("score", tmp_path / "model", "the good film", "--json").json()
    wanted = words.token_scores("the good film")
    assert [(one["token"], one["log_probability"]) for one in told["tokens"]] == wanted
    assert told["log_probability"] == pytest.approx(sum(value for _, value in wanted))
    shown = recurra("score", tmp_path / "model", "the good").out.splitlines()
    assert shown[0].split() == ["token", "log_probability"] and shown[-1].startswith("all together")


def test_drawing_keeps_the_best_tokens_alone() -> None:
    # The first four are special words; `<eos>`, the last of them, may be drawn.
    logits = np.log(np.array([9.0, 9.0, 9.0, 0.1, 0.4, 0.3, 0.2], np.float32))
    assert Drawing().shares(logits)[3:].tolist() == pytest.approx([0.1, 0.4, 0.3, 0.2])
    assert Drawing(top_k=2).shares(logits).tolist() == pytest.approx([0, 0, 0, 0, 4 / 7, 3 / 7, 0])
    # 0.4 and 0.3 reach 0.7 exactly; 0.71 needs the third.
    assert np.count_nonzero(Drawing(top_p=0.7 - 1e-6).shares(logits)) == 2
    assert np.count_nonzero(Drawing(top_p=0.71).shares(logits)) == 3
    assert np.count_nonzero(Drawing(top_p=1e-9).shares(logits)) == 1
    assert np.count_nonzero(Drawing(top_k=100).shares(logits)) == 4
    both = Drawing(top_k=2, top_p=0.5).shares(logits)
    assert np.flatnonzero(both).tolist() == [4] and both.sum() == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("top_k", -1), ("top_k", 1.5), ("top_k", True), ("top_p", 0.0), ("top_p", 1.1), ("top_p", float("nan"))],
)
def test_drawings_that_mean_nothing_are_refused(words: RunningLanguage, name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"{name}; found"):
        words.generate("a", **{name: value})


def test_a_text_ends_before_the_first_stop(words: RunningLanguage) -> None:
    whole = words.generate("the", tokens=60, seed=3)
    stop = whole.split()[7]
    cut = words.generate("the", tokens=60, seed=3, stop=stop)
    assert cut == whole[: whole.index(stop)] and words.generate("the", tokens=60, seed=3, stop=["§", stop]) == cut
    # A stop may reach over several tokens, and over a line's end.
    pair = " ".join(whole.split(" ")[5:7])
    assert words.generate("the", tokens=60, seed=3, stop=pair) == whole[: whole.index(pair)]
    assert "\n" not in words.generate("the", tokens=200, stop="\n")
    assert words.generate("the", tokens=60, seed=3, top_k=1) == words.generate("the", tokens=60, seed=9, top_k=1)
    for wrong in ("", ["a", ""], 3, [b"a"]):
        with pytest.raises(UsageError, match="stop; found"):
            words.generate("a", stop=wrong)  # type: ignore[arg-type]


def test_the_command_draws_of_the_best_and_stops(tmp_path: Path, words: RunningLanguage) -> None:
    words.save(tmp_path / "model")
    asked = ("generate", tmp_path / "model", "the", "--tokens", 40, "--seed", 3)
    told = recurra(*asked, "--top-k", 3, "--top-p", 0.9, "--stop", "film", "--stop", "\n", "--json").json()
    assert told["text"] == words.generate("the", tokens=40, seed=3, top_k=3, top_p=0.9, stop=["film", "\n"])
    assert told["top_k"] == 3 and told["stop"] == ["film", "\n"]
    refused(recurra(*asked, "--top-p", 2), 2, "top_p; found 2; allowed: a share above 0")


def test_dynamic_scores_stand_before_what_is_learnt_and_leave_the_model_as_it_is(words: RunningLanguage) -> None:
    ids, before = words.stream(SENTENCES * 20), {name: value.copy() for name, value in words.tensors.items()}
    static = words.log_probabilities(ids)
    # Up to the first step nothing was learnt: these scores are the model's own.
    found = dynamic_scores(words, ids, Dynamics(rate=0.01, steps=7))
    np.testing.assert_allclose(found[:7], static[:7], atol=1e-5)
    assert not np.allclose(found[7:14], static[7:14], atol=1e-4)
    # What comes later changes no score before it.
    np.testing.assert_array_equal(dynamic_scores(words, ids[:50], Dynamics(rate=0.01, steps=7)), found[:49])
    np.testing.assert_allclose(dynamic_scores(words, ids, Dynamics(rate=1e-12)), static, atol=1e-5)
    assert found[-100:].mean() > static[-100:].mean() + 0.5
    assert all(np.array_equal(words.tensors[name], value) for name, value in before.items())


def test_evaluate_tells_the_dynamic_figure_beside_the_static_one(tmp_path: Path, words: RunningLanguage) -> None:
    words.save(tmp_path / "model")
    file = tmp_path / "lines.txt"
    file.write_text("".join(f"{line}\n" for line in SENTENCES * 5))
    told = recurra("evaluate", tmp_path / "model", file, "--no-rival", "--dynamic", "--json").json()
    model = recurra_load(tmp_path / "model")
    assert told == model.evaluate(SENTENCES * 5, dynamic=True)
    assert told["dynamic_perplexity"] < told["perplexity"] and told["dynamic_bits_per_byte"] < told["bits_per_byte"]
    assert "dynamic_perplexity" not in model.evaluate(SENTENCES)
    text_model().save(tmp_path / "text")
    refused(recurra("evaluate", tmp_path / "text", file, "--dynamic"), 2, "--dynamic; found a model of task text")
    refused(recurra("evaluate", tmp_path / "model", file, "--no-rival", "--dynamic", "--precision", "int8"), 2, "int8")


def test_without_torch_dynamic_evaluation_says_what_it_needs(
    words: RunningLanguage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, dynamic_scores.__module__)
    with pytest.raises(UsageError, match="dynamic evaluation learns, which needs torch"):
        dynamic_figures(words, SENTENCES)
