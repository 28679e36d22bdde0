"""Tags as spans: every scheme is known by its tags, and read as conlleval reads it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from recurra.text.spans import best_path, legal, scheme_of, spans, written


@pytest.mark.parametrize(
    ("sentences", "scheme"),
    [
        ([["B-X", "I-X", "O"]], "BIO"),
        ([["B-X", "O"]], "BIO"),
        ([["I-X", "I-X", "O"], ["I-Y", "B-Y"]], "IOB1"),
        ([["I-X", "O"]], "IOB1"),
        ([["B-X", "I-X"], ["I-X"]], "BIO"),
        ([["B-X", "E-X", "O", "S-Y"]], "IOBES"),
        ([["B-X", "I-X", "L-X", "O", "U-Y"]], "BILOU"),
        ([["B", "I", "O"]], "BIO"),
        ([["NOUN", "VERB"]], "plain"),
        ([["NN", "O"]], "plain"),
        ([["O", "O"]], "plain"),
        ([["B-X", "NN"]], "plain"),
        ([["I", "X"]], "plain"),
    ],
)
def test_the_scheme_is_told_by_the_tags(sentences: list[list[str]], scheme: str) -> None:
    assert scheme_of(sentences) == scheme


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("B-X I-X O B-Y", [("X", 0, 2), ("Y", 3, 4)]),
        ("I-X I-X B-X O", [("X", 0, 2), ("X", 2, 3)]),
        ("O I-X I-Y", [("X", 1, 2), ("Y", 2, 3)]),
        ("B-X B-X", [("X", 0, 1), ("X", 1, 2)]),
        ("S-X S-X", [("X", 0, 1), ("X", 1, 2)]),
        ("B-X I-X E-X I-X", [("X", 0, 3), ("X", 3, 4)]),
        ("B-X L-X U-X", [("X", 0, 2), ("X", 2, 3)]),
        ("B-X E-Y", [("X", 0, 1), ("Y", 1, 2)]),
        ("B I O I", [("", 0, 2), ("", 3, 4)]),
        ("O", []),
        ("", []),
    ],
)
def test_spans_are_those_of_conlleval(tags: str, found: list[tuple[str, int, int]]) -> None:
    assert spans(tags.split()) == found


def test_spans_of_every_scheme_are_written_in_every_other() -> None:
    assert written(["I-X", "I-X", "B-X", "O"], "BIO") == ["B-X", "I-X", "B-X", "O"]
    assert written(["B-X", "E-X", "S-Y", "O"], "BIO") == ["B-X", "I-X", "B-Y", "O"]
    assert written(["I-X", "I-Y"], "IOB1") == ["B-X", "B-Y"]
    assert written(["B-X", "I-X", "I-X", "B-Y", "O"], "IOBES") == ["B-X", "I-X", "E-X", "S-Y", "O"]
    assert written(["B-X", "I-X", "B-Y"], "BILOU") == ["B-X", "L-X", "U-Y"]
    assert written(["NN", "I-X"], "plain") == ["NN", "I-X"]


def test_the_best_path_is_the_best_of_the_legal_ones() -> None:
    random, tags = np.random.default_rng(0), ["O", "B-X", "I-X", "B-Y", "I-Y"]
    may = legal(tags, "BIO")
    for _ in range(20):
        scores = random.standard_normal((4, 5))
        every = np.array(np.meshgrid(*[range(5)] * 4)).reshape(4, -1).T
        allowed = [path for path in every if may[5, path[0]] and all(may[a, b] for a, b in pairwise(path))]
        best = max(allowed, key=lambda path: scores[range(4), path].sum())
        assert best_path(scores, may).tolist() == best.tolist()


def test_a_scheme_with_ends_leaves_no_span_open() -> None:
    tags = ["O", "B-X", "I-X", "E-X", "S-X"]
    may = legal(tags, "IOBES")
    assert not may[1, 0] and not may[1, 5] and may[3, 5] and may[1, 2] and not may[0, 2] and not may[5, 3]
    assert legal(["NN", "VB"], "plain").all()
