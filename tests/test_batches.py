"""Ragged sequences, their grid, and batch orders: every row once, caps kept, a pure function of seed and epoch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.batches import (
    POOL,
    Ragged,
    batch_order,
    join,
    language_streams,
    last_places,
    lay_grid,
    pick,
    sorted_batches,
    stream_chunks,
)
from recurra.errors import DataError

LENGTHS = st.lists(st.integers(0, 9), min_size=1, max_size=12)


def ragged_of(lengths: list[int]) -> Ragged[np.ndarray]:
    """Tokens numbered from 0 in the order in which they lie."""
    ends = np.cumsum([0, *lengths])
    return Ragged(np.arange(ends[-1]), ends)


def test_joined_sequences_come_apart_at_their_offsets() -> None:
    joined = join([np.array([7, 8]), np.array([], dtype=np.int64), np.array([9])])
    assert joined.values.tolist() == [7, 8, 9] and joined.offsets.tolist() == [0, 2, 2, 3]
    assert joined.offsets.dtype == np.int64
    assert joined.lengths.tolist() == [2, 0, 1] and joined.sequences == 3 and not joined.equal
    assert joined.owners().tolist() == [0, 0, 2]
    assert joined.carry("other").offsets is joined.offsets and joined.carry("other").values == "other"


def test_sequences_of_one_length_are_the_rectangular_case() -> None:
    assert join([np.zeros(3), np.ones(3)]).equal and join([np.zeros(0)]).equal
    assert not Ragged(np.zeros(0), np.array([0])).equal


def test_no_sequences_cannot_be_joined() -> None:
    with pytest.raises(DataError, match="no sequences"):
        join([])


def test_picked_rows_come_in_the_order_they_were_asked_for() -> None:
    rows = [np.array([1]), np.array([2, 3]), np.array([4, 5, 6])]
    picked = pick(rows, np.array([2, 0]))
    assert picked.values.tolist() == [4, 5, 6, 1] and picked.offsets.tolist() == [0, 3, 4]


@given(lengths=LENGTHS, reverse=st.booleans())
def test_the_grid_holds_each_token_once_in_its_own_column_in_reading_order(lengths: list[int], reverse: bool) -> None:
    laid = lay_grid(ragged_of(lengths).offsets, reverse=reverse)
    assert (laid.steps, laid.sequences) == (max(lengths), len(lengths))
    filled = np.full(laid.steps * laid.sequences, -1)
    filled[laid.places] = np.arange(sum(lengths))
    start = 0
    for column, length in zip(filled.reshape(laid.steps, laid.sequences).T, lengths, strict=True):
        own = list(range(start, start + length))
        # Pads follow each sequence's end, whichever end the sweep starts at.
        assert column.tolist() == (own[::-1] if reverse else own) + [-1] * (laid.steps - length)
        start += length


@given(lengths=LENGTHS)
def test_a_sweep_ends_at_a_sequences_last_token_or_backwards_at_its_first(lengths: list[int]) -> None:
    ragged = ragged_of(lengths)
    for places, at in ((last_places(ragged.offsets), -1), (last_places(ragged.offsets, reverse=True), 0)):
        for row, place in enumerate(places):
            own = ragged.values[ragged.offsets[row] : ragged.offsets[row + 1]]
            assert place == (own[at] if len(own) else -1)


ROWS = st.lists(st.integers(0, 60), min_size=1, max_size=80).map(np.array)
CAPS = {"batch_size": st.integers(1, 9), "batch_tokens": st.integers(1, 100)}


def check_caps(batches: list[np.ndarray], lengths: np.ndarray, batch_size: int, batch_tokens: int) -> None:
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert 1 <= len(batch) <= batch_size
        assert lengths[batch].sum() <= batch_tokens or len(batch) == 1


@given(lengths=ROWS, seed=st.integers(0, 2**32), epoch=st.integers(0, 1000), **CAPS)
def test_every_row_stands_in_one_batch_and_no_batch_passes_its_caps(
    lengths: np.ndarray, seed: int, epoch: int, batch_size: int, batch_tokens: int
) -> None:
    caps = {"batch_size": batch_size, "batch_tokens": batch_tokens}
    batches = batch_order(lengths, **caps, seed=seed, epoch=epoch)
    check_caps(batches, lengths, **caps)
    again = batch_order(lengths.copy(), **caps, seed=seed, epoch=epoch)
    assert [batch.tolist() for batch in batches] == [batch.tolist() for batch in again]


@given(lengths=ROWS, **CAPS)
def test_batches_for_answers_go_from_short_to_long(lengths: np.ndarray, batch_size: int, batch_tokens: int) -> None:
    batches = sorted_batches(lengths, batch_size=batch_size, batch_tokens=batch_tokens)
    check_caps(batches, lengths, batch_size, batch_tokens)
    assert (np.diff(lengths[np.concatenate(batches)]) >= 0).all()


def order(seed: int, epoch: int) -> list[list[int]]:
    lengths = np.random.default_rng(0).integers(1, 400, 3000)
    return [b.tolist() for b in batch_order(lengths, batch_size=16, batch_tokens=4096, seed=seed, epoch=epoch)]


def test_the_order_depends_on_the_seed_and_on_the_epoch_and_on_nothing_drawn_before() -> None:
    first = order(0, 0)
    np.random.default_rng(5).random(10)
    assert order(0, 0) == first
    assert order(0, 1) != first and order(1, 0) != first and order(1, 0) != order(0, 1)


def test_lengths_in_a_batch_are_alike_while_batches_come_in_any_order() -> None:
    lengths = np.random.default_rng(0).integers(1, 400, 3000)
    batches = [np.array(batch) for batch in order(0, 3)]
    swept = sum(lengths[batch].max() * len(batch) for batch in batches)
    assert swept / lengths.sum() < 1.05
    means = np.array([lengths[batch].mean() for batch in batches])
    assert abs(np.corrcoef(means[:-1], means[1:])[0, 1]) < 0.2
    assert POOL * 16 < 3000


def test_streams_cut_a_text_into_rows_that_follow_one_another() -> None:
    streams = language_streams(np.arange(11, dtype=np.int32), 3)
    assert streams.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    with pytest.raises(DataError, match=r"found 5 tokens; allowed: at least 6 for 3 streams"):
        language_streams(np.arange(5, dtype=np.int32), 3)


@settings(max_examples=50)
@given(width=st.integers(2, 200), steps=st.integers(1, 50))
def test_chunks_predict_every_token_but_the_first_exactly_once(width: int, steps: int) -> None:
    chunks = stream_chunks(width, steps)
    targets = [place + 1 for start, stop in chunks for place in range(start, stop)]
    assert targets == list(range(1, width))
    assert all(0 < stop - start <= steps for start, stop in chunks)
