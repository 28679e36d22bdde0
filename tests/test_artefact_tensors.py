"""The bytes of the tensors' file.

Not here: folders, manifests and hostile headers inside whole artefacts (test_artefact_attacks.py).
"""

from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors.numpy

from recurra.artefact.tensors import NUMBERS, WEIGHTS, from_bfloat16, pack, refuse_infinite, to_bfloat16, unpack
from recurra.errors import ArtefactError


def numbers() -> dict[str, np.ndarray]:
    """Arrays of every type a checkpoint holds, of odd shapes and layouts."""
    random = np.random.default_rng(7)
    arrays = {name: (random.random((3, 5)) * 100).astype(dtype) for name, dtype in NUMBERS.items()}
    arrays["BOOL"] = random.random((3, 5)) < 0.5
    arrays["scalar"] = np.array(2.5)
    arrays["nothing"] = np.zeros((0, 4), np.float32)
    arrays["turned"] = np.asfortranarray(random.random((4, 3)))
    arrays["stepped"] = np.arange(20)[::3]
    return arrays


def test_the_bytes_of_a_small_file_are_exactly_these() -> None:
    tensors: dict[str, np.ndarray] = {"b": np.array([1.0, -2.0], np.float32), "a": np.array([[0x3F80]], np.uint16)}
    header = (
        b'{"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},'
        b'"a":{"dtype":"BF16","shape":[1,1],"data_offsets":[8,10]}} '
    )
    wanted = len(header).to_bytes(8, "little") + header + b"\x00\x00\x80\x3f\x00\x00\x00\xc0" + b"\x80\x3f"
    assert len(header) % 8 == 0
    assert pack(tensors, dtypes=WEIGHTS, file="w") == wanted


def test_every_type_shape_and_layout_comes_back_equal() -> None:
    arrays = numbers()
    back = unpack(pack(arrays, dtypes=NUMBERS, file="w"), dtypes=NUMBERS, file="w")
    assert list(back) == sorted(arrays)
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        assert back[name].shape == array.shape
        np.testing.assert_array_equal(back[name], array)


def test_big_endian_arrays_are_written_little_endian() -> None:
    array = np.array([1.5, -3.0], ">f8")
    back = unpack(pack({"x": array}, dtypes=NUMBERS, file="w"), dtypes=NUMBERS, file="w")
    np.testing.assert_array_equal(back["x"], array)
    assert back["x"].dtype.str == "<f8"


def test_the_safetensors_library_reads_what_is_written_here() -> None:
    arrays = numbers()
    back = safetensors.numpy.load(pack(arrays, dtypes=NUMBERS, file="w"))
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)


def test_what_the_safetensors_library_writes_is_read_here() -> None:
    arrays = {name: np.ascontiguousarray(array) for name, array in numbers().items()}
    back = unpack(safetensors.numpy.save(arrays), dtypes=NUMBERS, file="w")
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array.reshape(back[name].shape))


def test_the_order_of_the_dictionary_does_not_change_the_bytes() -> None:
    arrays = numbers()
    turned = dict(reversed(arrays.items()))
    assert pack(arrays, dtypes=NUMBERS, file="w") == pack(turned, dtypes=NUMBERS, file="w")


def test_arrays_read_from_a_bytearray_can_be_written_to() -> None:
    data = bytearray(pack({"x": np.zeros(3, np.float32)}, dtypes=WEIGHTS, file="w"))
    back = unpack(data, dtypes=WEIGHTS, file="w")
    back["x"][1] = 4.0
    assert back["x"].tolist() == [0.0, 4.0, 0.0]


def test_values_that_lie_unaligned_in_the_file_are_copied_into_place() -> None:
    header = b'{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} '
    assert len(header) % 4
    data = bytearray(len(header).to_bytes(8, "little") + header + np.array([1, 2], "<f4").tobytes())
    back = unpack(data, dtypes=WEIGHTS, file="w")
    assert back["x"].flags.aligned
    assert back["x"].tolist() == [1.0, 2.0]


def test_truth_values_other_than_nought_and_one_become_true() -> None:
    header = b'{"x":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}}'
    back = unpack(len(header).to_bytes(8, "little") + header + b"\x00\x01\xfe", dtypes=NUMBERS, file="w")
    assert back["x"].view(np.uint8).tolist() == [0, 1, 1]


def test_bfloat16_rounds_to_nearest_with_ties_to_even() -> None:
    step = 2.0**-7
    values = np.array([1.0, 1 + step / 2, 1 + 1.5 * step, 1 + 0.51 * step, -1 - step / 4], np.float32)
    wanted = [1.0, 1.0, 1 + 2 * step, 1 + step, -1.0]
    assert from_bfloat16(to_bfloat16(values)).tolist() == wanted


def test_bfloat16_keeps_what_is_not_finite_not_finite() -> None:
    bits = np.array([0x7FFFFFFF, 0xFFFFFFFF, 0x7F800000, 0x7F7FFFFF], np.uint32)
    back = from_bfloat16(to_bfloat16(bits.view(np.float32)))
    assert np.isnan(back[:2]).all()
    assert np.isinf(back[2:]).all()


def test_every_bfloat16_survives_widening_and_narrowing() -> None:
    bits = np.arange(65536, dtype=np.uint32).astype(np.uint16)
    finite = bits[(bits & 0x7F80) != 0x7F80]
    np.testing.assert_array_equal(to_bfloat16(from_bfloat16(finite)), finite)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_tensor_that_is_not_finite_is_named(value: float) -> None:
    good, bad = np.ones(4, np.float32), np.array([1, value, 3], np.float32)
    with pytest.raises(ArtefactError, match=r"tensor bad .*found 1 of 3"):
        refuse_infinite({"good": good, "bad": bad}, file="w")
    with pytest.raises(ArtefactError, match=r"tensor bad .*found 1 of 3"):
        refuse_infinite({"good": to_bfloat16(good), "bad": to_bfloat16(bad)}, file="w")


@pytest.mark.parametrize("dtype", ["f8", "f2", "i8", "?", "c8", "O", "U3"])
def test_weights_of_other_types_are_not_saved(dtype: str) -> None:
    with pytest.raises(ArtefactError, match="type that cannot be saved"):
        pack({"x": np.zeros(2, dtype)}, dtypes=WEIGHTS, file="w")


@pytest.mark.parametrize("name", ["", "../x", "a b", "ä", "__metadata__", "x" * 201, "a\n"])
def test_tensors_with_odd_names_are_not_saved(name: str) -> None:
    with pytest.raises(ArtefactError, match="name is not plain"):
        pack({name: np.zeros(2, np.float32)}, dtypes=WEIGHTS, file="w")


def test_more_tensors_than_can_be_read_are_not_saved() -> None:
    with pytest.raises(ArtefactError, match="too many tensors"):
        pack({f"t{number}": np.zeros(0, np.float32) for number in range(10_001)}, dtypes=WEIGHTS, file="w")


def test_the_header_is_padded_with_spaces_to_eight_bytes() -> None:
    for length in range(1, 17):
        data = pack({"n" * length: np.zeros(1, np.float32)}, dtypes=WEIGHTS, file="w")
        size = int.from_bytes(data[:8], "little")
        assert size % 8 == 0
        assert json.loads(data[8 : 8 + size].rstrip(b" "))
