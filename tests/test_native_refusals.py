"""Whatever the engine's functions are handed: a wrong array, or memory that two share, is refused by name.

Every bound function is called with each of its arrays spoilt in each way; nothing may be written then, and the process
must live. Not here: what another sweep kept (test_native_kept.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from native_calls import (
    CALLS,
    HIDDEN,
    INPUTS,
    OFFSETS,
    REFUSED,
    Array,
    Call,
    floats,
    forward_call,
    gather_call,
    layer,
    unpacked,
)
from recurra.engine.native import compiled, engine, padded, ragged

FOUND = engine()
pytestmark = pytest.mark.skipif(FOUND.library is None, reason="the native engine was not built here")
ANY_SHAPE = ("adam_whole", "clip")
"""These take arrays of any shape, as long as they fit each other."""
ANY_ROWS = ("table",)
"""A table of any number of rows."""


def arrays_of(call: Call) -> dict[str, Array]:
    return {name: value for name, value in call.good.items() if isinstance(value, np.ndarray)}


def spoilt(array: Array, *, written: bool, shaped: bool, rows: bool) -> Iterator[tuple[str, Any]]:
    """The array in every wrong way."""
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    yield "numbers of another type", array.astype(np.float64 if array.dtype == np.float32 else np.int16)
    yield "numbers of the other byte order", array.astype(array.dtype.newbyteorder())
    yield "a list", array.tolist()
    memory = np.zeros(array.nbytes + 1, np.uint8)
    yield "numbers off their boundaries", memory[1:].view(array.dtype).reshape(array.shape)
    yield "values apart", wide[..., ::2]
    if rows:
        yield "a row less", array[:-1].copy()
        yield "a row more", np.concatenate([array, array[:1]])
        yield "none of it", array[:0]
    if shaped:
        yield "an axis more", array[None]
        yield "an axis less", array[0]
        yield "a column more", np.zeros((*array.shape[:-1], array.shape[-1] + 1), array.dtype)
    if array.ndim > 1:
        yield "rows turned round", array[..., ::-1, :]
        yield "columns before rows", np.asfortranarray(array)
    if written:
        closed = array.copy()
        closed.flags.writeable = False
        yield "closed to writing", closed
        several = next(axis for axis, size in enumerate(array.shape) if size > 1)
        steps = [0 if axis == several else step for axis, step in enumerate(array.strides)]
        yield "one value for several", np.lib.stride_tricks.as_strided(array, array.shape, steps)


@pytest.mark.parametrize("name", CALLS)
def test_what_is_right_is_taken(name: str) -> None:
    call = CALLS[name]()
    call.function(**call.good)


@pytest.mark.parametrize("name", CALLS)
def test_each_array_spoilt_in_each_way_is_refused_and_nothing_is_written(name: str) -> None:
    call = CALLS[name]()
    before = {key: call.good[key].copy() for key in call.written}
    for key, array in arrays_of(call).items():
        shaped = name not in ANY_SHAPE
        rows = shaped and key not in ANY_ROWS
        for how, wrong in spoilt(array, written=key in call.written, shaped=shaped, rows=rows):
            with pytest.raises((ValueError, TypeError), match=REFUSED) as caught:
                call.function(**call.good | {key: wrong})
            assert len(str(caught.value).splitlines()) == 1, (key, how)
            assert all(np.array_equal(call.good[one], before[one]) for one in call.written), (key, how)


@pytest.mark.parametrize("name", CALLS)
def test_memory_that_is_written_and_that_another_array_has_too_is_refused(name: str) -> None:
    call = CALLS[name]()
    arrays = arrays_of(call)
    for key in call.written:
        for other, second in arrays.items():
            if other == key:
                continue
            first, begin = arrays[key], (arrays[key].nbytes - 1) // 8 * 8
            memory = np.zeros((begin + second.nbytes + 8) // 8 * 8, np.uint8)
            memory[: first.nbytes] = np.frombuffer(first.tobytes(), np.uint8)
            memory[begin : begin + second.nbytes] = np.frombuffer(second.tobytes(), np.uint8)
            shared = {
                key: memory[: first.nbytes].view(first.dtype).reshape(first.shape),
                other: memory[begin : begin + second.nbytes].view(second.dtype).reshape(second.shape),
            }
            with pytest.raises(ValueError, match=REFUSED):
                call.function(**call.good | shared)


def test_a_cell_without_an_inner_state_is_given_none() -> None:
    call = forward_call()
    plain = call.good | {"layers": [layer("gru")], "keep": False}
    for name in ("cell", "final_cell"):
        other = {"cell": None, "final_cell": None} | {name: call.good[name]}
        with pytest.raises(ValueError, match="inner state"):
            call.function(**plain | other)


def test_directions_of_two_instruction_sets_are_refused() -> None:
    packed = []
    for name in ("portable", FOUND.name):
        compiled.choose(name)
        packed.append(layer())
    good = {"places": ragged(OFFSETS), "values": floats(6, INPUTS), "outputs": floats(6, 2 * HIDDEN)}
    if FOUND.name != "portable":
        with pytest.raises(ValueError, match="instruction sets"):
            compiled.forward(layers=packed, **good, keep=False, threads=1)


@pytest.mark.parametrize("wrong", [-1, 6, 2**31 - 1])
def test_rows_out_of_range_are_refused(wrong: int) -> None:
    call = forward_call()
    rows = np.full(6, wrong, np.int32)
    with pytest.raises(ValueError, match="rows: found"):
        call.function(**call.good | {"rows": rows})


def test_a_sweep_has_values_or_their_products_and_never_both_or_neither() -> None:
    call, packed = forward_call(), layer()
    rows, projected = np.zeros(6, np.int32), [np.zeros((6, packed.pitch), np.float32)]
    answers = call.good | {"keep": False, "rows": rows}
    for wrong in ({"projected": projected}, {"values": None}):
        with pytest.raises(ValueError, match="values: found"):
            call.function(**answers | wrong)
    assert call.function(**answers | {"values": None, "projected": projected}) is None


@pytest.mark.parametrize(("steps", "count"), [(2**62, 2), (2**63 - 1, 1), (2**40, 1)])
def test_a_grid_of_more_tokens_than_there_is_memory_allocates_nothing(steps: int, count: int) -> None:
    try:
        places = padded(steps, np.ones(count, np.int64))
    except ValueError:
        return
    for call in (forward_call(), gather_call()):
        with pytest.raises(ValueError, match=REFUSED):
            call.function(**call.good | {"places": places})


def test_sizes_and_threads_that_cannot_be_are_refused() -> None:
    for inputs, hidden in ((0, 4), (4, 0), (-1, 4), (2**20 + 1, 4), (4, 2**31 - 1)):
        with pytest.raises(ValueError, match=REFUSED):
            unpacked("gru", inputs=inputs, hidden=hidden)
    with pytest.raises(TypeError):
        unpacked("gru", inputs=2**40, hidden=4)
    for rounds, threads in ((-1, 1), (1, 0), (1, -3), (1, 2**30)):
        with pytest.raises(ValueError, match=REFUSED):
            compiled.peak_work(rounds, threads)
    for threads in (0, -5):  # as one
        call = forward_call()
        call.function(**call.good | {"threads": threads})


@pytest.mark.parametrize("wrong", [[0, 5, 3, 6], [1, 6], [], [0, -1]])
def test_offsets_that_do_not_climb_from_zero_are_refused(wrong: list[int]) -> None:
    with pytest.raises(ValueError, match=REFUSED):
        ragged(np.array(wrong, np.int64))


@pytest.mark.parametrize(("steps", "lengths"), [(3, [4]), (3, [-1]), (-1, [0]), (2**62, [1, 1, 1])])
def test_a_grid_that_cannot_be_is_refused(steps: int, lengths: list[int]) -> None:
    with pytest.raises(ValueError, match=REFUSED):
        padded(steps, np.array(lengths))


BAD: dict[str, dict[str, Any]] = {
    "too few values": {"values": floats(5, 3)},
    "too few inputs": {"values": floats(6, 2)},
    "columns apart": {"values": floats(6, 6)[:, ::2]},
    "rows on top of each other": {"values": np.lib.stride_tricks.as_strided(floats(8), (6, 3), (4, 4))},
    "rows turned round": {"values": floats(6, 3)[::-1]},
    "outputs too narrow": {"outputs": floats(6, 3)},
    "outputs too short": {"outputs": floats(5, 4)},
    "a state too few": {"hidden": floats(1, 1, 4)},
    "a state with gaps": {"hidden": floats(1, 2, 8)[:, :, :4]},
    "states of two directions": {"hidden": floats(2, 2, 4)},
    "no layer": {"layers": []},
    "three directions": {"layers": [layer(), layer(), layer()] if FOUND.library else []},
}


@pytest.mark.parametrize("wrong", BAD)
def test_nothing_is_touched_before_shapes_and_strides_are_right(wrong: str) -> None:
    good = {"values": floats(6, 3), "places": ragged(np.array([0, 2, 6])), "outputs": np.full((6, 4), 7, np.float32)}
    with pytest.raises(ValueError, match=REFUSED):
        compiled.forward(**({"layers": [layer()]} | good | BAD[wrong]), keep=False, threads=1)
    assert (good["outputs"] == 7).all()


def test_numbers_of_another_type_and_weights_never_packed_are_refused() -> None:
    places, outputs = ragged(np.array([0, 6])), floats(6, 4)
    with pytest.raises(TypeError):
        compiled.forward([layer()], places, values=np.zeros((6, 3)), outputs=outputs, keep=False, threads=1)
    with pytest.raises(TypeError):
        compiled.forward([layer()], places, values=floats(6, 3), outputs=np.zeros((6, 4)), keep=False, threads=1)
    with pytest.raises(RuntimeError, match="pack"):
        fresh = unpacked("gru", inputs=3, hidden=4)
        compiled.forward([fresh], places, values=floats(6, 3), outputs=outputs, keep=False, threads=1)
    good: dict[str, Any] = {"cell": "gru", "activation": "tanh", "precision": "bf16", "inputs": 3, "hidden": 4}
    good["reset_after"] = True
    wrong = [{"cell": "gruu"}, {"activation": "relu"}, {"precision": "fp8"}, {"inputs": 0}, {"hidden": -1}]
    wrong += [{"reset_after": False}, {"cell": "lstm", "precision": "float32", "reset_after": False}]
    for bad in wrong:
        with pytest.raises(ValueError, match="found"):
            compiled.layer(**(good | bad), reverse=False)
