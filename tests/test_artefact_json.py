"""The strict dialect of JSON.

Not here: what the values mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra.artefact import json_bytes as write_json
from recurra.artefact import parse_json as read_json
from recurra.errors import ArtefactError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "x.json:1:1: not JSON"),
        (b'{"a": 1,\n "b": }', "x.json:2:7: not JSON"),
        (b"{} {}", "not JSON: Extra data"),
        (b'{"a": 1, "a": 2}', "the key 'a' appears twice"),
        (b'[{"b": {"a": 1, "c": 0, "a": 1}}]', "the key 'a' appears twice"),
        (b"[NaN]", "NaN is not a JSON number"),
        (b"[-Infinity]", "-Infinity is not a JSON number"),
        (b"[1e999]", "beyond the range"),
        (b'["\xff"]', "not UTF-8 at byte 2"),
        (b'\xef\xbb\xbf{"a": 1}', "not JSON: Unexpected UTF-8 BOM"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b'["\\ud800"]', "half of a surrogate pair"),
        (b'{"\\udfff": 1}', "half of a surrogate pair"),
        (b"[" * 33 + b"]" * 33, "nested deeper than 32"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "nested deeper than 32"),
        (b"[" * 100_000, "nested deeper than 32"),
        (b'{"a":' * 100_000, "nested deeper than 32"),
        (b"9" * 40, "more than 128 bits"),
        (b"9" * 5000, "JSON refused"),
        (b"['a']", "not JSON"),
        (b'["a\nb"]', "not JSON"),
    ],
)
@pytest.mark.timeout(20)
def test_bytes_outside_the_dialect_are_refused_in_one_line(text: bytes, message: str) -> None:
    with pytest.raises(ArtefactError) as caught:
        read_json(text, file="x.json")
    assert message in str(caught.value)
    assert str(caught.value).startswith("x.json:")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        {"b": [1, 2.5, None, True, "ä\u2028\U0001f600"], "a": {"c": -0.0}},
        [[]] * 3,
        2**128 - 1,
        -(2**63),
        "plain",
        {"state": np.random.PCG64(3).state},
    ],
)
def test_plain_values_come_back_equal(value: Any) -> None:
    assert read_json(write_json(value, file="x"), file="x") == value


def test_thirty_two_levels_are_allowed() -> None:
    text = b"[" * 32 + b"]" * 32
    assert write_json(read_json(text, file="x"), file="x").count(b"[") == 32


def test_the_bytes_are_sorted_indented_utf8_with_a_final_newline() -> None:
    assert write_json({"b": ["ä"], "a": 1}, file="x") == '{\n  "a": 1,\n  "b": [\n    "ä"\n  ]\n}\n'.encode()


@pytest.mark.parametrize(
    "value",
    [(1, 2), {1: 2}, {"a": float("nan")}, np.ones(2), {"a": {1, 2}}, np.float32(1.5), "\ud800", 2**200, b"x"],
)
def test_values_that_json_would_change_are_not_written(value: Any) -> None:
    with pytest.raises(ArtefactError, match=r"^model/x\.json: "):
        write_json({"value": value}, file="model/x.json")


@pytest.mark.timeout(60)
def test_hundreds_of_thousands_of_members_are_read() -> None:
    text = b'{"a":[' + b"{}," * 300_000 + b"{}]}"
    assert len(read_json(text, file="x")["a"]) == 300_001
