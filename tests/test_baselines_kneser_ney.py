"""The Kneser-Ney model against a plain dictionary version, by hand, and as a distribution.

Not here: its figure on real text, which is measured by the benchmarks.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import numpy as np
import pytest

from recurra.baselines.kneser_ney import discounts_of, fit_kneser_ney
from recurra.errors import DataError, UsageError

WORDS = 12


def stream(tokens: int, *, seed: int) -> np.ndarray:
    """Ids that depend on the one before, with a few frequent ones, so that every count of counts occurs."""
    generator = np.random.default_rng(seed)
    ids = [0]
    for _ in range(tokens - 1):
        ids.append(int((ids[-1] * 3 + generator.geometric(0.4)) % WORDS))
    return np.array(ids)


def plain_probability(ids: list[int], context: tuple[int, ...], word: int) -> float:
    """The equations of Chen & Goodman, straight from dictionaries."""
    counts: dict[int, Counter[tuple[int, ...]]] = {
        3: Counter(zip(ids, ids[1:], ids[2:], strict=False)),
    }
    for length in (2, 1):
        counts[length] = Counter(ngram[1:] for ngram in counts[length + 1])
    chance = 1 / WORDS
    for length in range(1, len(context) + 2):
        front = context[len(context) - length + 1 :]
        table = {ngram[-1]: count for ngram, count in counts[length].items() if ngram[:-1] == front}
        if not table:
            continue
        taken = defaultdict(float, dict(enumerate(discounts_of(list(counts[length].values())), start=1)))
        total = sum(table.values())
        left = sum(taken[min(count, 3)] for count in table.values()) / total
        count = table.get(word, 0)
        chance = (count - taken[min(count, 3)]) / total + left * chance
    return chance


def test_probabilities_equal_the_plain_equations() -> None:
    ids = stream(400, seed=1)
    model = fit_kneser_ney(ids, words=WORDS)
    for context in [(), (3,), (0, 1), (4, 2), (11, 11), tuple(ids[:2].tolist())]:
        found = model.next_probabilities(context)
        expected = [plain_probability(ids.tolist(), context, word) for word in range(WORDS)]
        assert found == pytest.approx(expected, abs=1e-12)


def test_judging_a_stream_agrees_with_the_distributions() -> None:
    model = fit_kneser_ney(stream(400, seed=2), words=WORDS)
    held_out = stream(40, seed=3)
    expected = [math.log(model.next_probabilities(held_out[:i].tolist())[held_out[i]]) for i in range(40)]
    assert model.log_probabilities(held_out) == pytest.approx(expected, abs=1e-12)
    assert model.perplexity(held_out) == pytest.approx(math.exp(-np.mean(expected)))


def test_context_continues_a_stream() -> None:
    model = fit_kneser_ney(stream(400, seed=2), words=WORDS)
    ids = stream(30, seed=4)
    later = model.log_probabilities(ids[10:], context=ids[:10].tolist())
    assert later == pytest.approx(model.log_probabilities(ids)[10:], abs=0)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("tokens", [8, 500])
def test_every_distribution_sums_to_one_and_leaves_nothing_impossible(order: int, tokens: int) -> None:
    ids = stream(tokens, seed=5)
    model = fit_kneser_ney(ids, words=WORDS, order=order)
    generator = np.random.default_rng(6)
    contexts = [(), (int(ids[0]),), *(tuple(row) for row in generator.integers(0, WORDS, (50, 5)).tolist())]
    for context in contexts:
        chances = model.next_probabilities(context)
        assert abs(chances.sum() - 1) < 1e-9
        assert chances.min() > 0


def test_discounts_equal_those_worked_out_by_hand() -> None:
    counts = [1] * 10 + [2] * 5 + [3] * 2 + [4] * 1 + [9] * 3
    share = 10 / 20
    assert discounts_of(counts) == pytest.approx((1 - 2 * share * 5 / 10, 2 - 3 * share * 2 / 5, 3 - 4 * share * 1 / 2))


def test_discounts_stay_positive_and_below_the_count_on_little_data() -> None:
    for counts in ([7], [1], [1, 1, 1], [2, 2], [1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 4]):
        assert all(k / 10 <= discount <= k for k, discount in enumerate(discounts_of(counts), start=1))


def test_longer_contexts_help_where_order_matters() -> None:
    ids = np.tile([0, 1, 2, 0, 2, 1], 50)
    found = [fit_kneser_ney(ids, words=3, order=order).perplexity(ids) for order in (1, 2, 3)]
    assert found[0] > found[1] > found[2]
    assert found[2] < 1.2


def test_wrong_ids_and_sizes_are_refused() -> None:
    model = fit_kneser_ney([0, 1, 2, 1], words=3)
    with pytest.raises(DataError, match="outside the vocabulary; found 0 to 3; allowed: 0 to 2"):
        model.perplexity([0, 3])
    with pytest.raises(DataError, match="too few tokens"):
        fit_kneser_ney([0, 1], words=3)
    with pytest.raises(DataError, match="no tokens"):
        model.perplexity([])
    with pytest.raises(UsageError, match="n-grams too long"):
        fit_kneser_ney([0, 1, 2, 3, 4], words=100_000, order=4)
