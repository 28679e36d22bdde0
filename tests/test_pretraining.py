"""What the encoder in the box is made of: questions of sentences and frames, and vectors made longer.

Not here: the whole command (test_benchmarks.py runs it with --smoke), how good the encoder is (benchmarks/encoder.py).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest


@pytest.fixture(scope="module")
def parts() -> Iterator[dict[str, ModuleType]]:
    from importlib import import_module

    path = str(Path(__file__).parents[1] / "benchmarks")
    sys.path.insert(0, path)
    try:
        yield {name: import_module(f"pretraining.{name}") for name in ("facts", "frames", "statements", "stretch")}
    finally:
        sys.path.remove(path)


FORMS = {"wrote": "write", "founded": "found", "climbed": "climb"}


@pytest.mark.parametrize(
    ("sentence", "allowed"),
    [
        ("The Harbour was built by Ann Miller.", {("Who built the Harbour?", "person")}),
        ("The Harbour was opened in May 1907, and closed later.", {("When was the Harbour opened?", "date")}),
        ("The Harbour was moved to Northport.", {("Where was the Harbour moved?", "place")}),
        ("The crew had lost twelve boats.", set()),
        ("Ann Miller founded the band in 1966.", {("When did Ann Miller found the band?", "date")}),
        ("Ann Miller wrote seven novels.", {("How many novels did Ann Miller write?", "count")}),
        ("Ann Miller climbed the old tower.", {("What did Ann Miller climb?", "thing")}),
        ("It was a long way down.", set()),
    ],
)
def test_a_sentence_becomes_a_question_that_it_answers(
    parts: dict[str, ModuleType], sentence: str, allowed: set[tuple[str, str]]
) -> None:
    made = {
        asked
        for seed in range(20)
        for asked in parts["statements"].of_sentences([sentence], FORMS, np.random.default_rng(seed))
    }
    assert allowed <= made and bool(allowed) == bool(made)


def test_questions_of_people_are_told_from_their_statements(parts: dict[str, ModuleType]) -> None:
    told = ["Does anyone know a good film?", "I liked it, did you?", "Why not? I ask.", "So how does it work?"]
    kept = [question for question, _ in parts["statements"].as_people_asked(told)]
    assert kept == ["Does anyone know a good film?", "So how does it work?"]


def test_frames_of_questions_are_well_formed(parts: dict[str, ModuleType]) -> None:
    for kind, frames in parts["frames"].FRAMES.items():
        assert frames.count("[") == frames.count("]") and frames.count("{") == frames.count("}"), kind
        # An open part would swallow the frame after it.
        assert not re.search(r"\[[^]]*[\[|\n]", frames), kind


def test_a_form_is_filled_and_carries_its_kind(parts: dict[str, ModuleType]) -> None:
    forms = "Where is {name}? > place|Who is {name}? > person"
    assert parts["facts"].choose(forms, 1, name="Ann") == ("Who is Ann?", "person")


def test_vectors_become_longer_where_labels_differ(parts: dict[str, ModuleType]) -> None:
    stretch, generator = parts["stretch"], np.random.default_rng(0)
    vectors = generator.standard_normal((400, 8)).astype(np.float32)
    labels = ["yes" if row[2] > 0 else "no" for row in vectors]
    matrix = stretch.stretch(8, [stretch.Known(vectors, labels, directions=1, longer=2.0)])
    lengths = np.linalg.norm(matrix, axis=0)
    assert lengths[2] > 2.9 and np.delete(lengths, 2).max() < 1.2
    longer = stretch.stretched(vectors, matrix)
    assert longer.dtype == np.float16 and np.allclose(np.linalg.norm(longer.astype(float), axis=1), 1, atol=1e-3)
    assert np.abs(longer[:, 2]).mean() > 1.5 * np.abs(longer[:, 3]).mean()
