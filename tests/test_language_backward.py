"""Language models that read from the end of a text to its start: scores, artefacts, commands; what they do not do.

Not here: classifiers that begin with a model of each direction (test_transfer.py).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import recurra
from command_line import recurra as command
from command_line import refused
from recurra.errors import UsageError
from recurra.tasks.heads.next_token.measure import dynamic_figures, trigram_perplexity
from recurra.tasks.heads.next_token.run import RunningLanguage
from small_models import SENTENCES, language_model


def turned(model: RunningLanguage) -> RunningLanguage:
    """The same weights, read the other way."""
    return replace(model, plan=model.plan.model_copy(update={"direction": "backward"}))


@pytest.fixture(scope="module")
def forward() -> RunningLanguage:
    return language_model()


@pytest.fixture(scope="module")
def backward(forward: RunningLanguage) -> RunningLanguage:
    return turned(forward)


def test_tokens_are_predicted_from_those_behind_them_and_told_in_the_texts_order(
    forward: RunningLanguage, backward: RunningLanguage
) -> None:
    told = backward.token_scores("the good film")
    assert [token for token, _ in told] == ["<eos>", "the", "good", "film"]
    # Both begin behind a line's end; the last word is read first.
    wanted = forward.token_scores("film good the")
    assert [value for _, value in told[::-1]] == pytest.approx([value for _, value in wanted], rel=1e-12)
    lines = backward.token_scores("the good film\nnot bad")
    assert [token for token, _ in lines] == ["<eos>", "the", "good", "film", "<eos>", "not", "bad"]
    # What stands behind is read first, so that the last line's scores do not know the line before.
    assert lines[-1] == pytest.approx(backward.token_scores("not bad")[-1])


def test_every_figure_is_of_the_text_read_from_behind(forward: RunningLanguage, backward: RunningLanguage) -> None:
    ids = backward.stream(SENTENCES)
    np.testing.assert_array_equal(ids, forward.stream(SENTENCES)[::-1])
    figures = backward.figures(SENTENCES)
    assert figures["loss"] == pytest.approx(-forward.log_probabilities(ids).mean(), rel=1e-12)
    assert figures["tokens"] == forward.figures(SENTENCES)["tokens"]
    assert figures["bits_per_byte"] > 0 and backward.perplexity(SENTENCES) == figures["perplexity"]
    assert dynamic_figures(backward, SENTENCES)["dynamic_perplexity"] > 1
    eight = backward.in_precision("int8")
    assert eight.perplexity(SENTENCES) == pytest.approx(figures["perplexity"], rel=0.1)
    # The rival reads the same way.
    rivals = [trigram_perplexity(model, SENTENCES * 5, SENTENCES) for model in (backward, forward)]
    assert rivals[0] != rivals[1]


def test_it_writes_nothing(backward: RunningLanguage) -> None:
    for ask in (lambda: backward.generate("the"), lambda: backward.next_words("the")):
        with pytest.raises(UsageError, match="reads backward, and does not go on from a prompt; use evaluate, score"):
            ask()


def test_an_estimator_learns_backward_and_comes_back_from_its_artefact(tmp_path: Path) -> None:
    small = {"hidden": 6, "embedding_size": 5, "streams": 2, "steps": 6, "epochs": 1}
    settings = recurra.LANGUAGE_SETTINGS.changed(small)
    model = recurra.LanguageModel(direction="backward", config=settings).fit(SENTENCES * 5)
    assert model.model_.plan.direction == "backward" and "direction='backward'" in repr(model)
    model.save(tmp_path / "model")
    again = recurra.load(tmp_path / "model")
    assert isinstance(again, recurra.LanguageModel)
    assert again.token_scores("the good film") == model.token_scores("the good film")
    assert again.fit(SENTENCES * 5).perplexity(SENTENCES) == model.perplexity(SENTENCES)
    with pytest.raises(UsageError, match="direction"):
        recurra.LanguageModel(direction="sideways").fit(SENTENCES)  # type: ignore[arg-type]


def test_the_commands_take_it(tmp_path: Path) -> None:
    text, run = tmp_path / "lines.txt", tmp_path / "run"
    text.write_text("\n".join(SENTENCES * 10), "utf-8")
    small = [word for each in ("hidden=6", "streams=2", "direction=backward") for word in ("--set", each)]
    done = command("fit", "language", text, *small, "--epochs", "1", "--out", run)
    assert done.code == 0 and (run / "report.html").exists(), done.err
    told = command("evaluate", run, text, "--dynamic", "--json").json()
    assert told["perplexity"] > 1 and told["dynamic_perplexity"] > 1
    assert command("score", run, "the film", "--json").json()["tokens"][0]["token"] == "<eos>"
    assert command("score", run, "the film", "--precision", "int8").code == 0
    for more in ((), ("--next", "3")):
        refused(command("generate", run, "the", *more), 2, "reads backward")
