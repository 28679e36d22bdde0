"""Every cell in every precision through the whole product: trained, saved, loaded, answering, and in one command."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from command_line import recurra
from recurra.cells import CELLS
from recurra.config import LEARNING, CellName, Learning, Precision
from recurra.estimators.language import LanguageModel
from recurra.estimators.series import Forecaster
from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
from recurra.report.drawings.cells import cell_diagram, cell_equations
from recurra.tasks.heads.classes.run import RunningClassifier

GOOD, BAD = "a good film , warm and bright", "a bad film , dull and grey"
TEXTS, LABELS = [GOOD, BAD] * 20, ["good", "bad"] * 20


def classifier_of(cell: CellName, precision: Learning) -> TextClassifier:
    choices = {"cell": cell, "precision": precision, "hidden": 24, "embedding_size": 8, "epochs": 12, "batch_size": 8}
    choices |= {"learning_rate": 0.03, "pool": ["max"], "adversarial": 0.0, "min_count": 1}
    model = TextClassifier(config=TEXT_SETTINGS.changed(choices), random_state=0)
    return model.fit(TEXTS, LABELS, validation_data=(TEXTS[:4], LABELS[:4]))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("precision", LEARNING)
def test_a_classifier_learns_is_saved_and_answers_alike_from_disk(
    cell: CellName, precision: Learning, tmp_path: Path
) -> None:
    model = classifier_of(cell, precision)
    assert list(model.predict([GOOD, BAD])) == ["good", "bad"]
    model.save(tmp_path / "model")
    loaded = RunningClassifier.load(tmp_path / "model")
    assert loaded.plan.recurrent.precision == precision
    np.testing.assert_array_equal(loaded.predict_proba(TEXTS[:3]), model.predict_proba(TEXTS[:3]))
    for other_precision in set(get_args(Precision)) - {precision}:
        other = RunningClassifier.load(tmp_path / "model", precision=other_precision)
        assert not np.array_equal(other.logits(TEXTS[:3]), loaded.logits(TEXTS[:3]))
        np.testing.assert_allclose(other.predict_proba(TEXTS[:3]), loaded.predict_proba(TEXTS[:3]), atol=0.02)
        other.save(tmp_path / other_precision)
        again = RunningClassifier.load(tmp_path / other_precision)
        np.testing.assert_array_equal(again.logits(TEXTS[:3]), other.logits(TEXTS[:3]))


@pytest.mark.parametrize("cell", ["mingru", "sru"])
def test_parallel_cells_model_language_and_forecast_too(cell: CellName) -> None:
    language = LanguageModel(cell=cell, epochs=2, random_state=0).fit(TEXTS * 5)
    assert language.generate("a good", tokens=5, seed=1)
    season = np.sin(np.arange(120) * np.pi / 6)
    forecaster = Forecaster(cell=cell, horizon=3, epochs=3, random_state=0, recipe="net").fit(season)
    assert len(forecaster.predict()) == 3


def test_the_command_line_answers_in_another_precision_and_refuses_one_it_does_not_know(tmp_path: Path) -> None:
    classifier_of("gru", "float32").save(tmp_path / "model")
    told = [
        recurra("predict", tmp_path / "model", "--text", GOOD, "--json", *more).rows()[0]
        for more in ((), ("--precision", "float32"), ("--precision", "bf16"), ("--precision", "int8"))
    ]
    assert told[0] == told[1] and len({one["label"] for one in told}) == 1
    assert len({str(one["probabilities"]) for one in told}) == 3
    refused = recurra("predict", tmp_path / "model", "--text", GOOD, "--precision", "int4")
    assert refused.code == 2 and "float32, bf16, int8" in refused.err and refused.err.count("\n") == 1


@pytest.mark.parametrize(("verb", "more"), [("predict", ()), ("evaluate", ()), ("forecast", ()), ("generate", ("a",))])
def test_every_verb_that_answers_takes_int8_and_only_then_looks_at_the_model(
    verb: str, more: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("text,label\na,b\n")
    where = () if verb == "generate" else (file,)
    missing = recurra(verb, tmp_path / "none", *where, *more, "--precision", "int8")
    assert missing.code == 4 and "precision" not in missing.err, missing.err


def test_a_net_does_not_learn_in_int8(tmp_path: Path) -> None:
    table = tmp_path / "texts.csv"
    table.write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in zip(TEXTS, LABELS, strict=True)))
    refused = recurra("fit", "text", table, "--set", "precision=int8", "--out", tmp_path / "run")
    assert refused.code == 2 and not (tmp_path / "run").exists()
    assert "net.precision: Input should be 'float32' or 'bf16', found 'int8'" in refused.err


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_has_equations_and_a_drawing_with_its_shapes(cell: CellName) -> None:
    assert "mrow" in cell_equations(cell).mathml or "mtable" in cell_equations(cell).mathml
    drawing = cell_diagram(cell, inputs=100, hidden=128)
    assert "(128)" in drawing and drawing.startswith("<svg")
