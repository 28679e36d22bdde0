"""Texts without labels, as the head takes them. Not here: learning from them (learn.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recurra.layers.layer import TokenIds


@dataclass(frozen=True)
class Unlabelled:
    """Texts without labels, by an encoder's words."""

    texts: Sequence[TokenIds]
