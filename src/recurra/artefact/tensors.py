"""Named arrays <-> the bytes of a safetensors file, every claim of the header checked before an array is made.

Not here: files, and what the arrays are for. Format: 8 bytes length, little-endian; a JSON header; the raw values.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.artefact.foreign import kind_of
from recurra.artefact.reading import parse_json
from recurra.errors import ArtefactError, Place
from recurra.layers.layer import Shapes

WEIGHTS: dict[str, str] = {"F32": "<f4", "BF16": "<u2", "I8": "|i1"}
"""What an artefact may hold: float32, bfloat16 as its raw bits in uint16, and rows of int8 with a scale each."""

SCALE = ".scale"
"""Ends the name of the scales (rows,) of a matrix of int8."""
SMALLEST_ROUNDED = 4096
"""Values of a matrix that is worth rounding."""

NUMBERS: dict[str, str] = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
"""What a checkpoint may hold: NumPy's own types."""

FOREIGN: dict[str, str] = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4"}
"""What a file of another tool may hold: numbers that become float32, and counts, which no layer takes."""

LARGEST_HEADER = 1 << 20
"""Bytes of the JSON header, at most."""

# Bounds against a header that makes its reader work or allocate far beyond the file.
MOST_TENSORS = 10_000
MOST_RANK = 8
MOST_VALUES = 1 << 36

# Plain names only: they are shown in messages and become keys, never paths.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}")


@dataclass(frozen=True)
class Entry:
    """One tensor as the header tells it; `begin` and `end` count bytes after the header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def pack(tensors: Mapping[str, np.ndarray], *, dtypes: Mapping[str, str], file: str) -> bytes:
    """Write arrays as safetensors bytes; the same arrays always give the same bytes. Raises ArtefactError.

    Wide values come first and names are sorted within a width, so that every array is aligned to its values' size.
    """
    # Imported here: answering reads headers, and never writes one.
    import json

    names = {numpy_name: name for name, numpy_name in dtypes.items()}
    little = {name: _little(array, names, f"{file}: {name}") for name, array in tensors.items()}
    # Descending width keeps every array on a multiple of its item size without padding in between.
    order = sorted(little, key=lambda name: (-little[name].itemsize, name))
    header: dict[str, Any] = {}
    end = 0
    for name in order:
        begin, end = end, end + little[name].nbytes
        dtype = names[little[name].dtype.str]
        header[name] = {"dtype": dtype, "shape": list(little[name].shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    # The format pads the header with spaces, so that the values begin on a multiple of 8.
    text += b" " * (-len(text) % 8)
    head = len(text).to_bytes(8, "little") + text
    # What is written is checked as if it had been read: a file that could not be loaded is never made.
    read_header(head, length=len(head) + end, dtypes=dtypes, file=file)
    return head + b"".join(little[name].tobytes() for name in order)


def unpack(
    data: bytes | bytearray,
    *,
    dtypes: Mapping[str, str],
    file: str,
    expected: Shapes | None = None,
    noted: bool = False,
) -> dict[str, np.ndarray]:
    """Read safetensors bytes as arrays that share the memory of `data`, in sorted order. Raises ArtefactError.

    With `expected`, names and shapes must be exactly those. `noted`: the header may have notes of other tools, which
    are passed over.
    """
    entries = read_header(data, length=len(data), dtypes=dtypes, file=file, noted=noted)
    if expected is not None:
        scales = {f"{entry.name}{SCALE}": entry.shape[:1] for entry in entries if entry.dtype == "I8"}
        _check_expected(entries, {**expected, **scales}, file)
    start = 8 + int.from_bytes(data[:8], "little")
    return {entry.name: _array(data, entry, start=start, dtype=np.dtype(dtypes[entry.dtype])) for entry in entries}


def read_header(
    data: bytes | bytearray, *, length: int, dtypes: Mapping[str, str], file: str, noted: bool = False
) -> list[Entry]:
    """Read and check the header of a file of `length` bytes; the entries are sorted by name. Raises ArtefactError."""
    # The length comes from the file: it is compared with the file's own size before anything is done with it.
    size = int.from_bytes(data[:8], "little")
    if length < 8 or not 2 <= size <= min(LARGEST_HEADER, length - 8):
        # Most wrong files are of another tool; its name helps more than "wrong length".
        kind = kind_of(data)
        wrong = f"not safetensors but {kind}" if kind else "not safetensors: the header's length is wrong"
        raise _error(file, wrong, found=f"{size:,} in {length:,} bytes", allowed=f"2 to {LARGEST_HEADER:,}")
    # The format demands it; a header that begins with a space could hide what stands before it from other readers.
    if data[8:9] != b"{":
        raise _error(file, "not safetensors: the header is no JSON object")
    header = parse_json(data[8 : 8 + size], file=file)
    if noted:
        header.pop("__metadata__", None)
    if len(header) > MOST_TENSORS:
        raise _error(file, "too many tensors", found=f"{len(header):,}", allowed=f"{MOST_TENSORS:,}")
    entries = [_entry(name, claim, dtypes, file) for name, claim in header.items()]
    _check_offsets(entries, length - 8 - size, file)
    return sorted(entries, key=lambda entry: entry.name)


def refuse_infinite(tensors: Mapping[str, np.ndarray], *, file: str) -> None:
    """Raise ArtefactError naming the first tensor with a NaN or an infinity; uint16 is read as bfloat16."""
    for name, array in tensors.items():
        # bfloat16 has 8 exponent bits, 0x7F80; all of them set is an infinity or a NaN.
        finite = (array & 0x7F80) != 0x7F80 if array.dtype == np.uint16 else np.isfinite(array)
        if not finite.all():
            count = array.size - int(np.count_nonzero(finite))
            raise _error(file, f"tensor {name} holds values that are not finite", found=f"{count} of {array.size}")


def to_bfloat16(values: np.ndarray) -> np.ndarray:
    """Round float32 to the nearest bfloat16, ties to even; the raw bits as uint16, same shape."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    # Adding just under half of the last kept bit, and one more where that bit is odd, rounds ties to even.
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) >> 16
    # The sum above may carry a NaN into an infinity; 0x7FC0 is the usual quiet NaN.
    return np.where(np.isnan(values), np.uint32(0x7FC0), rounded).astype(np.uint16)


def from_bfloat16(bits: np.ndarray) -> np.ndarray:
    """Widen the raw bits of bfloat16 (uint16) to float32, exactly, same shape."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def rounded(tensors: Mapping[str, np.ndarray], parts: tuple[str, ...] = ("",)) -> dict[str, np.ndarray]:
    """Round each larger matrix to int8, each row by its own scale, the largest value 127; others stay float32.

    `parts` are beginnings of the names that are meant. What was rounded once is the same bits when it is rounded again.
    """
    held: dict[str, np.ndarray] = {}
    for name, values in tensors.items():
        if values.ndim != 2 or values.size < SMALLEST_ROUNDED or not name.startswith(parts):
            held[name] = values
            continue
        # A row of zeros keeps scale 1: 0 / 0 has no value.
        scale = np.abs(values).max(axis=1) / np.float32(127)
        # As bfloat16: the largest value is then 127 all the same, its product exact, and so is the way back.
        scale = from_bfloat16(to_bfloat16(scale))
        scale[scale == 0] = 1
        held[name] = np.rint(values / scale[:, None]).astype(np.int8)
        held[name + SCALE] = scale.astype(np.float32)
    return held


def widened(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Make float32 of what `rounded` gave, under the names it had before."""
    scales = {name + SCALE for name, values in tensors.items() if values.dtype == np.int8}
    return {
        name: values * tensors[name + SCALE][:, None] if values.dtype == np.int8 else values
        for name, values in tensors.items()
        if name not in scales
    }


def _little(array: np.ndarray, names: Mapping[str, str], place: str) -> np.ndarray:
    little = np.asarray(array)
    little = little.astype(little.dtype.newbyteorder("<"), copy=False)
    if little.dtype.str not in names:
        raise _error(place, "a tensor of a type that cannot be saved", found=str(array.dtype), allowed=_listed(names))
    return little


def _listed(names: Mapping[str, str]) -> str:
    return ", ".join(str(np.dtype(name)) for name in names)


def _entry(name: str, claim: Any, dtypes: Mapping[str, str], file: str) -> Entry:
    """Check one member of the header by itself."""
    # Metadata is free text of whoever wrote the file; ours has none, and what is not checked is not taken.
    if not NAME.fullmatch(name) or name == "__metadata__":
        raise _error(file, "a tensor's name is not plain", found=repr(name[:60]))
    if not isinstance(claim, dict) or claim.keys() != {"dtype", "shape", "data_offsets"}:
        raise _error(file, f"tensor {name[:60]}: the header needs dtype, shape and data_offsets, no more")
    dtype, shape, offsets = claim["dtype"], claim["shape"], claim["data_offsets"]
    if not isinstance(dtype, str) or dtype not in dtypes:
        raise _error(file, f"tensor {name[:60]}: type refused", found=str(dtype)[:20], allowed=", ".join(dtypes))
    # `n or 1`: a size of 0 must not hide another that is absurd.
    if not _counts(shape) or len(shape) > MOST_RANK or math.prod(n or 1 for n in shape) > MOST_VALUES:
        raise _error(file, f"tensor {name[:60]}: shape refused", found=str(shape)[:60], allowed="up to 8 sizes")
    if not _counts(offsets) or len(offsets) != 2:
        raise _error(file, f"tensor {name[:60]}: offsets refused", found=str(offsets)[:60])
    # Python's integers do not overflow, which is how other readers were fooled here.
    if offsets[1] - offsets[0] != math.prod(shape) * np.dtype(dtypes[dtype]).itemsize:
        raise _error(file, f"tensor {name[:60]}: offsets do not fit the shape", found=f"{offsets} for {shape}")
    return Entry(name, dtype, tuple(shape), offsets[0], offsets[1])


def _counts(value: Any) -> bool:
    # `type is int` leaves out true and false.
    return isinstance(value, list) and all(type(number) is int and 0 <= number < 2**63 for number in value)


def _check_offsets(entries: list[Entry], length: int, file: str) -> None:
    """The tensors must fill the data without overlap, hole or rest."""
    end = 0
    # Sorted by place, each tensor must begin where the one before ended: no overlap, no hole.
    for entry in sorted(entries, key=lambda entry: (entry.begin, entry.end)):
        if entry.begin != end:
            raise _error(file, f"tensor {entry.name}: overlaps another or leaves a hole", found=str(entry.begin))
        end = entry.end
    if end != length:
        raise _error(file, "the tensors do not fill the file", found=f"{length:,} bytes", allowed=f"{end:,}")


def _check_expected(entries: list[Entry], expected: Shapes, file: str) -> None:
    found = {entry.name: entry.shape for entry in entries}
    # Missing names first: an older model that lacks a layer is told so, not that it has too much.
    for name in sorted(expected.keys() - found.keys()):
        raise _error(file, f"tensor {name} is missing")
    for name in sorted(found.keys() - expected.keys()):
        raise _error(file, f"tensor {name[:60]} is not of this model")
    for name, shape in found.items():
        if shape != tuple(expected[name]):
            raise _error(file, f"tensor {name}: wrong shape", found=str(shape), allowed=str(tuple(expected[name])))


def _array(data: bytes | bytearray, entry: Entry, *, start: int, dtype: np.dtype) -> np.ndarray:
    values = np.frombuffer(data, dtype=np.uint8)[start + entry.begin : start + entry.end]
    if dtype == np.bool_:
        # NumPy's truth values must be 0 or 1 in memory, so foreign bytes are compared, not viewed.
        values = np.not_equal(values, 0)
    array: np.ndarray = values.view(dtype).reshape(entry.shape)
    # Another program's header may leave the values unaligned, which compiled kernels must not be given.
    return np.require(array, requirements="A")


def _error(file: str, wrong: str, *, found: str = "", allowed: str = "") -> ArtefactError:
    advice = "save it again with the program that wrote it"
    return ArtefactError(wrong, place=Place(file), found=found, allowed=allowed, advice=advice)
