"""What a newcomer meets in Python: `recurra.load`, and the same verbs on all estimators.

Not here: what each estimator learns (test_estimators_*.py).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import recurra
from golden_runs import GOLDEN
from recurra.errors import ArtefactError, UsageError


@pytest.mark.parametrize(
    ("name", "kind"),
    [("text-gru", recurra.TextClassifier), ("language-gru", recurra.LanguageModel), ("series-gru", recurra.Forecaster)],
)
def test_load_gives_the_estimator_of_the_task(name: str, kind: type) -> None:
    assert type(recurra.load(GOLDEN / name / "artefact")) is kind
    assert type(recurra.load(str(GOLDEN / name))) is kind  # a run


def test_load_refuses_what_is_no_artefact(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="neither an artefact nor a run"):
        recurra.load(tmp_path)


def test_what_is_loaded_answers_without_torch() -> None:
    program = f"""
import sys, recurra
model = recurra.load({str(GOLDEN / "text-numbers")!r})
print(model.predict(["3 plain words"])[0], sorted({{"torch", "sklearn", "pandas"}} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=200)
    assert done.stdout.split()[0] in "123" and done.stdout.split()[1] == "[]"


def test_all_estimators_evaluate_and_tell_plain_figures() -> None:
    text = recurra.load(GOLDEN / "text-numbers").evaluate(["3 plain words", "a film"], [2, 1])
    words = recurra.load(GOLDEN / "language-gru").evaluate(["the a sees the sun ."] * 3)
    times = {"unique_id": ["a"] * 60, "ds": range(60), "y": np.arange(60.0) % 7}
    import pandas as pd

    series = recurra.load(GOLDEN / "series-gru").evaluate(pd.DataFrame(times))
    assert text["rows"] == 2 and 0 <= text["accuracy"] <= 1
    assert words["perplexity"] == pytest.approx(np.exp(words["loss"])) and words["tokens"] == 20
    assert series["mase"] > 0 and [rival["name"] for rival in series["rivals"]] == ["naive", "seasonal naive"]


def test_one_pooling_may_be_named_alone() -> None:
    texts, labels = ["good", "bad"] * 10, ["yes", "no"] * 10
    tiny = recurra.TEXT_SETTINGS.changed({"hidden": 4, "embedding_size": 4, "min_count": 1, "epochs": 1, "heads": 1})
    fitted = recurra.TextClassifier(pool="attention", validation=0, config=tiny).fit(texts, labels)
    assert fitted.model_.plan.pooling.parts == ("attention",)
    assert recurra.Settings().changed({"pool": "mean"}).net.pool == ("mean",)
    with pytest.raises(UsageError, match=r"net\.pool"):
        recurra.Settings().changed({"pool": "median"})
