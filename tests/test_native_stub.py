"""src/recurra/_native.pyi says what the compiled module binds, as mypy and editors read it.

The build writes it beside the module (native/CMakeLists.txt); the copy in src/ serves where nothing was built. Not
here: what the functions do.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import recurra
from recurra.engine.native import engine

LIBRARY = engine().library


@pytest.mark.skipif(LIBRARY is None, reason="the native engine was not built here")
def test_the_stub_in_the_source_is_what_the_build_writes() -> None:
    from nanobind.stubgen import StubGen

    assert LIBRARY is not None
    writing = StubGen(LIBRARY)
    writing.put(LIBRARY)
    stub = Path(recurra.__file__).parent / "_native.pyi"
    assert writing.get().replace(LIBRARY.__name__, "_native") == stub.read_text(encoding="utf-8")
