"""Text made safe to stand in HTML.

Not here: what a block or a page looks like, and how numbers are written (numbers.py).
"""

from __future__ import annotations

import html
import re
import unicodedata

from recurra.errors import UsageError

SPACES = frozenset(" \u00a0\u2002\u2009\u202f\u3000")
"""Spaces that are shown as they are; every other character that does not print is shown by its code."""

MOST_MARKS = 8
"""Combining marks shown in a row; more would be stacked over the neighbouring lines."""


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
    return "".join(f"<code>{escaped(part)}</code>" if odd % 2 else _kept(part) for odd, part in enumerate(parts))


def _kept(text: str) -> str:
    """Return plain words for HTML; a percentage stays on one line."""
    return re.sub(r"[\d.,]+ %", r'<span class="whole">\g<0></span>', escaped(text))


def anchor_of(text: str) -> str:
    """Return a fragment identifier for a title: lower-case letters, digits and hyphens."""
    slug = "-".join(re.findall(r"[a-z0-9]+", text.lower()))
    return slug or "section"


def checked_anchor(text: str) -> str:
    """Return an anchor as it was given.

    Raises UsageError if it is not made of ASCII letters, digits and hyphens.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", text):
        raise UsageError("anchor of a section", found=repr(text), allowed="letters, digits and hyphens")
    return text
