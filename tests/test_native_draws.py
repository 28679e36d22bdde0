"""Draws from many scores: the shares are those of a softmax, and bounds by int8 change no draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from recurra.engine import native
from recurra.tasks.heads.next_token.drawing import Drawing, exponentials
from recurra.text.vocabulary import EOS

WORDS, SIZE, ROWS = 1110, 67, 24
"""So many words that the engine makes bounds: more than 1,024."""
pytestmark = pytest.mark.skipif(not native.engine().available, reason="no engine")


@pytest.fixture(params=["best", "avx512", "avx2", "portable"])
def library(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The engine on one instruction set; the best one bounds by dot products of bytes where there are any."""
    library: Any = native.engine().library
    before = library.engine()
    if request.param != "best" and not library.choose(request.param):
        pytest.skip("another processor")
    yield library
    library.choose(before)


def told(how: Drawing) -> Any:
    temperature, top_k, top_p = how.how
    return native.compiled.Drawing(temperature=temperature, top_k=top_k, top_p=top_p, never=how.never)


def streams(rows: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> Any:
    """A net that looks a row up and scores all words by it."""
    net = native.compiled.StepNet()
    net.reads_words(rows, each=1, scale=1.0)
    net.dense(weight, bias, activation="linear")
    return native.compiled.Streams(net, 1)


def tables() -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Tables and rows that bounds might fail on."""
    random = np.random.default_rng(5)
    rows, weight = random.standard_normal((ROWS, SIZE)), random.standard_normal((WORDS, SIZE)) * 0.3
    bias = random.standard_normal(WORDS)
    yield "plain", rows, weight, bias
    yield "large", rows * 40, weight * 40, bias
    yield "huge", rows * 1e15, weight * 1e12, bias * 1e20
    yield "infinite scores", rows * 1e30, weight * 1e9, bias
    yield "denormal", rows * 1e-36, weight * 1e-38, bias * 1e-40
    yield "small", rows * 1e-20, weight * 1e-19, bias * 1e-30
    outliers = weight * 1e-3
    outliers[np.arange(WORDS), random.integers(0, SIZE, WORDS)] = 30 * random.standard_normal(WORDS)
    yield "outliers", rows, outliers, bias
    spread = weight * 10.0 ** random.integers(-9, 2, (WORDS, 1))
    yield "scales", rows * 10.0 ** random.integers(-9, 2, (1, SIZE)), spread, bias
    # A row that cancels: its score is what rounding leaves of far larger terms.
    cancels = np.concatenate([weight[:, :33] * 1e4, -weight[:, :33] * 1e4, weight[:, 66:]], axis=1)
    yield "cancels", np.concatenate([rows[:, :33], rows[:, :33], rows[:, 66:]], axis=1), cancels, bias
    # What rounding takes away adds up in one direction: of words, and of rows.
    sign, side = random.choice([-1.0, 1.0], SIZE), random.choice([-1.0, 1.0], (WORDS, 1))
    sign[0] = 0.0  # the largest value, which tells the steps
    yield "uneven words", np.tile(sign, (ROWS, 1)), uneven(random, sign * side), bias * 0
    yield "uneven rows", uneven(random, np.tile(sign, (ROWS, 1))), side * sign, bias * 0
    yield "equal words", rows, np.repeat(weight[:1], WORDS, axis=0), np.repeat(bias[:1], WORDS)
    yield "zeros", rows * 0, weight, bias * 0
    yield "biases", rows * 1e-3, weight, bias * 1e4


def uneven(random: np.random.Generator, signs: np.ndarray) -> np.ndarray:
    """Rows that count 0.49 steps of int8 in each direction, and whose whole steps cancel in sums over these."""
    whole = random.integers(-60, 60, signs.shape).astype(float)
    whole[:, 2::2] = -whole[:, 1::2] * signs[:, 1::2] * signs[:, 2::2]
    whole[:, 0] = 127
    return 0.02 * (whole + 0.49 * signs)


@pytest.mark.parametrize("temperature", [1.0, 0.3, 1e-3, 1e-30, 50.0, 1e30])
def test_bounds_draw_the_same_words_as_all_scores(library: Any, temperature: float) -> None:
    drawing, random = told(Drawing(temperature)), np.random.default_rng(1)
    for name, *parts in tables():
        rows, weight, bias = (np.ascontiguousarray(part, np.float32) for part in parts)
        one, scores = streams(rows, weight, bias), np.empty(WORDS, np.float32)
        for row in range(ROWS):
            uniform = float(random.random())
            one.push_id(row, scores, True)
            if not np.isfinite(scores.max()):
                with pytest.raises(ValueError, match="scores"):
                    one.next(row, uniform, drawing)
                continue
            assert one.next(row, uniform, drawing) == one.draw(scores, uniform, drawing), (name, row)


def test_draws_follow_the_shares_of_a_softmax() -> None:
    random, draws = np.random.default_rng(2), 20_000
    rows = random.standard_normal((1, SIZE)).astype(np.float32)
    weight = (random.standard_normal((WORDS, SIZE)) * 0.3).astype(np.float32)
    one, scores = streams(rows, weight, np.zeros(WORDS, np.float32)), np.empty(WORDS, np.float32)
    one.push_id(0, scores, True)
    for how in (Drawing(0.9), Drawing(0.8, top_k=30), Drawing(top_p=0.7)):
        shares = how.shares(scores)
        counts = np.bincount([one.next(0, u, told(how)) for u in random.random(draws)], minlength=WORDS)
        assert not counts[shares == 0].any()
        # Rare words together: each bin is to be met some ten times.
        order = np.argsort(shares)[::-1]
        bins = (np.cumsum(shares[order]) * 600).astype(int)
        wanted, found = (np.bincount(bins, values[order]) for values in (shares * draws, counts))
        met = wanted > 5
        off = ((found - wanted)[met] ** 2 / wanted[met]).sum()
        free = met.sum() - 1
        # A normal number, nearly (Wilson & Hilferty 1931).
        assert ((off / free) ** (1 / 3) - 1 + 2 / (9 * free)) / np.sqrt(2 / (9 * free)) < 4, how


def test_times_are_exponential_and_of_no_other_words_time() -> None:
    times = np.array([exponentials(number, np.arange(2000)) for number in np.random.default_rng(3).random(500)])
    for axis in (0, 1):
        means = times.mean(axis=axis)
        assert abs(means.mean() - 1) < 0.01
        np.testing.assert_allclose(means.std() * np.sqrt(times.shape[axis]), 1, atol=0.15)
    shares = np.sort(-np.expm1(-times).ravel())
    assert np.abs(shares - (np.arange(shares.size) + 0.5) / shares.size).max() < 1.95 / np.sqrt(shares.size)
    assert abs(np.corrcoef(times[:, 0], times[:, 1])[0, 1]) < 0.2
    # The resolution is that of 64 bits: what is rare comes at its own rate, not at once.
    assert times.min() > 1e-9 and len(np.unique(times)) > times.size - 3


def test_the_coldest_and_the_hottest_draw_are_those_of_numpy(library: Any) -> None:
    random = np.random.default_rng(4)
    for temperature in (1e-300, 1e-30, 1e30, 1e300):
        how = Drawing(temperature)
        scores = np.round(random.standard_normal((50, WORDS))).astype(np.float32)  # many equal ones
        one = streams(np.zeros((1, SIZE), np.float32), np.zeros((WORDS, SIZE), np.float32), scores[0])
        for row in scores:
            uniform = float(random.random())
            drawn = one.draw(row, uniform, told(how))
            assert drawn == how.drawn(row, uniform) and drawn >= EOS
            assert temperature > 1 or row[drawn] == row[EOS:].max()


def test_scores_that_are_no_numbers_are_refused(library: Any) -> None:
    one = streams(np.zeros((1, SIZE), np.float32), np.zeros((WORDS, SIZE), np.float32), np.zeros(WORDS, np.float32))
    scores = np.zeros(WORDS, np.float32)
    for value in (np.nan, np.inf):
        for place in (0, 7, WORDS - 1):
            wrong = scores.copy()
            wrong[place] = value
            for how in (Drawing(), Drawing(top_k=5), Drawing(top_p=0.5)):
                with pytest.raises(ValueError, match="scores"):
                    one.draw(wrong, 0.5, told(how))
    with pytest.raises(ValueError, match="scores"):
        one.draw(scores - np.float32(np.inf), 0.5, told(Drawing()))
    scores[:] = -np.inf
    scores[WORDS - 1] = -1e38
    assert one.draw(scores, 0.5, told(Drawing())) == WORDS - 1
