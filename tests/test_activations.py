"""Every activation of every instruction set is right in proportion to its own value, however small that is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recurra.cells.backends.numpy import ACTIVATE
from recurra.engine.native import compiled, engine

FOUND = engine()
built = pytest.mark.skipif(FOUND.library is None, reason="the native engine was not built here")
ALLOWED = {"float32": 1e-6, "bf16": 5e-4, "int8": 5e-4}
"""Relative: 5e-4 is a quarter of what bfloat16 resolves."""
EXACT: dict[str, Any] = {"tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "relu": lambda x: np.maximum(x, 0)}
LEAST, MOST = 1e-9, 20.0


def points() -> NDArray[np.float32]:
    """Both signs of numbers from 1e-9 to 20, as many in each decade, and as many again evenly spread."""
    random = np.random.default_rng(0)
    decades = np.exp(random.uniform(np.log(LEAST), np.log(MOST), 100_000))
    sizes = np.concatenate([decades, random.uniform(LEAST, MOST, 100_000), [LEAST, MOST]])
    return np.concatenate([sizes, -sizes]).astype(np.float32)


def activated(name: str, precision: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    results = np.empty_like(values)
    compiled.activate(name, precision=precision, values=values, into=results)
    return results


def largest_error(name: str, values: NDArray[np.float32], results: NDArray[np.float32]) -> float:
    exact = EXACT[name](values.astype(np.float64))
    there = exact != 0
    assert not results[~there].any()
    return float(np.abs(results[there] / exact[there] - 1).max())


@built
@pytest.mark.parametrize("precision", ALLOWED)
@pytest.mark.parametrize("name", EXACT)
def test_the_error_is_small_beside_the_value_itself(instructions: str, name: str, precision: str) -> None:
    values = points()
    assert largest_error(name, values, activated(name, precision, values)) <= ALLOWED[precision], instructions


@pytest.mark.parametrize("name", EXACT)
def test_the_run_without_the_engine_is_as_exact(name: str) -> None:
    values = points()
    assert largest_error(name, values, ACTIVATE[name](values)) <= ALLOWED["float32"]  # type: ignore[index]


def test_an_infinite_sigmoid_is_0_or_1_without_the_engine_too() -> None:
    assert ACTIVATE["sigmoid"](np.array([-np.inf, -1000.0, 1000.0, np.inf])).tolist() == [0.0, 0.0, 1.0, 1.0]


@built
@pytest.mark.parametrize("precision", ALLOWED)
def test_zeros_keep_their_sign_and_infinities_reach_the_ends(instructions: str, precision: str) -> None:
    ends = np.array([0.0, -0.0, np.inf, -np.inf, 3e38, -3e38, np.nan], np.float32)
    tanh, sigmoid = (activated(name, precision, ends) for name in ("tanh", "sigmoid"))
    assert tanh[:6].tolist() == [0, 0, 1, -1, 1, -1] and np.signbit(tanh[:2]).tolist() == [False, True], instructions
    np.testing.assert_allclose(sigmoid[:6], [0.5, 0.5, 1, 0, 1, 0], rtol=ALLOWED[precision], atol=1.2e-38)
    assert np.isnan(tanh[6]) and np.isnan(sigmoid[6])


@built
@pytest.mark.parametrize("precision", ALLOWED)
def test_a_number_below_the_normal_range_counts_as_zero(instructions: str, precision: str) -> None:
    below = np.array([1e-40, -1e-40, 1e-45], np.float32)
    assert not activated("tanh", precision, below).any(), instructions
    np.testing.assert_allclose(activated("sigmoid", precision, below), 0.5, rtol=ALLOWED[precision])


@built
@pytest.mark.parametrize("precision", ALLOWED)
def test_slopes_told_from_results_never_have_the_wrong_sign(instructions: str, precision: str) -> None:
    values = np.linspace(-30, 30, 600_001, dtype=np.float32)
    tanh, sigmoid = (activated(name, precision, values) for name in ("tanh", "sigmoid"))
    assert np.abs(tanh).max() <= 1 and sigmoid.min() >= 0 and sigmoid.max() <= 1, instructions


@built
def test_any_number_of_values_and_no_other_is_written(instructions: str) -> None:
    for count in range(40):
        values, results = np.full(count, 0.5, np.float32), np.full(count + 1, 7, np.float32)
        compiled.activate("tanh", precision="float32", values=values, into=results[:count])
        np.testing.assert_allclose(results[:count], np.tanh(0.5), rtol=1e-6)
        assert results[count] == 7, instructions


@built
def test_other_names_shapes_and_shared_memory_are_refused() -> None:
    values = np.zeros(6, np.float32)
    wrong: list[tuple[Any, ...]] = [
        ("softsign", "float32", values, values.copy()),
        ("tanh", "fp8", values, values.copy()),
        ("tanh", "float32", values, values[:5].copy()),
        ("tanh", "float32", values[::2], values[:3].copy()),
        ("tanh", "float32", values, values),
    ]
    for name, precision, given, into in wrong:
        with pytest.raises(ValueError, match=r"found .* allowed"):
            compiled.activate(name, precision=precision, values=given, into=into)
