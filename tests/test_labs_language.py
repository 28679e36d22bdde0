"""The lab `language` on a small made-up text: keys, page, an interrupted lab goes on, verdicts can disagree."""

from __future__ import annotations

import copy
import json
import runpy
import shlex
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import process
from recurra.errors import DataError, UsageError
from recurra.labs import language_nets
from recurra.labs.lab import LabOptions, judged, measure_lab, trained
from recurra.labs.language import LAB, language_lab
from recurra.labs.language_nets import Corpus
from recurra.labs.language_recipe import CELLS, FULL, PROMPTS, Recipe, lab_text, order_of
from recurra.labs.page import SheetHead, page, save_program, summary
from recurra.report.blocks import Code
from recurra.report.page import to_html, to_json
from recurra.tasks.heads.next_token.measure import trigram_perplexity
from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.training import loop
from recurra.training.progress import Watch

SUBJECTS = ("The film", "The river", "He", "She", "The museum", "A ship")
VERBS = ("was", "became", "remained")
ENDS = ("born in", "known for", "near", "older than", "part of")
PLACES = ("Rome", "Paris", "music", "trade", "the sea", "@-@", "<unk>")
SMALL = {"embedding_size": 8, "hidden": 12, "epochs": 2, "streams": 4, "steps": 7, "samples": 0, "learning_rate": 0.02}
SECTIONS = ["aim", "objective", "algorithm", "data", "pseudocode", "program", "network", "training", "curves", "result",
            "observations", "conclusion", "settings"]  # fmt: skip


def made_up_lines(count: int, seed: int) -> str:
    """Sentences in WikiText's form: a blank before each word and line end, now and then an empty line."""
    random = np.random.default_rng(seed)
    parts = (SUBJECTS, VERBS, ENDS, PLACES)
    rows = [" ".join(str(random.choice(part)) for part in parts) for _ in range(count)]
    return "".join(f" {row} . \n \n" if place % 9 == 0 else f" {row} . \n" for place, row in enumerate(rows))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    (folder / "wikitext-2").mkdir()
    for seed, (part, count) in enumerate({"train": 300, "valid": 60, "test": 60}.items()):
        (folder / "wikitext-2" / f"wiki.{part}.tokens").write_text(made_up_lines(count, seed))
    (folder / "vectors").mkdir()
    random = np.random.default_rng(0)
    rows = [
        f"{word} {' '.join(f'{value:.3f}' for value in random.standard_normal(6))}\n"
        for word in ("the", "film", "was", "in")
    ]
    with zipfile.ZipFile(folder / "vectors" / "glove.6B.100d.compact.zip", "w") as archive:
        archive.writestr("glove.6B.100d.compact.txt", "".join(rows))
    return folder


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    settings = FULL.settings.changed(SMALL)
    return Recipe(settings, train_tokens=1500, held_tokens=300, streams=3, context_tokens=200, timed_steps=1)


def options_in(folder: Path, *, seeds: int = 1, watch: Watch | None = None) -> LabOptions:
    @contextmanager
    def opened(title: str):
        yield watch or Watch()

    return LabOptions(quick=True, seeds=seeds, out=folder, watch=opened, say=lambda line: None)


@pytest.fixture(scope="module")
def lab(data: Path, recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    folder = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECURRA_DATA", str(data))
        return measure_lab(language_lab(recipe), options_in(folder, seeds=2)), folder


@pytest.fixture(autouse=True)
def _made_up_data(data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RECURRA_DATA", str(data))
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "no-cache"))


def test_all_seeds_of_the_lstm_come_first_then_the_others_seed_by_seed() -> None:
    order = [(variant.name, seed) for variant, seed in order_of(FULL.variants(), 2)]
    assert order[:2] == [("lstm", 0), ("lstm", 1)]
    assert order[2:5] == [("rnn", 0), ("rnn_tanh", 0), ("gru", 0)]
    assert sorted(order) == sorted((name, seed) for name in CELLS for seed in range(2))


def test_the_record_has_the_keys_that_others_rely_on_and_is_plain_json(lab: tuple[dict[str, Any], Path]) -> None:
    record, _ = lab
    assert json.loads(json.dumps(record, allow_nan=False))["lab"] == "language"
    assert list(record["cells"]) == ["rnn", "rnn_tanh", "gru", "lstm"]
    for cell in record["cells"].values():
        assert cell["test_perplexity"] == pytest.approx(np.mean(cell["test_perplexities"]))
        assert len(cell["test_perplexities"]) == len(cell["histories"]) == 2
        assert 1 < cell["val_perplexity"] < 100
        assert cell["seconds"] > 0
        assert set(cell["next_words"]) == set(PROMPTS)
    assert record["cells"]["lstm"]["parameters"] > record["cells"]["rnn"]["parameters"]
    assert record["test_perplexity"] == record["cells"][record["chosen"]]["test_perplexity"]
    assert max(record["cells"][name]["equation_gap"] for name in ("rnn", "rnn_tanh")) < 1e-5
    assert 0 < record["output_layer"]["share"] <= 1 and 0 < record["output_layer"]["full_share"] <= 1
    assert all(0 < share <= 1 for share in record["output_layer"]["shares"])
    assert record["data"]["vectors"] == "glove.6B.100d.compact.zip"


def test_seeds_differ_and_all_cells_were_trained_with_their_own_activation(lab: tuple[dict[str, Any], Path]) -> None:
    record, folder = lab
    assert len({cell["test_perplexities"][seed] for cell in record["cells"].values() for seed in (0, 1)}) == 8
    found = {name: RunningLanguage.load(folder / "runs" / f"{name}-0" / "artefact").plan.recurrent for name in CELLS}
    assert {name: (spec.cell, spec.activation) for name, spec in found.items()} == {
        "rnn": ("rnn", "sigmoid"), "rnn_tanh": ("rnn", "tanh"), "gru": ("gru", "tanh"), "lstm": ("lstm", "tanh"),
    }  # fmt: skip


def test_nets_and_trigram_are_judged_on_the_same_tokens_with_eos(
    lab: tuple[dict[str, Any], Path], recipe: Recipe
) -> None:
    record, folder = lab
    model, text = RunningLanguage.load(folder / "runs" / "gru-1" / "artefact"), lab_text(recipe)
    tokens = sum(len(line.split()) + 1 for line in text.test)
    assert record["data"]["test"] == tokens >= recipe.held_tokens
    assert record["rival"]["perplexity"] == pytest.approx(trigram_perplexity(model, text.train, text.test))
    assert record["cells"]["gru"]["test_perplexities"][1] == pytest.approx(model.perplexity(text.test), rel=0.02)


def test_a_finished_lab_is_not_trained_again_and_keeps_no_checkpoints(
    lab: tuple[dict[str, Any], Path], recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, folder = lab
    monkeypatch.setattr(language_nets.LanguageModel, "fit", lambda *given, **named: pytest.fail("trained again"))
    again = measure_lab(language_lab(recipe), options_in(folder, seeds=2))
    assert again["cells"] == record["cells"]
    assert not list(folder.glob("runs/*/checkpoints"))


def test_an_interrupted_training_goes_on_to_the_same_perplexity(
    lab: tuple[dict[str, Any], Path], recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, _ = lab
    monkeypatch.setattr(loop, "BETWEEN_CHECKPOINTS", 0.0)
    seen: list[float] = []

    def stop_in_the_second_epoch(epoch: int, position: int, batches: int, loss: float) -> None:
        if epoch == 2 and position == 3:
            raise KeyboardInterrupt

    (lstm,) = [variant for variant in recipe.variants() if variant.name == "lstm"]
    text = lab_text(recipe)
    shared, data = Corpus(text, recipe, {}, {}), text.fingerprint()
    with pytest.raises(KeyboardInterrupt):
        halting = options_in(tmp_path, watch=Watch(on_step=stop_in_the_second_epoch))
        trained(LAB, halting, [lstm], shared, data)
    assert list((tmp_path / "runs" / "lstm-0" / "checkpoints").iterdir())
    going_on = options_in(tmp_path, watch=Watch(on_epoch=lambda one: seen.append(one["epoch"])))
    (found,) = trained(LAB, going_on, [lstm], shared, data)["lstm"]
    assert seen == [2]
    assert found["test_perplexity"] == record["cells"]["lstm"]["test_perplexities"][0]


def test_a_folder_with_nets_of_other_choices_is_refused(lab: tuple[dict[str, Any], Path], recipe: Recipe) -> None:
    _, folder = lab
    other = Recipe(recipe.settings.changed({"hidden": 13}), train_tokens=1500, held_tokens=300, context_tokens=200)
    with pytest.raises(UsageError, match="begun with other choices"):
        measure_lab(language_lab(other), options_in(folder))


def test_the_page_has_its_sections_in_order_and_says_what_it_must(lab: tuple[dict[str, Any], Path]) -> None:
    record, _ = lab
    report = page(LAB, json.loads(json.dumps(record)), SheetHead(name="A. Student", experiment="8"))
    assert [section.fragment for section in report.sections] == SECTIONS
    html = to_html(report)
    for words in ("quick version", "Wikipedia 2014", "Kneser-Ney trigram", "subscript k", "perplexity of 245"):
        assert words in html
    assert html.count("<svg") >= 6
    assert len(json.loads(to_json(report))["record"]["observations"]) == 7


def test_without_vectors_the_page_says_that_words_start_at_random(lab: tuple[dict[str, Any], Path]) -> None:
    record = copy.deepcopy(lab[0])
    record["data"]["vectors"] = ""
    html = to_html(page(LAB, record, SheetHead()))
    assert "start at random" in html
    assert "Wikipedia 2014" not in html


def with_perplexities(record: dict[str, Any], values: dict[str, list[float]], **changes: Any) -> dict[str, Any]:
    """The record as if the full lab had given these test perplexities, a seed each; judged anew."""
    changed = {**copy.deepcopy(record), "quick": False, "seeds": len(next(iter(values.values()))), **changes}
    for name, perplexities in values.items():
        changed["cells"][name]["test_perplexities"] = perplexities
        changed["cells"][name]["contexts"] = changed["cells"][name]["contexts"][:1] * len(perplexities)
    return judged(LAB, changed)


ABOVE = {"rnn": [150.0, 151.0, 152.0], "rnn_tanh": [140.0, 141.0, 142.0], "gru": [120.0, 121.0, 122.0],
         "lstm": [110.0, 111.0, 112.0]}  # fmt: skip
GATES, SIGMA = 2, 3


def verdict_of(record: dict[str, Any], place: int) -> str:
    verdict: str = record["observations"][place]["verdict"]
    return verdict


def test_conclusion_and_verdicts_disagree_when_the_figures_do(lab: tuple[dict[str, Any], Path]) -> None:
    record, _ = lab
    for perplexity, verdict, words in ((1.01, "does not hold", "does not beat the"), (1e6, "reached", " beats the")):
        judged_anew = with_perplexities(record, ABOVE, rival={**record["rival"], "perplexity": perplexity})
        assert [verdict_of(judged_anew, place) for place in (0, 1)] == [verdict, verdict]
        assert words in judged_anew["conclusion"]
    helping = with_perplexities(record, ABOVE)
    assert (verdict_of(helping, GATES), verdict_of(helping, SIGMA)) == ("reached", "does not hold")
    swapped = {"rnn": ABOVE["gru"], "rnn_tanh": ABOVE["rnn_tanh"], "gru": ABOVE["rnn"], "lstm": ABOVE["rnn"]}
    hindering = with_perplexities(record, swapped)
    assert (verdict_of(hindering, GATES), verdict_of(hindering, SIGMA)) == ("does not hold", "reached")
    assert "Gates do not lower" in hindering["conclusion"]


def test_what_is_said_of_sigma_and_tanh_depends_on_which_wins(lab: tuple[dict[str, Any], Path]) -> None:
    record, _ = lab
    said = [
        with_perplexities(record, ABOVE | {"rnn": values})["observations"][SIGMA]["explanation"]
        for values in ([150.0, 151.0, 152.0], [130.0, 131.0, 132.0], [139.0, 141.0, 143.0])
    ]
    assert "at most a quarter" in said[0] and "at most a quarter" not in said[1] and len(set(said)) == 3


def test_one_seed_and_a_quick_run_decide_nothing(lab: tuple[dict[str, Any], Path]) -> None:
    record, _ = lab
    assert {row["verdict"] for row in record["observations"]} == {"too little data to tell"}
    one = with_perplexities(record, {name: values[:1] for name, values in ABOVE.items()})
    assert [verdict_of(one, place) for place in range(5)] == ["undecided"] * 5
    assert all({"claim", "verdict", "rule", "figures"} <= set(row) for row in one["observations"])


def test_a_loss_of_five_and_a_half_nats_is_recognised_and_its_absence_too(lab: tuple[dict[str, Any], Path]) -> None:
    record = copy.deepcopy(lab[0])
    for losses, verdict in (([5.4, 5.52, 5.6], "agrees"), ([4.6, 4.7, 4.8], "does not hold")):
        record["cells"]["rnn"]["val_losses"] = losses
        assert verdict_of(with_perplexities(record, ABOVE), 5) == verdict


def test_a_page_of_figures_that_were_kept_without_words_says_so(lab: tuple[dict[str, Any], Path]) -> None:
    record = copy.deepcopy(lab[0])
    for cell in record["cells"].values():
        del cell["samples"], cell["next_words"]
    del record["data"]["vectors"]
    html = to_html(page(LAB, record, SheetHead()))
    assert "what they write, was not kept with these figures;" in html and "do not tell whether word vectors" in html
    assert summary(LAB, record)


def test_what_the_page_says_to_try_works_in_the_labs_folder(lab: tuple[dict[str, Any], Path]) -> None:
    blocks = [block for section in page(LAB, lab[0], SheetHead()).sections for block in section.blocks]
    (shown,) = [block for block in blocks if isinstance(block, Code) and block.caption.startswith("Try it")]
    assert len(shown.text.splitlines()) == 2
    for command in shown.text.splitlines():
        done = process(*shlex.split(command)[1:], cwd=lab[1])
        assert done.code == 0 and done.out, done


def test_the_program_runs_as_it_stands_and_is_the_labs_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script, _ = save_program("language", tmp_path)
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path(str(script))
    assert names["settings"] == FULL.of("rnn")
    assert "Kneser-Ney trigram" in capsys.readouterr().out
    assert (tmp_path / "perplexity.svg").is_file() and (tmp_path / "language-model").is_dir()


def test_the_summary_names_every_cell_and_the_rival(lab: tuple[dict[str, Any], Path]) -> None:
    record, _ = lab
    told = dict(summary(LAB, record))
    assert f"{record['cells']['gru']['test_perplexity']:.1f}" in told["test perplexity, GRU"]
    assert f"{record['rival']['perplexity']:.1f}" in told["… Kneser-Ney trigram"]
    assert told["best on validation"] in {cell["title"] for cell in record["cells"].values()}


def test_without_wikitext_the_command_that_brings_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path))
    with pytest.raises(DataError, match="recurra data get wikitext-2"):
        measure_lab(LAB, options_in(tmp_path / "out"))
