"""Whatever stands in the place of an array, the engine refuses it in one line; the process lives, no array is written.

Not here: arrays of the right numbers but another shape, layout or memory (test_native_refusals.py).
"""

from __future__ import annotations

import array
import ctypes
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from native_calls import CALLS, REFUSED, Array, floats
from native_loose_calls import LOOSE_CALLS
from recurra.engine.native import compiled, engine

FOUND = engine()
pytestmark = pytest.mark.skipif(FOUND.library is None, reason="the native engine was not built here")
ALL = CALLS | LOOSE_CALLS
C_NUMBERS = {"float32": ctypes.c_float, "int64": ctypes.c_int64, "int32": ctypes.c_int32}


class Nothing(ctypes.Structure):
    """An item without a size."""


class Liar:
    """It has an array's names, and no array."""

    dtype, shape = "\ud800", (3,)

    def __dlpack__(self, **_: Any) -> Any:
        raise RuntimeError("not today")


def c_numbers(like: Array) -> Any:
    kind: Any = C_NUMBERS[like.dtype.name]
    for size in reversed(like.shape):
        kind = kind * size
    return kind()


# Each makes something of the shape of an array, or nothing like it. The first six have ended the process.
WRONG: dict[str, Callable[[Array], Any]] = {
    "a date": lambda _: np.datetime64("2024-01-01"),
    "a span of time": lambda _: np.timedelta64(3, "D"),
    "no time": lambda _: np.datetime64("NaT"),
    "C's numbers": c_numbers,
    "C's items of no size": lambda _: (Nothing * 3)(),
    "items of no size": lambda _: memoryview((Nothing * 3)()),
    "dates": lambda like: np.zeros(like.shape, "M8[D]"),
    "spans of time": lambda like: np.zeros(like.shape, "m8[D]"),
    "objects": lambda like: like.astype(object),
    "records": lambda like: np.zeros(like.shape, [("a", like.dtype)]),
    "records without fields": lambda like: np.zeros(like.shape, []),
    "strings": lambda like: like.astype(str),
    "one number": lambda like: like.flat[0],
    "half precision": lambda like: like.astype(np.float16),
    "complex numbers": lambda like: like.astype(np.complex64),
    "truths": lambda like: like.astype(bool),
    "numbers without a sign": lambda like: like.astype(f"u{like.itemsize}"),
    "long numbers": lambda like: like.astype(np.longdouble),
    "bytes": lambda like: like.tobytes(),
    "a text": lambda _: "values",
    "a huge number": lambda _: 2**70,
    "a broken number": lambda _: 1.5,
    "a type": lambda _: np.ndarray,
    "a liar": lambda _: Liar(),
}


@pytest.mark.parametrize("name", ALL)
def test_what_is_no_array_of_the_right_numbers_is_refused_and_nothing_is_written(name: str) -> None:
    call = ALL[name]()
    before = {key: call.good[key].copy() for key in call.written}
    for key, value in call.good.items():
        for how, wrong in WRONG.items() if isinstance(value, np.ndarray) else ():
            with pytest.raises((ValueError, TypeError), match=REFUSED) as caught:
                call.function(**call.good | {key: wrong(value)})
            assert len(str(caught.value).splitlines()) == 1, (key, how)
            assert all(np.array_equal(call.good[one], before[one]) for one in call.written), (key, how)


@pytest.mark.parametrize("name", ALL)
def test_none_leaves_an_array_out_or_is_refused(name: str) -> None:
    for key in ALL[name]().good:
        call = ALL[name]()
        with suppress(ValueError, TypeError):
            call.function(**call.good | {key: None})


def test_every_function_that_takes_an_array_is_called_here() -> None:
    stub = (Path(recurra.__file__).parent / "_native.pyi").read_text(encoding="utf-8")
    taking = {name for name, given in re.findall(r"def (\w+)\((.*)\) ->", stub) if "NDArray" in given}
    called = {"pack", "reads_words", "knows_products", "dense", "convolution"} | {name.split(" of ")[0] for name in ALL}
    assert taking <= called, "write its call in native_loose_calls.py"


def test_buffers_that_tell_what_they_are_are_taken_as_arrays() -> None:
    values, results = floats(9), np.empty(9, np.float32)
    values.flags.writeable = False
    for given in (values, memoryview(values), array.array("f", values.tobytes()), memoryview(c_numbers(values))):
        compiled.activate("tanh", precision="float32", values=given, into=results)
        np.testing.assert_allclose(results, np.tanh(np.asarray(given)), rtol=1e-6)
