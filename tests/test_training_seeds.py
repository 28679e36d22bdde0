"""A fit draws from generators of its own: threads beside it and the caller's global state change nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import torch

from recurra.config import Settings
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.estimators.language import LANGUAGE_SETTINGS, LanguageModel
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
from recurra.layers.draws import elements
from recurra.training.loop import SMALL, threads_for

TEXTS, LABELS = synthetic_reviews("train", count=60)
DROPOUTS = {"dropout": 0.3, "recurrent_dropout": 0.2, "layers": 2, "hidden": 6}
Weights = dict[str, np.ndarray]


def labelled(seed: int) -> Weights:
    settings = TEXT_SETTINGS.changed(DROPOUTS | {"epochs": 2, "embedding_size": 6, "min_count": 1})
    return dict(TextClassifier(config=settings, random_state=seed).fit(TEXTS, LABELS).model_.tensors)


def modelled(seed: int) -> Weights:
    settings = LANGUAGE_SETTINGS.changed(DROPOUTS | {"epochs": 2, "embedding_size": 6, "streams": 4, "samples": 9})
    return dict(LanguageModel(config=settings, random_state=seed).fit(TEXTS).model_.tensors)


def forecast(seed: int) -> Weights:
    settings: Settings = SERIES_SETTINGS.changed(DROPOUTS | {"epochs": 4})
    return dict(
        Forecaster(config=settings, random_state=seed, recipe="net").fit(np.sin(np.arange(60.0))).model_.tensors
    )


FITS: list[Callable[[int], Weights]] = [labelled, modelled, forecast]


def same(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_fits_in_threads_learn_the_bits_that_each_learns_alone() -> None:
    jobs = [(fit, seed) for fit in FITS for seed in (0, 1)]
    alone = [fit(seed) for fit, seed in jobs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda job: job[0](job[1]), jobs))
    assert all(map(same, alone, together))
    assert not same(alone[0], alone[1])


@pytest.mark.parametrize("fit", FITS)
def test_a_fit_neither_reads_nor_moves_the_global_generators(fit: Callable[[int], Weights]) -> None:
    learnt = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # type: ignore[index]
        learnt.append(fit(0))
        after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # type: ignore[index]
        assert before == after
    assert same(*learnt)


def test_fits_side_by_side_leave_the_number_of_threads_as_it_was() -> None:
    before = torch.get_num_threads()
    entered, left = Barrier(2), Barrier(2)

    def large() -> int:
        entered.wait()
        with threads_for(SMALL):
            inside = torch.get_num_threads()
            left.wait()
        return inside

    torch.set_num_threads(2)
    try:
        with ThreadPoolExecutor(1) as pool:
            with threads_for(1):
                asked = pool.submit(large)
                entered.wait()
                left.wait()
                assert torch.get_num_threads() == 1
            assert asked.result() == 2
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(torch.get_num_threads).result() == 2
    finally:
        torch.set_num_threads(before)


def test_dropout_from_a_generator_has_the_bits_of_torchs_own() -> None:
    values = torch.randn(31, 17, generator=torch.Generator().manual_seed(0))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        expected = torch.nn.functional.dropout(values, 0.4, True)
    assert torch.equal(elements(values, 0.4, torch.Generator().manual_seed(3)), expected)
