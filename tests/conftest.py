"""What several test files are given.

Not here: examples that only some of them build (small_models.py, small_tasks.py and their like).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from recurra.engine.native import engine

FOUND = engine()


@pytest.fixture(params=FOUND.available or ["none"])
def instructions(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set this processor runs, in turn."""
    library: Any = FOUND.library
    assert library.choose(request.param)
    yield request.param
    library.choose(FOUND.name)


def pytest_collection_finish() -> None:
    """Let the garbage collector look through what stays less often: torch's modules alone take it 0.2 s a time."""
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, 100)
