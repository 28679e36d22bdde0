"""The GRU that resets the state before its product, through the whole product: learnt, saved, answering, and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import recurra
from recurra.config import Precision, Settings
from recurra.errors import UsageError
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
from recurra.nets.layouts import forecast_net
from recurra.report.drawings.cells import cell_diagram, cell_equations
from recurra.tasks.heads.classes.run import RunningClassifier

GOOD, BAD = "a good film , warm and bright", "a bad film , dull and grey"
TEXTS, LABELS = [GOOD, BAD] * 20, ["good", "bad"] * 20
SMALL: dict[str, Any] = {"cell": "gru", "reset_after": False, "hidden": 24, "embedding_size": 8, "epochs": 12}
SMALL |= {"batch_size": 8, "learning_rate": 0.03, "pool": ["max"], "adversarial": 0.0, "min_count": 1}


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_classifier_learns_is_saved_and_answers_alike_from_disk(precision: Precision, tmp_path: Path) -> None:
    settings = TEXT_SETTINGS.changed(SMALL | {"precision": precision})
    model = TextClassifier(config=settings, random_state=0).fit(TEXTS, LABELS, validation_data=(TEXTS[:4], LABELS[:4]))
    assert list(model.predict([GOOD, BAD])) == ["good", "bad"]
    model.save(tmp_path / "model")
    loaded = RunningClassifier.load(tmp_path / "model")
    assert not loaded.plan.recurrent.reset_after
    np.testing.assert_array_equal(loaded.predict_proba(TEXTS[:3]), model.predict_proba(TEXTS[:3]))


def test_a_forecaster_takes_it_too() -> None:
    settings = SERIES_SETTINGS.changed({"cell": "gru", "reset_after": False, "epochs": 2})
    model = Forecaster(config=settings, horizon=3, random_state=0, recipe="net").fit(np.sin(np.arange(120) * np.pi / 6))
    assert len(model.predict()) == 3


def test_one_command_fits_it_and_its_report_shows_the_form_that_learnt(tmp_path: Path) -> None:
    table = tmp_path / "texts.csv"
    table.write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in zip(TEXTS, LABELS, strict=True)))
    command = ["fit", "text", table, "--cell", "gru", "--set", "hidden=8", "--set", "epochs=1", "--set", "min_count=1"]
    done = recurra(*command, "--set", "reset_after=false", "--out", tmp_path / "run")
    assert done.code == 0, done.err
    page = (tmp_path / "run" / "report.html").read_text()
    shown, other = (cell_equations("gru", reset_after=after).mathml for after in (False, True))
    assert shown in page and other not in page
    answered = recurra("predict", tmp_path / "run", "--text", GOOD, "--json")
    assert answered.rows()[0]["label"] in {"good", "bad"}
    refused = recurra(*command, "--cell", "lstm", "--set", "reset_after=false", "--out", tmp_path / "other")
    assert refused.code == 2
    reason = "net.reset_after has no effect here; found net.cell lstm; allowed: net.cell gru; leave it out"
    assert refused.err == f"recurra: {reason}\n"


@pytest.mark.parametrize("cell", ["rnn", "lstm", "mingru", "sru"])
def test_no_other_cell_has_two_forms(cell: str) -> None:
    net = Settings().changed({"cell": cell, "reset_after": False}).net
    with pytest.raises(UsageError, match=f"reset_after of {cell}: true; only of a gru it may be false"):
        forecast_net(net, horizon=1)


def test_drawing_and_equations_tell_the_two_forms_apart() -> None:
    after, before = (cell_diagram("gru", inputs=3, hidden=5, reset_after=form) for form in (True, False))
    assert after != before and before.startswith("<svg") and "(5)" in before
    assert cell_equations("gru").mathml != cell_equations("gru", reset_after=False).mathml
