"""Sentences of tokens with a tag for each: as callers give them, and as a tagger learns from them.

Not here: files of them (datasets/conll.py), schemes (text/spans.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.errors import DataError, UsageError
from recurra.tasks.inputs.texts import column_of
from recurra.text.encoder import TextEncoder
from recurra.text.spans import Scheme, scheme_of, written


@dataclass(frozen=True)
class TaggedRows:
    """Sentences with their tags, and where a reader finds them."""

    tokens: list[list[str]]
    tags: list[list[str]]
    lines: Sequence[int] = ()
    """The physical line of each; empty where they came from no file."""
    groups: Sequence[int] | None = None
    """The document of each, where there are documents."""
    columns: tuple[str, str] = ("", "")
    """The columns of tokens and tags, as they were asked for."""

    def at(self, rows: Sequence[int] | NDArray[np.int64]) -> TaggedRows:
        """Take some sentences."""
        lines = [self.lines[row] for row in rows] if self.lines else ()
        groups = [self.groups[row] for row in rows] if self.groups is not None else None
        return TaggedRows(
            [self.tokens[row] for row in rows], [self.tags[row] for row in rows], lines, groups, self.columns
        )

    def in_scheme(self, scheme: Scheme) -> TaggedRows:
        """Write all tags in one scheme; tags that stand for themselves are no spans, and stay as they are."""
        if scheme_of(self.tags) == "plain":
            return self
        tags = [written(each, scheme) for each in self.tags]
        return TaggedRows(self.tokens, tags, self.lines, self.groups, self.columns)


@dataclass(frozen=True)
class TaggedParts:
    """What the head learns from and chooses by."""

    tags: tuple[str, ...]
    scheme: Scheme
    train: TaggedRows
    validation: TaggedRows | None
    encoder: TextEncoder
    columns: tuple[str, str]


def sentences_of(values: Any, what: str = "sentences", *, each: str = "token") -> list[list[str]]:
    """Return sentences as lists of texts.

    Raises UsageError for what is no list of lists, DataError that names the sentence, from 1, whose token is no text.
    """
    kept = []
    for row, value in enumerate(column_of(values, what), 1):
        if isinstance(value, str | bytes):
            advice = f"write ['{'Ada' if each == 'token' else 'O'}', …] for each sentence"
            raise UsageError(f"{what} must be lists of {each}s", found=f"a text in row {row}", advice=advice)
        cells = column_of(value, f"row {row} of {what}")
        for place, cell in enumerate(cells, 1):
            if not isinstance(cell, str) or not cell.strip():
                found = repr(cell)[:60] if isinstance(cell, str) else type(cell).__name__
                raise DataError(f"row {row}: {each} {place} is none", found=found, allowed="a text that is not blank")
        kept.append(cells)
    return kept


def tagged_of(sentences: Any, tags: Any) -> TaggedRows:
    """Return sentences with their tags; raises DataError where they differ in number, naming the row."""
    tokens, given = sentences_of(sentences), sentences_of(tags, "tags", each="tag")
    if len(tokens) != len(given):
        found = f"{len(tokens)} sentences, {len(given)} rows of tags"
        raise DataError("sentences and tags differ in number", found=found)
    for row, (words, names) in enumerate(zip(tokens, given, strict=True), 1):
        if len(words) != len(names):
            found = f"{len(words)} tokens, {len(names)} tags"
            raise DataError(f"row {row}: tokens and tags differ in number", found=found)
    return TaggedRows(tokens, given)
