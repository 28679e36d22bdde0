"""JSON in one strict dialect: UTF-8, no duplicate keys, no NaN, no infinity, bounded depth and integers.

Not here: what the values mean. The same value always gives the same bytes: keys are sorted.
"""

from __future__ import annotations

import json
import math
from typing import Any

from recurra.errors import ArtefactError, Place

DEPTH = 32
"""Lists and objects inside each other, at most."""

BITS = 128
"""Bits of an integer, at most: the state of a random generator (PCG64) just fits."""


def read_json(data: bytes | bytearray, *, file: str) -> Any:
    """Parse bytes as strict JSON; `file` is what the message names. Raises ArtefactError."""
    try:
        value = json.loads(str(data, "utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant)
        _check(value)
    except json.JSONDecodeError as problem:
        raise _error(Place(file, problem.lineno, problem.colno), f"not JSON: {problem.msg}") from None
    except UnicodeDecodeError as problem:
        raise _error(Place(file), f"not UTF-8 at byte {problem.start}") from None
    except RecursionError:
        raise _error(Place(file), f"JSON nested deeper than {DEPTH} levels") from None
    except ValueError as problem:
        raise _error(Place(file), f"JSON refused: {problem}") from None
    return value


def write_json(value: Any, *, file: str) -> bytes:
    """Write plain JSON as sorted, indented UTF-8 with a final newline.

    Raises ArtefactError for what would not read back the same: tuples, keys that are not texts, NumPy arrays and NaN
    are refused, not converted.
    """
    try:
        data = json.dumps(value, allow_nan=False, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as problem:
        raise _error(Place(file), f"cannot be written as JSON: {problem}") from None
    if read_json(data, file=file) != value:
        raise _error(Place(file), "holds values that JSON would change, such as tuples or keys that are not texts")
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in members if names.count(name) > 1)
        raise ValueError(f"the key {repeated[:60]!r} appears twice")
    return members


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _check(value: Any) -> None:
    """Walk the levels one by one, not by recursion, so that depth cannot exhaust the stack."""
    level = [value]
    for _ in range(DEPTH + 1):
        if not level:
            return
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += item.keys()
                below += item.values()
            elif isinstance(item, list):
                below += item
            else:
                _check_plain(item)
        level = below
    raise ValueError(f"nested deeper than {DEPTH} levels")


def _check_plain(item: Any) -> None:
    if isinstance(item, str):
        if not item.isascii():
            _check_text(item)
    elif isinstance(item, float):
        if not math.isfinite(item):
            raise ValueError("a number beyond the range of float64")
    elif isinstance(item, int) and item.bit_length() > BITS:
        raise ValueError(f"an integer of more than {BITS} bits")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair") from None


def _error(place: Place, wrong: str) -> ArtefactError:
    return ArtefactError(wrong, place=place, advice="save the model again with Recurra")
