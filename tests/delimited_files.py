"""Delimited files for tests: written, read as texts, refused.

Not here: tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recurra.datasets.texts import TextTable, read_texts
from recurra.errors import DataError


def write(folder: Path, text: str, name: str = "t.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def read(folder: Path, text: str, name: str = "t.csv", /, **options: Any) -> TextTable:
    return read_texts(write(folder, text, name), **options)


def refused(folder: Path, text: str, name: str = "t.csv", /, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(folder, text, name, **options)
    return str(caught.value).removeprefix(f"{folder / name}:")
