"""Texts are cut while the net answers those before: the same answers, in order, for any number of texts and threads.

Not here: what the answers are (test_nets.py, test_grams.py).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from recurra.artefact import resolve
from recurra.engine.processors import ahead, engine_threads
from recurra.errors import DataError
from recurra.model import load_any
from recurra.tasks.heads.classes import run


@pytest.mark.parametrize("threads", [1, 2])
def test_items_come_in_order_and_a_mistake_comes_out(threads: int) -> None:
    def made() -> Iterator[tuple[int, int]]:
        for number in range(5):
            yield number, threading.get_ident()
        raise DataError("the sixth")

    got: list[tuple[int, int]] = []
    with engine_threads(threads), pytest.raises(DataError, match="the sixth"):
        got.extend(ahead(made()))
    assert [number for number, _ in got] == [0, 1, 2, 3, 4]
    assert all((thread == threading.get_ident()) == (threads == 1) for _, thread in got)


@pytest.mark.parametrize("threads", [1, 2])
def test_texts_answered_in_parts_have_the_answers_of_one_part(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_any(resolve(Path("sentiment-en")))
    texts = ["a warm film", "", "dull and slow, and long " * 60, "it is not bad"] * 3
    wanted, whole = model.judged(texts)
    monkeypatch.setattr(run, "TOGETHER", 5)
    with engine_threads(threads):
        got, parts = model.judged(texts)
        np.testing.assert_allclose(got, wanted, atol=1e-6)
        for name in ("unk_rate", "empty", "truncated"):
            np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
        assert len(parts.ids) == len(texts)
        assert model.judged([])[0].shape == (0, 2) and not model.answers([])
        # The place is that in the whole list, not in its part.
        with pytest.raises(DataError, match="text 8: "):
            model.predict_proba([*texts[:7], "\ud800", *texts])
