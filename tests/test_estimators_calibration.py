"""A temperature is fitted where the validation part can tell one, and is 1 and said to be so elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from command_line import recurra
from recurra.cli.judging import check_gates
from recurra.errors import GateError, RecurraWarning
from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
from recurra.metrics import log_loss
from recurra.nets.run import softmax
from recurra.tasks.heads.classes.finish import FEWEST, GRID, best_temperature, fit_temperature

SMALL = ("--set", "hidden=4", "--set", "embedding_size=4", "--set", "min_count=1", "--epochs", 1, "--quiet")


def judged(count: int, *, wrong: int, classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Logits of 3 for one class each, `wrong` of them for another than the target."""
    targets = np.arange(count) % classes
    said = np.where(np.arange(count) < wrong, (targets + 1) % classes, targets)
    return np.eye(classes)[said] * 3.0, targets


def test_a_temperature_within_the_grid_is_the_minimum() -> None:
    logits, targets = judged(60, wrong=12)
    temperature, reason, _ = fit_temperature(logits, targets)
    assert not reason and 1 < temperature < 20
    losses = [log_loss(targets, softmax(logits / one)) for one in (temperature / 1.1, temperature, temperature * 1.1)]
    assert losses[1] == min(losses)


@pytest.mark.parametrize(
    ("logits", "targets", "told"),
    [
        (*judged(60, wrong=0), "falls as far as was tried, 0.2 to 20"),
        (*judged(60, wrong=60), "falls as far as was tried"),
        (judged(60, wrong=0)[0], np.zeros(60, np.int64), "no row of 1 of 2 classes"),
        (*judged(FEWEST - 1, wrong=3), "has 19 rows, 20 are needed"),
        (np.eye(3)[np.arange(40) % 2] * 3.0, np.arange(40) % 2, "no row of 1 of 3 classes"),
    ],
)
def test_what_cannot_be_told_leaves_the_temperature_at_one(logits: np.ndarray, targets: np.ndarray, told: str) -> None:
    fitted = fit_temperature(logits, targets)
    assert fitted.value == 1.0 and told in fitted.reason and fitted.doubtful == ("are needed" not in told)
    assert fitted.told == [f"no temperature was fitted, probabilities are the net's own: {fitted.reason}"]


def test_the_ends_of_the_grid_are_told_from_what_lies_within() -> None:
    assert best_temperature(*judged(60, wrong=0)) == GRID[0]
    assert best_temperature(*judged(60, wrong=60)) == GRID[-1]


def faults(path: Path, *, rare: int) -> Path:
    rows = [f"nobody answered the phone {row},bad" for row in range(298)] + [
        f"great value {row},good" for row in range(rare)
    ]
    path.write_text("text,label\n" + "\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize("rare", [1, 2])
def test_a_class_that_validation_lacks_is_told_and_nothing_is_fitted_without_it(tmp_path: Path, rare: int) -> None:
    run = tmp_path / "run"
    done = recurra("fit", "text", faults(tmp_path / "faults.csv", rare=rare), *SMALL, "--out", run, "--json")
    assert f"warning: the validation part has no row of 1 class: 'good' ({rare} in all)" in done.err.splitlines()
    told, unmeasured = done.json()["warnings"]
    assert "nothing is measured of them: 'good'; F1 is not defined" in unmeasured
    assert told.startswith("no temperature was fitted") and "no row of 1 of 2 classes" in told
    assert recurra("inspect", run, "--json").json()["temperature"] == 1.0
    # F1 of a class without a row is not defined, and is not told as a figure.
    assert "f1" not in done.json()["evaluation"]
    report = json.loads((run / "report.json").read_text())["record"]
    assert any("no temperature was fitted" in note for note in report["notes"])
    assert any(
        "nothing is measured of them: 'good'; F1 is not defined" in told for told in report["evaluation"]["warnings"]
    )


def test_a_gate_on_a_figure_that_is_not_defined_is_missed() -> None:
    with pytest.raises(GateError, match="quality gate f1; found no value: it is not defined on these rows"):
        check_gates({"f1": 0.5}, {"task": "text", "f1": None})


@pytest.mark.filterwarnings("ignore::recurra.errors.RecurraWarning")
def test_python_is_warned_and_the_estimator_keeps_the_warnings(tmp_path: Path) -> None:
    texts = [f"nobody answered {row}" for row in range(99)] + ["great value"]
    tiny = TEXT_SETTINGS.changed({"hidden": 4, "embedding_size": 4, "epochs": 1, "min_count": 1})
    with pytest.warns(RecurraWarning, match="no temperature was fitted"):
        one = TextClassifier(config=tiny).fit(texts, ["bad"] * 99 + ["good"])
    assert one.model_.temperature == 1.0
    assert [told.partition(":")[0] for told in one.warnings_] == [
        "1 class has one row only, which stays in training",
        "the validation part has no row of 1 class",
        "no temperature was fitted, probabilities are the net's own",
    ]


@pytest.mark.filterwarnings("ignore::recurra.errors.RecurraWarning")
def test_a_wide_part_that_cannot_be_weighed_counts_as_it_is() -> None:
    texts = ["a bad room"] * 99 + ["great value"] * 2
    tiny = TEXT_SETTINGS.changed({"hidden": 4, "embedding_size": 4, "epochs": 1, "min_count": 1})
    with pytest.warns(
        RecurraWarning, match="the wide part was not weighed, it counts as it is: the validation part has no row"
    ):
        TextClassifier(config=tiny, wide=True).fit(texts, ["bad"] * 99 + ["good"] * 2)
