"""Text made safe to stand in HTML, and numbers as they are printed.

Not here: what a block or a page looks like.
"""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Sequence

from recurra.errors import UsageError

SPACES = frozenset(" \u00a0\u2002\u2009\u202f\u3000")
"""Spaces that are shown as they are; every other character that does not print is shown by its code."""

MOST_MARKS = 8
"""Combining marks shown in a row; more would be stacked over the neighbouring lines."""

Cell = str | int | float | None


def visible(text: str, keep: str = "\n") -> str:
    """Show what cannot be seen: control, bidi, zero-width and unpaired characters become `\\u202e` and the like."""
    if text.isascii() and text.isprintable():
        return text
    shown = (item if item.isprintable() or item in SPACES or item in keep else ascii(item)[1:-1] for item in text)
    return _few_marks("".join(shown))


def _few_marks(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def escaped(text: str, keep: str = "\n") -> str:
    """Return the text fit for HTML content and for attribute values in double quotes."""
    return html.escape(visible(text, keep), quote=True)


def prose(text: str) -> str:
    """Return running text for HTML; a part between two backquotes is set as code."""
    parts = re.split(r"`([^`\n]+)`", text)
    return "".join(f"<code>{escaped(part)}</code>" if odd % 2 else escaped(part) for odd, part in enumerate(parts))


def anchor_of(text: str) -> str:
    """Return a fragment identifier for a title: lower-case letters, digits and hyphens."""
    slug = "-".join(re.findall(r"[a-z0-9]+", text.lower()))
    return slug or "section"


def number(value: int | float, decimals: int | None = None) -> str:
    """Write a number with a real minus sign; whole numbers of five digits and more get thin spaces.

    Without `decimals` a float keeps four significant digits. What is not finite is written as a dash or as infinity.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and not math.isfinite(value):
        return "—" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    return _written(value, decimals).replace("-", "−")


def _written(value: int | float, decimals: int | None) -> str:
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f") if abs(value) >= 10_000 else str(value)
    if decimals is not None:
        return f"{value:.{decimals}f}"
    if value and not 1e-4 <= abs(value) < 1e6:
        digits, _, power = f"{value:.2e}".partition("e")
        return f"{digits} × 10^{int(power)}"
    if not value:
        return "0"
    places = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if places else text


def decimals_of(column: Sequence[Cell]) -> int | None:
    """Choose one count of decimals for a column of floats, so that their points stand under one another."""
    sizes = [abs(cell) for cell in column if isinstance(cell, float) and math.isfinite(cell) and cell]
    if not sizes or max(sizes) >= 1e6 or max(sizes) / min(sizes) > 1e4 or max(sizes) < 1e-4:
        return None
    places = min(6, max(0, 3 - math.floor(math.log10(max(sizes)))))
    while places and all(f"{size:.{places}f}".endswith("0") for size in sizes):
        places -= 1
    return places


def checked_anchor(text: str) -> str:
    """Return an anchor as it was given.

    Raises UsageError if it is not made of ASCII letters, digits and hyphens.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", text):
        raise UsageError("anchor of a section", found=repr(text), allowed="letters, digits and hyphens")
    return text
