"""Whose figures these are: the processor and its engine as a file's name, and the one that the pages speak of.

Not here: measuring, and rendering. Figures of two processors never meet in one file: ratios of one say nothing about
the other's.
"""

from __future__ import annotations

import re
from pathlib import Path

from recurra.engine.native import engine
from recurra.engine.processors import processor_name

MAIN = "amd-epyc-avx512_bf16"
"""The processor of the pages' long tables and of the map; the others stand beside it in a short one."""

EMPTY = re.compile(r"\((r|tm)\)|\bcpu\b|\bprocessor\b|@.*", re.IGNORECASE)
"""What a processor's name says beside the name."""


def slug(name: str, engine_name: str) -> str:
    """A file's name, such as `amd-epyc-avx512_bf16`, of a processor's name and the engine on it."""
    words = re.findall(r"[a-z0-9]+", EMPTY.sub(" ", name).lower())
    return "-".join((*words, engine_name))


def here() -> str:
    """The name of this processor with the engine in use, both as `recurra doctor` tells them."""
    return slug(processor_name(), engine().name)


def measured(results: Path, what: str) -> list[str]:
    """The processors whose figures of this kind there are, the main one first."""
    found = sorted(path.stem for path in (results / what).glob("*.json"))
    return sorted(found, key=lambda name: name != MAIN)
