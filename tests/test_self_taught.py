"""Judges of a stack label texts themselves and learn from them: by honest folds, and only where that helps.

Not here: an encoder that reads texts first, and losses of texts without labels (test_unlabelled.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from command_line import recurra as command
from recurra.config import Settings
from recurra.errors import UsageError
from recurra.tasks.heads.classes import rounds, self_taught, stacked
from recurra.tasks.heads.classes.learn import classification
from recurra.tasks.heads.classes.self_taught import labels_for_parts, with_labels
from recurra.tasks.heads.classes.stack import fit_stack
from recurra.tasks.heads.judges import parts_of
from recurra.tasks.inputs.texts import LabelledTexts, Part
from recurra.tasks.task import Asked
from recurra.tasks.text import SETTINGS, prepare
from recurra.training.progress import Watch
from small_texts import OTHERS, TEXTS, rows

torch = pytest.importorskip("torch")
FREE = rows(400, 2)[0]
FEW = rows(40, 5)


@pytest.fixture(autouse=True)
def _few_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_taught, "PASSES", (1, 1))


def _fitted(settings: Settings = SETTINGS, **choices: Any) -> recurra.TextClassifier:
    return recurra.TextClassifier(config=settings, **choices).fit(*FEW, unlabelled=FREE)


@pytest.fixture(scope="module")
def taught() -> recurra.TextClassifier:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(self_taught, "PASSES", (1, 1))
        # So few rows are never sure.
        patch.setattr(stacked, "surely", lambda gains: True)
        return _fitted()


def test_judges_learn_words_from_texts_that_they_label_themselves(taught: recurra.TextClassifier) -> None:
    plain = recurra.TextClassifier().fit(*FEW)
    assert any(
        "round 1 of labels that the stack gave to 400 texts itself: all judges" in note for note in taught.notes_
    )
    assert any("the stack labels 400 texts without labels itself" in note for note in taught.notes_)
    assert taught.out_of_fold_["loss"] < plain.out_of_fold_["loss"]
    # People's own rivals know the labelled rows alone.
    assert taught.out_of_fold_["rivals"] == plain.out_of_fold_["rivals"]
    names = [member["name"] for member in taught.out_of_fold_["members"]]
    assert names[0] == "encoder, tuned"


def test_the_same_fit_teaches_itself_alike(
    taught: recurra.TextClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacked, "surely", lambda gains: True)
    assert np.array_equal(_fitted().predict_proba(OTHERS), taught.predict_proba(OTHERS))
    taught.save(tmp_path / "artefact")
    assert np.allclose(
        recurra.load(tmp_path / "artefact").predict_proba(OTHERS), taught.predict_proba(OTHERS), atol=1e-6
    )


def test_a_round_that_does_not_surely_help_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacked, "surely", lambda gains: False)
    kept = _fitted(SETTINGS.changed({"self_training": 2}))
    plain = recurra.TextClassifier().fit(*FEW)
    assert np.array_equal(kept.predict_proba(OTHERS), plain.predict_proba(OTHERS))
    # What is told of the training is that of the model, not that of the round.
    assert (len(kept.history_), kept.best_epoch_) == (len(plain.history_), plain.best_epoch_)
    told = [note for note in kept.notes_ if note.startswith("round")]
    assert len(told) == 1 and "did not surely help, and is not kept" in told[0]


def test_without_rounds_nothing_is_learnt_from_them() -> None:
    none = _fitted(SETTINGS.changed({"self_training": 0}))
    assert np.array_equal(none.predict_proba(OTHERS), recurra.TextClassifier().fit(*FEW).predict_proba(OTHERS))


def test_a_fold_labels_texts_without_the_labels_of_its_own_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other labels of the first fold's held rows change nothing of what its judges answer to the texts."""
    seen: list[Any] = []

    def kept(data: Any, stack: Any, scores: Any, free: Any) -> Any:
        seen.append(free)
        return labels_for_parts(data, stack, scores, free)

    monkeypatch.setattr(rounds, "labels_for_parts", kept)
    prepared = prepare(recurra.TextClassifier().asked(), LabelledTexts(*FEW, unlabelled=FREE))
    recurra.TextClassifier().fit_prepared(prepared)
    held, targets = prepared.data.folds[0].held, prepared.data.train.targets
    targets[held] = 1 - targets[held]
    recurra.TextClassifier().fit_prepared(prepared)
    before, after = seen
    # The linear judges: the net's penalty is chosen on all folds, as it is without such texts.
    for one, other in zip(before[1:], after[1:], strict=True):
        assert np.array_equal(one[0], other[0]) and not np.allclose(one[-1], other[-1])


def test_labels_are_weighed_on_other_rows_than_those_answered() -> None:
    data = prepare(Asked(SETTINGS, 0, 0.0, holds=False, recipe="stack"), LabelledTexts(*FEW, unlabelled=FREE)).data
    generator = np.random.default_rng(0)
    scores = [generator.normal(size=(40, 2)) for _ in range(2)]
    free = [generator.normal(size=(len(data.folds) + 1, 7, 2)) for _ in range(2)]
    stack = fit_stack(scores, data.train.targets, data.train.weights)
    labels = labels_for_parts(data, stack, scores, free)
    parts = parts_of(data.folds, 40)
    assert [one.shape for one in labels] == [(7, 2)] * len(parts)
    own = fit_stack([one[parts[0]] for one in scores], data.train.targets[parts[0]], data.train.weights[parts[0]])
    shares = np.exp(own.scores([one[0] for one in free]))
    assert np.allclose(labels[0], shares / shares.sum(1, keepdims=True), atol=1e-6)


def test_soft_labels_are_learnt_as_they_are() -> None:
    logits = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    hard, weight = classification(logits, torch.tensor([0, 1]), torch.tensor([1.0, 3.0]))
    soft, same = classification(logits, torch.eye(2), torch.tensor([1.0, 3.0]))
    assert float(hard) == pytest.approx(float(soft)) and weight == same
    even = classification(logits[:1], torch.full((1, 2), 0.5), torch.ones(1))[0]
    assert float(even) == pytest.approx(float(torch.log1p(torch.exp(torch.tensor(1.0)))) - 0.5)


def test_labelled_rows_count_for_a_sixth_at_least() -> None:
    few = Part(["a"] * 2, np.array([0, 1]), np.ones(2, np.float32))
    both = with_labels(few, ["b"] * 50, np.full((50, 2), 0.5, np.float32))
    assert both.weights[:2].tolist() == [5.0, 5.0] and both.weights[2:].tolist() == [1.0] * 50
    assert with_labels(few, ["b"], np.full((1, 2), 0.5, np.float32)).weights.tolist() == [1.0] * 3
    assert both.shares is not None and both.shares[:2].tolist() == [[1, 0], [0, 1]]
    with pytest.raises(ValueError, match="with and without shares"):
        both.joined(few)


def test_many_texts_are_sampled_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_taught, "MOST", 1_200)
    prepared = prepare(recurra.TextClassifier().asked(), LabelledTexts(*FEW, unlabelled=FREE))
    assert len(prepared.data.taught) == 200 and len(prepared.data.unlabelled) == 400
    assert (
        "the stack labels 200 of 400 texts without labels itself, and learns from them too" in prepared.told["chosen"]
    )


def test_minutes_bound_what_a_stack_labels() -> None:
    some = prepare(recurra.TextClassifier(minutes=0.1).asked(), LabelledTexts(*FEW, unlabelled=FREE * 400))
    assert 0 < len(some.data.taught) < 25_000 or "too few for the stack to label" in some.told["chosen"][-1]
    none = prepare(recurra.TextClassifier(minutes=1e-6).asked(), LabelledTexts(*FEW, unlabelled=FREE))
    assert not none.data.taught
    assert "minutes are too few for the stack to label texts itself" in none.told["chosen"][-1]


def test_a_part_held_out_for_good_has_one_round_of_judges() -> None:
    nets: list[tuple[int, int, int]] = []
    watch = Watch(on_net=lambda *net: nets.append(net))
    model = recurra.TextClassifier(validation=10).fit(*FEW, unlabelled=FREE, watch=watch)
    # The encoder of the first round stays as it is.
    assert nets == [(1, 1, 1)]
    assert any(note.startswith("round 1") for note in model.notes_)


def test_three_classes_and_weights_are_taught_too() -> None:
    texts, labels = FEW
    model = recurra.TextClassifier().fit(
        [*texts, *["rain and wind"] * 10], [*labels, *["weather"] * 10], sample_weight=[1.0] * 40 + [2.0] * 10,
        unlabelled=[*FREE, *["wind and rain tomorrow"] * 20],
    )  # fmt: skip
    assert model.predict(["rain tomorrow"]).tolist() == ["weather"]


@pytest.mark.parametrize("choice", [{"self_training": 2}, {"adapt": "always"}])
def test_settings_of_self_training_are_of_stacks_and_need_texts(choice: dict[str, Any]) -> None:
    settings = SETTINGS.changed(choice)
    with pytest.raises(UsageError, match="give unlabelled"):
        recurra.TextClassifier(config=settings).fit(TEXTS, ["good", "poor"] * 120)
    with pytest.raises(UsageError, match="of a stack; found recipe net"):
        recurra.TextClassifier(recipe="net", config=settings).fit(TEXTS, ["good", "poor"] * 120, unlabelled=FREE)


def test_the_command_teaches_and_goes_on(tmp_path: Path) -> None:
    train, free = tmp_path / "train.csv", tmp_path / "free.txt"
    train.write_text("text,label\n" + "\n".join(f"{text},{label}" for text, label in zip(*FEW, strict=True)))
    free.write_text("\n".join(FREE))
    options = [str(train), "--unlabelled", str(free), "--out", str(tmp_path / "run")]
    done = command("fit", "text", *options)
    assert done.code == 0 and "round 1 of labels that the stack gave to 400 texts itself" in done.err
    # What has been learnt is read: the labels that a resumed run gives are the same ones.
    (tmp_path / "run" / "report.json").unlink()
    assert command("fit", "text", *options, "--resume").code == 0
