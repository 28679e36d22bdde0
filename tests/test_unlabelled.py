"""Texts without labels: an encoder reads them before a stack learns labels, and is kept where that helps.

Not here: the stack (test_stack.py); what it is worth on real reviews (benchmarks/few_labels.py).
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import recurra
from command_line import recurra as command
from recurra.batches import pick
from recurra.cli.options import read_settings
from recurra.cli.recipes import PRESETS
from recurra.errors import DataError, UsageError
from recurra.layers.matrix.learn import Tied
from recurra.layers.matrix.run import TiedSpec
from recurra.nets.learn import to_tensor
from recurra.tasks.heads.classes import adapt, stacked_net
from recurra.tasks.heads.classes.learn import ClassLearner, learner
from recurra.tasks.heads.mixed import learn as mixed
from recurra.tasks.heads.neighbours import learn as neighbours
from recurra.tasks.heads.next_token.learn import full_softmax, proposal
from recurra.tasks.inputs.texts import LabelledTexts, free_texts
from recurra.tasks.task import Asked
from recurra.tasks.text import SETTINGS, prepare
from recurra.training.loop import first_net
from recurra.training.progress import Record, Watch
from small_texts import OTHERS, TEXTS, TRUTHS, rows

FREE = rows(300, 2)[0]
READS = SETTINGS.changed({"adapt": "always", "self_training": 0})


@pytest.fixture(autouse=True)
def _few_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapt, "TOKENS", 20_000)


def test_the_encoder_learns_to_guess_the_words_beside_a_word() -> None:
    texts, labels = rows(60, 0)
    records: list[Record] = []
    nets: list[tuple[int, int, int]] = []
    watch = Watch(on_epoch=records.append, on_net=lambda *net: nets.append(net))
    model = recurra.TextClassifier(config=READS).fit(texts, labels, unlabelled=FREE, watch=watch)
    assert [net[:2] for net in nets] == [(1, 1)]
    losses = [record["val_loss"] for record in records]
    # Texts of a few dozen words leave less than a third of the first uncertainty.
    assert losses[-1] < losses[0] - 0.5
    assert any("300 texts without labels" in note for note in model.notes_)
    again = recurra.TextClassifier(config=READS).fit(texts, labels, unlabelled=FREE)
    assert np.array_equal(again.predict_proba(OTHERS), model.predict_proba(OTHERS))


def test_an_encoder_that_was_spoilt_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, labels = rows(60, 0)

    def spoilt(prepared: Any, *others: Any) -> Any:
        return {name: np.zeros_like(value) for name, value in prepared.start.items() if name.startswith("embedding")}

    monkeypatch.setattr(stacked_net, "adapted", spoilt)
    plain = recurra.TextClassifier().fit(texts, labels)
    kept = recurra.TextClassifier(config=READS).fit(texts, labels, unlabelled=FREE)
    assert any("stays as it came" in note for note in kept.notes_)
    assert np.array_equal(kept.predict_proba(OTHERS), plain.predict_proba(OTHERS))


def test_rows_that_have_labels_are_not_read_as_texts_without() -> None:
    texts, labels = rows(60, 0)
    given = LabelledTexts(texts, labels, unlabelled=[*texts, "another text", "word"])
    assert free_texts(given) == ["another text", "word"]
    # Nothing is left to read, and nothing fails.
    plain = recurra.TextClassifier().fit(texts, labels)
    read = recurra.TextClassifier(config=READS).fit(texts, labels, unlabelled=iter([*texts, "word", ""]))
    assert np.array_equal(read.predict_proba(OTHERS), plain.predict_proba(OTHERS))
    assert "60 texts without labels are left out: they stand among the labelled rows" in read.notes_
    alone = recurra.TextClassifier().fit(texts, labels, unlabelled=texts)
    assert any(note.endswith("the labelled rows, and no other is left to learn from") for note in alone.notes_)


def test_rows_that_are_never_held_out_are_read_too() -> None:
    model = recurra.TextClassifier(validation=20, config=READS)
    prepared = prepare(model.asked(), LabelledTexts(*rows(60, 0), unlabelled=["a b", "word"]))
    # Forty rows are learnt from for good; of the others one has a neighbour.
    assert len(adapt.read_of(prepared)) == 41


def test_presets_are_settings_that_the_task_takes() -> None:
    for preset in PRESETS.values():
        SETTINGS.changed(read_settings([*preset.settings]))
    assert PRESETS["flagship"].free_of(["imdb"]) == "imdb" and not PRESETS["flagship"].free_of(["rows.csv"])
    refused = command("fit", "text", "imdb", "--preset", "flagship", "--recipe", "net")
    assert refused.code == 2 and "--preset flagship has recipe stack" in refused.err


def test_a_net_alone_refuses_texts_without_labels() -> None:
    with pytest.raises(UsageError, match="unlabelled is for a stack"):
        recurra.TextClassifier(recipe="net").fit(TEXTS, ["good", "poor"] * 120, unlabelled=FREE)
    with pytest.raises(UsageError, match="recipe linear has no net; found unlabelled"):
        recurra.TextClassifier(recipe="linear").fit(TEXTS, ["good", "poor"] * 120, unlabelled=FREE)


@pytest.mark.parametrize("bad", ["one text", [1, 2], {"text": FREE}])
def test_what_is_no_list_of_texts_is_refused(bad: Any) -> None:
    with pytest.raises((UsageError, DataError), match=r"unlabelled|row 1"):
        recurra.TextClassifier().fit(*rows(40, 0), unlabelled=bad)


def test_the_words_drawn_stand_for_all_words() -> None:
    generator = torch.Generator().manual_seed(0)
    output, counts = Tied(TiedSpec(words=40)), np.arange(40) + 1
    table, hidden = (torch.randn(rows, 8, generator=generator) for rows in (40, 500))
    targets = torch.randint(40, (500,), generator=generator)
    shares = proposal(counts)
    drawn = torch.from_numpy(np.random.default_rng(0).choice(40, size=20_000, p=shares))
    expected = torch.from_numpy(np.log(20_000 * shares)).float()
    sampled = neighbours.drawn_softmax(output, hidden, table, targets, drawn=drawn, expected=expected)
    exact, _ = full_softmax(output, hidden, table, targets)
    assert float(sampled.detach()) == pytest.approx(float(exact.detach()), rel=0.01)


def test_neighbours_do_not_reach_over_the_ends_of_texts() -> None:
    offsets = np.array([0, 3, 5])
    ahead, behind = (neighbours._neighbours(offsets, backward=backward) for backward in (False, True))
    assert [part.tolist() for part in ahead] == [[0, 1, 3], [1, 2, 4]]
    assert [part.tolist() for part in behind] == [[1, 2, 4], [0, 1, 3]]


def _written(path: Path, texts: list[str], labels: list[str] | None = None) -> str:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["body", "queue"] if labels else ["body"])
        writer.writerows(zip(texts, labels, strict=True) if labels else [[text] for text in texts])
    return str(path)


def test_the_command_reads_them_from_a_file_and_leaves_tested_texts_out(tmp_path: Path) -> None:
    train, test = _written(tmp_path / "train.csv", *rows(60, 0)), _written(tmp_path / "test.csv", OTHERS, TRUTHS)
    free = tmp_path / "free.txt"
    free.write_text("\n".join([*FREE, OTHERS[0], ""]))
    options = [train, "--test", test, "--unlabelled", str(free), "--text", "body", "--label", "queue"]
    options += ["--set", "adapt=always", "--set", "self_training=0"]
    done = command("fit", "text", *options, "--out", str(tmp_path / "run"), "--json")
    assert done.code == 0
    assert "1 text without label is left out: it stands in the test part too" in done.err
    assert "300 texts without labels" in json.dumps(json.loads((tmp_path / "run" / "report.json").read_text()))
    checked = command("data", "check", *options)
    assert checked.code == 0
    empty = _written(tmp_path / "empty.csv", ["", " "])
    refused = command("fit", "text", train, "--unlabelled", empty, "--text", "body", "--label", "queue")
    assert refused.code == 3 and "empty.csv: there is no text in it" in refused.err


def _learner(**choices: float) -> ClassLearner:
    settings = SETTINGS.changed({"hidden": 8, "embedding_size": 8, "heads": 1, "adversarial": 0.0, **choices})
    asked = Asked(settings, 0, 0.0, recipe="net")
    return learner(first_net(made := prepare(asked, LabelledTexts(*rows(40, 0), unlabelled=FREE))), made)


def test_a_virtual_adversarial_step_has_its_length_and_changes_answers_more_than_a_drawn_one() -> None:
    task = _learner(virtual_adversarial=0.5)
    net = task.net.eval()
    vectors = net.vectors(to_tensor(pick(task.free, np.arange(20))))
    shares = torch.softmax(net.judge(vectors)[0].detach(), 1)
    step = mixed.virtual_adversarial(net, vectors, shares, 0.5, torch.Generator().manual_seed(0))
    drawn = mixed.of_length(vectors.carry(torch.randn(step.shape, generator=torch.Generator().manual_seed(1))), 0.5)
    texts = np.split(step.detach().numpy(), vectors.offsets[1:-1])
    assert np.allclose([np.linalg.norm(text) for text in texts], 0.5, atol=1e-4)
    both = (net.judge(vectors.carry(vectors.values + moved))[0].detach() for moved in (step, drawn))
    changes = [float(mixed._apart(shares, logits)) for logits in both]
    assert changes[0] > 2 * changes[1]


def _gradient(task: ClassLearner) -> Any:
    """What one batch leaves behind at the recurrent weights, as the loop takes its losses back."""
    task.net.eval()
    for step in task.steps(task.batches(0)[0], None):
        (step.loss * (step.share / (step.rows or step.count))).backward()  # type: ignore[no-untyped-call]
    net: Any = task.net
    return net.recurrent.weight_hh_l0.grad.numpy()


@pytest.mark.parametrize("choice", ["virtual_adversarial", "entropy"])
def test_texts_without_labels_move_the_net(choice: str) -> None:
    plain, used = _learner(entropy=1e-9), _learner(**{choice: 1.0})
    assert not np.allclose(_gradient(plain), _gradient(used), atol=1e-6)


def test_settings_of_texts_without_labels_need_some() -> None:
    settings = SETTINGS.changed({"virtual_adversarial": 0.5})
    with pytest.raises(UsageError, match="give unlabelled"):
        recurra.TextClassifier(config=settings).fit(TEXTS, ["good", "poor"] * 120)
