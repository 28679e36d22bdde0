"""A gradient is made from what its own sweep kept; what another layer, batch or call kept is refused.

So is packing weights that another thread sweeps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pytest

from native_calls import (
    HIDDEN,
    INPUTS,
    REFUSED,
    Arguments,
    backward_call,
    floats,
    forward_call,
    gradient_call,
    layer,
    words_of,
)
from recurra.engine.native import compiled, engine, padded, ragged

FOUND = engine()
pytestmark = pytest.mark.skipif(FOUND.library is None, reason="the native engine was not built here")


class Another(NamedTuple):
    """What of a right call to backward() belongs to another call, and the words that tell it."""

    arguments: Callable[[Arguments], Arguments]
    told: str


def kept_by(**changed: Any) -> Callable[[Arguments], Arguments]:
    def arguments(good: Arguments) -> Arguments:
        call = forward_call()
        same = {name: good[name] for name in call.good if name in good}
        return {"kept": compiled.forward(**call.good | same | changed)}

    return arguments


def of_a_smaller_layer(good: Arguments) -> Arguments:
    small = {"layers": [layer("rnn", hidden=1)], "outputs": floats(6, 1), "hidden": None, "cell": None}
    ends = {"final_hidden": None, "final_cell": None}
    return {"kept": compiled.forward(**forward_call().good | small | ends)}


def packed_again(good: Arguments) -> Arguments:
    rows = 4 * HIDDEN
    weights = floats(rows, INPUTS), floats(rows, HIDDEN), floats(rows), floats(rows)
    good["layers"][0].pack(*weights, backward=True, threads=1)
    return {}


OTHERS: dict[str, Another] = {
    "a smaller layer's": Another(of_a_smaller_layer, "layers"),
    "another layer's of the same shape": Another(kept_by(layers=[layer(seed=5)] if FOUND.library else []), "layers"),
    "its own, packed again since": Another(packed_again, "packed again"),
    "other places": Another(lambda good: {"places": ragged(np.array([0, 3, 6]))}, "places"),
    "a grid's": Another(lambda good: {"places": padded(3, np.array([3, 3]))}, "places"),
    "other values": Another(lambda good: {"values": floats(6, INPUTS, seed=9)}, "values"),
    "other outputs": Another(lambda good: {"outputs": floats(6, HIDDEN, seed=9)}, "outputs"),
    "another state": Another(lambda good: {"hidden": floats(1, 2, HIDDEN, seed=9)}, "states"),
    "no state": Another(lambda good: {"hidden": None}, "states"),
    "no inner state": Another(lambda good: {"cell": None}, "inner states"),
    "rows of distinct inputs": Another(lambda good: {"rows": np.arange(6, dtype=np.int32)}, "rows"),
    "weights packed for answers": Another(lambda good: {"layers": [layer(backward=False)]}, "packed"),
    "two directions": Another(lambda good: {"layers": [*good["layers"], *good["layers"]]}, "outputs"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_another_sweep_kept_is_refused(name: str) -> None:
    call = backward_call()
    before = {key: call.good[key].copy() for key in call.written}
    changed = OTHERS[name].arguments(call.good)
    with pytest.raises(ValueError, match=rf"{REFUSED}|{OTHERS[name].told}") as caught:
        call.function(**call.good | changed)
    assert OTHERS[name].told in str(caught.value)
    assert all(np.array_equal(call.good[one], before[one]) for one in call.written)


def test_a_state_that_lost_digits_on_its_way_is_still_the_same_sweeps() -> None:
    call = backward_call()
    rounded = (call.good["outputs"].view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
    call.function(**call.good | {"outputs": rounded})


def test_words_of_another_batch_are_refused() -> None:
    call = gradient_call()
    for offsets in (np.array([0, 1, 2, 3, 4, 5, 6]), np.array([0, 3, 6]), np.array([0, 6])):
        with pytest.raises(ValueError, match="words: found"):
            call.function(**call.good | {"words": words_of(offsets, np.array([0, 1, 1, 5, 5, 0]))})


def test_weights_are_not_packed_while_another_thread_sweeps_them() -> None:
    tokens, shared, weights = 300_000, layer(), (floats(4 * HIDDEN, INPUTS), floats(4 * HIDDEN, HIDDEN))
    biases = floats(4 * HIDDEN), floats(4 * HIDDEN)
    sweep = {"layers": [shared], "places": ragged(np.array([0, tokens])), "values": floats(tokens, INPUTS)}

    def swept() -> None:
        compiled.forward(**sweep, outputs=np.empty((tokens, HIDDEN), np.float32), keep=False, threads=1)

    with ThreadPoolExecutor(1) as other:
        for _ in range(100):
            coming = other.submit(swept)
            while not coming.done():
                time.sleep(0.001)  # else the other would begin just while they are packed
                try:
                    shared.pack(*weights, *biases, backward=True, threads=1)
                except ValueError as error:
                    assert "another thread" in str(error)
                    return coming.result()
            if coming.exception():  # it came while they were packed
                assert "another thread packs" in str(coming.exception())
    pytest.fail("no packing met a sweep")
