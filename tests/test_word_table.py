"""The table of projected words: the same bits as multiplying every token's vector, for every cell and from threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from recurra.batches import Ragged
from recurra.config import CellKind
from recurra.engine import words as tables
from recurra.engine.native import compiled, engine
from recurra.engine.words import WordTable
from recurra.layers.recurrent.run import RecurrentSpec, recurrent, words_of

pytestmark = pytest.mark.skipif(engine().library is None, reason="the native engine was not built")

WORDS, INPUTS, HIDDEN = 50, 7, 19
OFFSETS = np.array([0, 5, 5, 6, 30], np.int64)
KINDS = [
    CellKind("rnn"),
    CellKind("gru"),
    CellKind("gru", reset_after=False),
    CellKind("lstm"),
    CellKind("mingru"),
    CellKind("sru"),
    CellKind("gru", precision="bf16"),
    CellKind("lstm", precision="bf16"),
    CellKind("sru", precision="bf16"),
    CellKind("gru", precision="int8"),
    CellKind("lstm", precision="int8"),
]


def made(kind: CellKind, *, fixed: bool = True, seed: int = 0) -> tuple[RecurrentSpec, dict[str, Any], Any]:
    """A bidirectional layer, its weights, and the vectors of all words."""
    rng = np.random.default_rng(seed)
    spec = RecurrentSpec(**kind._asdict(), inputs=INPUTS, hidden=HIDDEN, bidirectional=True)
    weights = {name: rng.normal(0, 0.4, shape).astype(np.float32) for name, shape in spec.weights().items()}
    vectors = rng.normal(size=(WORDS, INPUTS)).astype(np.float32)
    for one in (vectors, *weights.values()):
        one.flags.writeable = not fixed
    return spec, weights, vectors


def swept(spec: RecurrentSpec, weights: dict[str, Any], table: WordTable, vectors: Any, ids: Any) -> Any:
    rows = table.places(ids, lambda new: vectors[new])
    none = Ragged(np.empty((0, INPUTS), np.float32), OFFSETS)
    return recurrent(spec, weights, none, rows=rows, table=table)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_words_from_the_table_give_the_bits_of_words_multiplied_one_by_one(kind: CellKind) -> None:
    spec, weights, vectors = made(kind)
    table = words_of(spec, weights, vectors)
    assert table is not None
    rng = np.random.default_rng(1)
    for _ in range(3):  # words met first, then known ones among them
        ids = rng.integers(0, WORDS, OFFSETS[-1])
        found, ends = swept(spec, weights, table, vectors, ids)
        wanted, wanted_ends = recurrent(spec, weights, Ragged(vectors[ids], OFFSETS))
        assert np.array_equal(found.values, wanted.values)
        for one, other in zip(ends, wanted_ends, strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert table.known <= WORDS


def test_each_word_is_looked_up_once() -> None:
    spec, weights, vectors = made(CellKind("gru"))
    table = words_of(spec, weights, vectors)
    assert table is not None and words_of(spec, weights, vectors) is table
    asked: list[int] = []

    def look_up(new: Any) -> Any:
        asked.extend(new)
        return vectors[new]

    table.places(np.array([3, 3, 8]), look_up)
    table.places(np.array([8, 9, 3]), look_up)
    assert asked == [3, 8, 9] and table.known == 3


def test_several_threads_fill_one_table() -> None:
    spec, weights, vectors = made(CellKind("lstm"))
    table = words_of(spec, weights, vectors)
    assert table is not None
    batches = [np.random.default_rng(seed).integers(0, WORDS, OFFSETS[-1]) for seed in range(40)]
    with ThreadPoolExecutor(5) as pool:
        found = list(pool.map(lambda ids: swept(spec, weights, table, vectors, ids)[0].values, batches))
    for ids, values in zip(batches, found, strict=True):
        assert np.array_equal(values, recurrent(spec, weights, Ragged(vectors[ids], OFFSETS))[0].values)
    assert table.known == len(np.unique(np.concatenate(batches)))


def test_there_is_none_where_it_would_not_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert words_of(*made(CellKind("gru"), fixed=False)) is None
    spec, weights, vectors = made(CellKind("gru"))
    wide = vectors.astype(np.float64)
    wide.flags.writeable = False
    assert words_of(spec, weights, wide) is None
    monkeypatch.setattr(tables, "MOST_BYTES", 1000)
    assert words_of(spec, weights, vectors) is None


def test_a_table_leaves_with_its_vectors() -> None:
    spec, weights, vectors = made(CellKind("rnn"), seed=3)
    before = len(tables._tables)
    assert words_of(spec, weights, vectors) is not None
    assert len(tables._tables) == before + 1
    del vectors
    assert len(tables._tables) == before


def test_an_id_that_is_no_word_and_tables_that_do_not_fit_are_refused() -> None:
    spec, weights, vectors = made(CellKind("gru"))
    table = words_of(spec, weights, vectors)
    assert table is not None
    with pytest.raises(IndexError):
        table.places(np.array([WORDS]), lambda new: vectors[new])
    layer = table.packed[0]
    with pytest.raises(ValueError, match="products: found"):
        compiled.project(layer, values=vectors, into=np.empty((WORDS, layer.pitch + 1), np.float32), threads=1)
    with pytest.raises(ValueError, match="values: found"):
        into = np.empty((WORDS, layer.pitch), np.float32)
        compiled.project(layer, values=vectors[:, :-1].copy(), into=into, threads=1)
