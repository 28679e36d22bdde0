"""The functions that a written net calls, read from parts.c: those that are named, and those that they call.

Not here: the functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PARTS = Path(__file__).parent / "parts.c"


@cache
def _parts() -> dict[str, tuple[tuple[str, ...], str]]:
    """Each function with the names of those that it calls, and its text."""
    # Each begins with /*: name | names */.
    found = re.split(r"/\*: (\w+) \|([\w ]*)\*/\n", PARTS.read_text("utf-8"))[1:]
    return {name: ((*calls.split(),), text.strip()) for name, calls, text in zip(*[iter(found)] * 3, strict=True)}


def functions(names: Iterable[str]) -> str:
    """Return the functions in C, each behind those that it calls. One that nobody calls would be a warning."""
    parts = _parts()
    wanted = {*names}
    # In the file a function stands behind those it calls: one walk from its end finds them all.
    for name in reversed(parts):
        wanted |= {*parts[name][0]} if name in wanted else set()
    return "\n\n".join(text for name, (_, text) in parts.items() if name in wanted)
