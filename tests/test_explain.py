"""Explanations: effects of words add up to the answer, for every net; offsets are those of the text as written.

Not here: the way back through a net (test_nets_back.py), n-grams themselves (test_grams.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from command_line import recurra as command
from recurra.batches import join
from recurra.cells import CELLS
from recurra.config import NetConfig, TextConfig
from recurra.errors import UsageError
from recurra.layers.grams.run import GramsSpec, grams, token_shares
from recurra.layers.grams.run import counted as counted_grams
from recurra.nets.layouts import classifier_net
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.explain import explain
from recurra.tasks.heads.explanation import Explanation
from recurra.text.encoder import fit_encoder
from recurra.text.offsets import token_starts, unit_starts, word_spans
from recurra.text.units import units_of
from small_models import SENTENCES, drawn, text_model

TEXT = "Not bad at all, don't you  think? The good<br />film"
PICKS = {
    "forward, last": NetConfig(hidden=6, embedding_size=5, bidirectional=False, pool=("last",)),
    "both ways, pooled": NetConfig(
        hidden=6, embedding_size=5, bidirectional=True, pool=("last", "mean", "max", "attention"), heads=2
    ),
}


def classifier(net: NetConfig, labels: int = 2, config: TextConfig | None = None) -> RunningClassifier:
    """A classifier of drawn weights."""
    encoder = fit_encoder(SENTENCES, config or TextConfig(min_count=1))
    plan = classifier_net(net, words=len(encoder.vocabulary), labels=labels)
    weights = {name: 2 * weight for name, weight in drawn(plan).items()}
    return RunningClassifier(plan, weights, encoder, tuple("abcde"[:labels]), 1.7)


def adds_up(told: Explanation, model: RunningClassifier) -> None:
    """The effects lead from `before` to the log-odds of the model's own answer."""
    share = model.predict_proba([told.text])[0][model.labels.index(told.label)]
    # Explained in float32, whatever the model answers in.
    near = 1e-3 if model.plan.recurrent.precision == "float32" else 2e-2
    assert told.after == pytest.approx(np.log(share / (1 - share)), abs=near)
    assert told.before + sum(word.effect for word in told.words) + told.missing == pytest.approx(told.after)
    assert abs(told.missing) <= told.tolerance


@pytest.mark.parametrize("picks", PICKS)
@pytest.mark.parametrize("labels", [2, 4])
@pytest.mark.parametrize("cell", CELLS)
def test_the_effects_of_words_add_up_to_the_answer(cell: Any, labels: int, picks: str) -> None:
    model = classifier(PICKS[picks].model_copy(update={"cell": cell}), labels)
    told = explain(model, TEXT)
    adds_up(told, model)
    assert told.label == told.predicted == model.answers([TEXT])[0].label
    assert [TEXT[word.start : word.stop] for word in told.words] == [word.text for word in told.words]
    assert [word.text for word in told.words][:7] == ["Not", "bad", "at", "all", ",", "don't", "you"]
    forward = picks == "forward, last"
    assert told.method == ("prefixes" if forward else "integrated gradients")
    assert all((word.probability is not None) == forward for word in told.words)
    for label in model.labels:
        adds_up(explain(model, TEXT, label), model)


def test_a_forward_net_is_asked_after_each_word() -> None:
    model = classifier(PICKS["forward, last"])
    text = "the good film not bad"
    told = explain(model, text, "b")
    for word in told.words:
        assert word.probability == pytest.approx(model.predict_proba([text[: word.stop]])[0][1], abs=1e-5)


def test_what_is_not_read_has_no_effect_and_is_told() -> None:
    model = classifier(PICKS["both ways, pooled"], config=TextConfig(min_count=1, max_length=4))
    told = explain(model, "good bad film not bad at all the plot")
    adds_up(told, model)
    read = [word.read for word in told.words]
    assert read == [True, False, False, False, False, False, True, True, True]
    assert all(word.effect == 0 for word in told.words if not word.read)
    assert any("5 of 9 words are not read (within characters 5 to 24)" in note for note in told.notes)


@pytest.mark.parametrize("text", ["", "   ", "<br />"])
@pytest.mark.parametrize("picks", PICKS)
def test_an_empty_text_is_answered_without_words(text: str, picks: str) -> None:
    told = explain(classifier(PICKS[picks]), text)
    assert told.words == () and told.before == pytest.approx(told.after, abs=1e-6)
    assert told.notes[0].startswith("the text holds no word")


def test_a_net_that_reads_in_windows_is_explained_in_windows() -> None:
    for picks in PICKS:
        model = classifier(PICKS[picks])
        model = replace(model, plan=model.plan.model_copy(update={"window": 4}))
        told = explain(model, "the good film not bad at all the plot the bad")
        adds_up(told, model)
        assert told.method == "integrated gradients" and all(word.read for word in told.words)


def test_unknown_words_are_told() -> None:
    told = explain(classifier(PICKS["both ways, pooled"]), "good zebra")
    assert [word.known for word in told.words] == [True, False]
    assert "1 of 2 words are unknown to the model" in told.notes


@pytest.mark.parametrize("picks", PICKS)
def test_a_net_that_was_taught_with_pads_is_explained_with_them(picks: str) -> None:
    model = classifier(PICKS[picks], config=TextConfig(min_count=1, max_length=9, pad_to_max=True))
    told = explain(model, "the good film")
    adds_up(told, model)
    assert len(told.words) == 3


def test_characters_are_joined_to_words() -> None:
    told = explain(classifier(PICKS["both ways, pooled"], config=TextConfig(tokens="character")), "a good film")
    assert [word.text for word in told.words] == ["a", "good", "film"]


def test_another_label_than_the_model_s_is_refused() -> None:
    with pytest.raises(UsageError, match=r"label to explain; found 'z'; allowed: a, b"):
        explain(classifier(PICKS["forward, last"]), "good", "z")


WILD = "aA1 .,'\"’éé\u0301İſΣσ\u0345ﬁ中文ไทยคำที่か\u3099の한\u0301\u00a0\u2003\t\n<br>😀n't's"


def test_every_token_and_unit_has_its_place_in_any_text() -> None:
    random = np.random.default_rng(0)
    for length in random.integers(0, 40, 400):
        text = "".join(WILD[place] for place in random.integers(0, len(WILD), length))
        for tokens in ("word", "character", "space", "script"):
            encoder = fit_encoder(["a b c"], TextConfig(tokens=tokens, min_count=1))  # type: ignore[arg-type]
            starts = token_starts(text, encoder)
            assert len(starts) == len(encoder.encode_whole([text])[0])
            assert (np.diff(starts) >= 0).all() and (not len(starts) or starts.max() < len(text))
        for unit in ("word", "character"):
            assert len(unit_starts(text, unit)) == len(units_of([text], unit)[0])  # type: ignore[arg-type]
        spans = word_spans(text)
        assert "".join(text[start:stop] for start, stop in spans) == "".join(text.replace("<br>", " ").split())


@pytest.mark.parametrize("unit", ["word", "character"])
@pytest.mark.parametrize("counted", ["present", "damped"])
@pytest.mark.parametrize("normed", [True, False])
def test_shares_of_n_grams_sum_to_their_scores(unit: Any, counted: Any, normed: bool) -> None:
    random, tokens = np.random.default_rng(0), units_of(["a b a b, a good good film " * 9], unit)[0]
    # Half of the n-grams of the text are known.
    entries = np.unique(counted_grams(join([tokens]), unit, 1, 3).places)[::2].astype(np.float32)
    spec = GramsSpec(unit=unit, shortest=1, longest=3, counted=counted, normed=normed, entries=len(entries), outputs=3)
    weights = {
        "place": entries,
        "weight": random.standard_normal((len(entries), 3)).astype(np.float32),
        "square": random.random(len(entries)).astype(np.float32),
        "bias": np.zeros(3, np.float32),
    }
    shares = token_shares(spec, weights, tokens)
    wanted = grams(spec, weights, join([tokens]))[0]
    assert np.abs(wanted).max() > 0 and np.allclose(shares.sum(axis=0), wanted, atol=1e-4)
    if unit == "character":
        assert not shares[tokens == 32].any()


FILLERS = ("the", "film", "was", "long", "and", "they", "went", "home")


def planted(count: int) -> tuple[list[str], list[str]]:
    """Texts of which one word alone decides."""
    random = np.random.default_rng(0)
    texts, labels = [], []
    for number in range(count):
        words = [FILLERS[place] for place in random.integers(0, len(FILLERS), 7)]
        words[int(random.integers(0, 7))] = ("dreadful", "wonderful")[number % 2]
        texts.append(" ".join(words))
        # One label in ten is wrong: a net that is always right can be as sure as it likes, and fit warns of that.
        labels.append(("bad", "good")[(number + (random.random() < 0.1)) % 2])
    return texts, labels


# So few rows give doubts about temperature and weight, which are told.
@pytest.mark.filterwarnings("ignore::recurra.errors.RecurraWarning")
@pytest.mark.parametrize(
    "choices",
    [{}, {"epochs": 12, "recipe": "net"}, {"epochs": 12, "recipe": "net", "wide": True}],
    ids=str,
)
def test_the_word_that_decides_has_the_largest_effect_also_after_reload(choices: Any, tmp_path: Path) -> None:
    texts, labels = planted(240)
    config = recurra.TEXT_SETTINGS.changed({"hidden": 8, "embedding_size": 8, "adversarial": 0.0, "batch_size": 8})
    own = {} if not choices else {"config": config}
    model = recurra.TextClassifier(**choices, **own).fit(texts, labels)
    model.save(tmp_path / "model")
    for text in texts[:4]:
        told = recurra.load(tmp_path / "model").explain(text)
        adds_up(told, model.model_)
        assert max(told.words, key=lambda word: word.effect).text in ("dreadful", "wonderful")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    text_model().save(tmp_path / "model")
    return tmp_path / "model"


def test_the_command_tells_words_json_and_a_page(saved: Path, tmp_path: Path) -> None:
    told = command("explain", saved, "not bad at all")
    assert told.code == 0 and "integrated gradients" in told.out
    assert [line.split()[1] for line in told.out.splitlines()[-4:]] == ["not", "bad", "at", "all"]
    page = tmp_path / "page.html"
    record = command("explain", saved, "not bad <b>at</b> all", "--json", "--report", page).json()
    assert record["row"] == 1 and [word["text"] for word in record["words"]][:2] == ["not", "bad"]
    assert "<mark" in page.read_text() and "<b>at" not in page.read_text()


def test_the_command_explains_files_and_another_class(saved: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text('text,other\n"a good film",1\n"",2\nnot bad,3\n')
    plain = command("explain", saved, "--file", file, "--column", "text", "--top", 1)
    # Each row is told by its number, and once that words are left out.
    assert "row          2\n" in plain.out and plain.err.count("--top tells more") == 1
    rows = command("explain", saved, "--file", file, "--column", "text", "--class", "bad", "--json").rows()
    assert [row["label"] for row in rows] == ["bad"] * len(rows) and len(rows) >= 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((), "what to explain; found neither"),
        (("good", "--file", "x.csv"), "what to explain; found both"),
        (("good", "--class", "none"), "--class; found 'none'; allowed: bad, good"),
    ],
)
def test_the_command_refuses_in_one_line(saved: Path, given: tuple[str, ...], told: str) -> None:
    done = command("explain", saved, *given)
    assert done.code == 2 and told in done.err and done.err.count("\n") == 1


def test_explaining_imports_no_torch(saved: Path) -> None:
    code = (
        "import sys, json, recurra; told = recurra.load(sys.argv[1]).explain('not bad at all'); "
        "heavy = ('torch', 'pandas', 'pyarrow', 'scipy', 'sklearn'); "
        "print(json.dumps([name for name in heavy if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(saved)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
