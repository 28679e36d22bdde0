"""Hostile headers of the tensors' file, under a manifest that fits: each is refused (also under `python -O`).

Not here: damage that the manifest finds (test_artefact_damage.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artefact_examples import refuse, saved, seal, with_header


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"PK\x03\x04" + bytes(60), "a zip archive"),
        (b"\x80\x02}q\x00X\x05" + bytes(60), "a pickle"),
        (b"\x80\x04\x95\x10\x00\x00\x00" + bytes(60), "a pickle"),
        (b"\x89HDF\r\n\x1a\n" + bytes(60), "an HDF5 file"),
        (b"\x93NUMPY\x01\x00" + bytes(60), "a NumPy array"),
        (b"\x1f\x8b\x08\x00\x01\x02\x03\x04" + bytes(60), "a gzip file"),
    ],
)
def test_files_of_other_tools_under_the_name_of_weights_are_named(tmp_path: Path, data: bytes, kind: str) -> None:
    folder = saved(tmp_path / "model")
    (folder / "weights.safetensors").write_bytes(data)
    seal(folder)
    refuse(folder, f"not safetensors but {kind}")


@pytest.mark.parametrize("length", range(8))
def test_weights_of_fewer_than_eight_bytes_are_refused(tmp_path: Path, length: int) -> None:
    folder = saved(tmp_path / "model")
    (folder / "weights.safetensors").write_bytes(bytes(length))
    seal(folder)
    refuse(folder, r"weights\.safetensors: not safetensors: the header's length is wrong")


@pytest.mark.parametrize("length", [0, 1, 3, 2**20 + 1, 2**31, 2**63, 2**64 - 1])
def test_a_header_that_claims_a_wrong_length_is_refused(tmp_path: Path, length: int) -> None:
    folder = saved(tmp_path / "model")
    with_header(folder, b"{}", length=length)
    refuse(folder, "the header's length is wrong")


MANY = b"{" + b",".join(b'"%x":{}' % number for number in range(90_000)) + b"}"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"not JSON at all", "no JSON object"),
        (b"[1, 2]", "no JSON object"),
        (b' {"a": 1}', "no JSON object"),
        (b'{"a": ', "not JSON"),
        (b'{"\xff": 1}', "not UTF-8"),
        (b'{"a":' * 100_000, "nested deeper"),
        (MANY, "too many tensors; found 90,000"),
        (b'{"a": 1, "a": 2}', "the key 'a' appears twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": ' + b"9" * 5000 + b"}", "JSON refused"),
        (b'{"__metadata__": {"format": "pt"}}', "name is not plain"),
        (b"{}", "tensor dense.bias is missing"),
    ],
)
def test_headers_that_are_no_list_of_tensors_are_refused(tmp_path: Path, header: bytes, message: str) -> None:
    folder = saved(tmp_path / "model")
    with_header(folder, header)
    refuse(folder, message)


def header_of(folder: Path) -> tuple[dict[str, Any], bytes]:
    data = (folder / "weights.safetensors").read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:start]), data[start:]


def offset(entry: dict[str, Any], begin: int, end: int) -> None:
    entry["data_offsets"] = [entry["data_offsets"][0] + begin, entry["data_offsets"][1] + end]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda entry: offset(entry, -4, -4), "overlaps another or leaves a hole|offsets refused"),
        (lambda entry: offset(entry, 4, 4), "overlaps another or leaves a hole"),
        (lambda entry: offset(entry, 0, 4), "offsets do not fit the shape"),
        (lambda entry: entry.update(data_offsets=[-8, 0]), "offsets refused"),
        (lambda entry: entry.update(data_offsets=[8, 0]), "offsets do not fit"),
        (lambda entry: entry.update(data_offsets=[2**63, 2**63 + 8]), "offsets refused"),
        (lambda entry: entry.update(data_offsets=[2**62, 2**62 + 8]), "overlaps another or leaves a hole"),
        (lambda entry: entry.update(data_offsets=[0]), "offsets refused"),
        (lambda entry: entry.update(data_offsets=[0.0, 8.0]), "offsets refused"),
        (lambda entry: entry.update(data_offsets=[False, True]), "offsets refused"),
        (lambda entry: entry.update(data_offsets="ab"), "offsets refused"),
        (lambda entry: entry.update(shape=[2**40, 0], data_offsets=[0, 0]), "shape refused"),
        (lambda entry: entry.update(shape=[2**30, 0], data_offsets=[0, 0]), "leaves a hole"),
        (lambda entry: entry.update(shape=[1] * 9 + [2]), "shape refused"),
        (lambda entry: entry.update(shape=[1] * 65 + [2]), "shape refused"),
        (lambda entry: entry.update(shape=[-1, -2]), "shape refused"),
        (lambda entry: entry.update(shape=[2.0]), "shape refused"),
        (lambda entry: entry.update(shape=[True, 2]), "shape refused"),
        (lambda entry: entry.update(shape=None), "shape refused"),
        (lambda entry: entry.update(shape=[1, 2]), "wrong shape; found .1, 2.; allowed: .2,."),
        (lambda entry: entry.update(dtype="BOOL"), "type refused; found BOOL; allowed: F32, BF16"),
        (lambda entry: entry.update(dtype="F8_E4M3"), "type refused"),
        (lambda entry: entry.update(dtype="F64"), "type refused"),
        (lambda entry: entry.update(dtype=["F32"]), "type refused"),
        (lambda entry: entry.update(dtype="BF16"), "offsets do not fit the shape"),
        (lambda entry: entry.update(comment="hello"), "needs dtype, shape and data_offsets"),
        (lambda entry: entry.pop("dtype"), "needs dtype, shape and data_offsets"),
    ],
)
def test_a_tensor_whose_claims_do_not_fit_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    folder = saved(tmp_path / "model")
    header, values = header_of(folder)
    change(header["dense.bias"])
    with_header(folder, json.dumps(header).encode(), values)
    refuse(folder, message)


def test_bytes_after_the_last_tensor_are_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")
    header, values = header_of(folder)
    with_header(folder, json.dumps(header).encode(), values + b"\x00")
    refuse(folder, "the tensors do not fill the file")


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "", "x" * 1_000_000, "a\nb", "\x1b[31m", "ä", "a b"])
def test_tensors_with_hostile_names_are_refused(tmp_path: Path, name: str) -> None:
    folder = saved(tmp_path / "model")
    header, values = header_of(folder)
    header[name] = header.pop("dense.bias")
    with_header(folder, json.dumps(header).encode(), values)
    refuse(folder, "name is not plain")


def test_a_tensor_that_the_model_has_not_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model")
    header, values = header_of(folder)
    header["surprise"] = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    with_header(folder, json.dumps(header).encode(), values)
    refuse(folder, "tensor surprise is not of this model")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused_by_name(tmp_path: Path, value: float) -> None:
    folder = saved(tmp_path / "model")
    header, values = header_of(folder)
    begin = header["recurrent.bias_hh_l0"]["data_offsets"][0]
    values = values[:begin] + np.array([value], "<f4").tobytes() + values[begin + 4 :]
    with_header(folder, json.dumps(header).encode(), values)
    refuse(folder, r"weights\.safetensors: tensor recurrent\.bias_hh_l0 holds values that are not finite")
