"""The artefacts that come with the package: they answer right after installation, and weigh little.

Not here: how good they are (benchmarks/encoder.py, sentiment.py), and encoders of one's own (test_encoder.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import recurra
from command_line import recurra as command
from recurra.artefact.folder import BOX

OPINIONS = {
    "A warm, clever film with a wonderful cast. I loved every minute of it.": "positive",
    "One of the best stories I have seen in years, moving and funny.": "positive",
    "Dull, badly acted and far too long. A waste of two hours.": "negative",
    "The worst film of the year: the plot makes no sense and nobody can act.": "negative",
}


def test_everything_in_the_box_weighs_twelve_megabytes_at_most() -> None:
    sizes = {file: file.stat().st_size for file in BOX.rglob("*") if file.is_file()}
    assert sum(sizes.values()) <= 12e6
    assert {path.name for path in BOX.iterdir() if path.is_dir()} >= {"encoder-en", "sentiment-en"}


@pytest.mark.parametrize("text", OPINIONS)
def test_the_judge_of_opinions_answers_by_its_name(text: str) -> None:
    told = command("predict", "sentiment-en", "--text", text, "--json").json()
    assert OPINIONS[text] in json.dumps(told)
    assert recurra.load("sentiment-en").predict([text]).tolist() == [OPINIONS[text]]


def test_the_judge_of_opinions_is_measured_on_a_file(tmp_path: Path) -> None:
    file = tmp_path / "opinions.csv"
    rows = [json.dumps(text) + f",{label}" for text, label in OPINIONS.items()]
    file.write_text("body,feeling\n" + "\n".join(rows) + "\n", "utf-8")
    told = command("evaluate", "sentiment-en", file, "--text", "body", "--label", "feeling", "--json").json()
    assert told["accuracy"] == 1.0 and told["labels"] == ["negative", "positive"]


def test_what_is_in_the_box_answers_without_what_trains() -> None:
    code = (
        "import sys, recurra; recurra.load('sentiment-en').predict(['a warm film']);"
        "recurra.load('encoder-en').transform(['a warm film']);"
        "print([name for name in ('torch', 'sklearn', 'scipy', 'pandas', 'pyarrow') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
