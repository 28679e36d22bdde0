"""A report as one HTML page that needs nothing else, and as JSON.

Not here: what a report says; that is composed by runs/run.py and the labs.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from recurra.artefact.writing import write_atomically
from recurra.errors import UsageError
from recurra.report.blocks import Block, Figure
from recurra.report.html import filled
from recurra.report.markup import anchor_of, checked_anchor, visible


@dataclass(frozen=True)
class Section:
    """A titled part of a report; `anchor` is its fragment identifier, made from the title when empty."""

    title: str
    blocks: tuple[Block, ...]
    anchor: str = ""

    @property
    def fragment(self) -> str:
        """What a link to the section ends with."""
        return checked_anchor(self.anchor) if self.anchor else anchor_of(self.title)


@dataclass(frozen=True)
class Report:
    """A whole report. `record` is the plain data it was made from, for the JSON."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    record: dict[str, Any] = field(default_factory=dict)
    heading: tuple[tuple[str, str], ...] = ()
    """The small table of a lab sheet's head (name, roll number, date, experiment); an empty value leaves a blank."""
    language: str = "en-GB"


def to_html(report: Report) -> str:
    """Return the page: no scripts, no outside references, the same bytes for the same report.

    Raises UsageError if a drawing or a formula is not fit to be inlined, or an anchor is malformed.
    """
    sections = dict(zip(_fragments(report.sections), report.sections, strict=True))
    return filled("page.html", report=report, sections=sections)


def _fragments(sections: tuple[Section, ...]) -> list[str]:
    """Return one fragment a section; a repeated one gets its position."""
    fragments: list[str] = []
    for position, section in enumerate(sections, start=1):
        # `content` is taken by the skip link's target; a second section of the same title gets its place after it.
        wish = section.fragment
        fragments.append(wish if wish not in ("content", *fragments) else f"{wish}-{position}")
    return fragments


def to_json(report: Report) -> str:
    """Return the record and the blocks as JSON, keys sorted; drawings are left out, what is not finite is null."""
    sections = [
        {"title": section.title, "anchor": section.fragment, "blocks": [_block_data(block) for block in section.blocks]}
        for section in report.sections
    ]
    data = {
        "title": report.title,
        "subtitle": report.subtitle,
        "heading": report.heading,
        "sections": sections,
        "record": report.record,
    }
    return json.dumps(plain(data), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _block_data(block: Block) -> dict[str, Any]:
    data = asdict(block)
    # Drawings are left out: they are large, and what they show stands in the record as numbers.
    for figure in (data, *data.get("figures", ())) if not isinstance(block, Figure) else (data,):
        figure.pop("svg", None)
    return {"block": type(block).__name__, **data}


def plain(value: Any) -> Any:
    """Return a value as JSON knows it; arrays become lists, NaN and infinities None.

    Raises UsageError for what has no plain form.
    """
    # Arrays and scalars of NumPy, told by what they can do: this file does not import NumPy.
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {visible(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        # A lone surrogate, half of a character, is valid in Python and in no UTF-8 file.
        return value.encode("utf-8", "backslashreplace").decode()
    # After the floats, and bool among them: True is an int to Python, and stays true in JSON.
    if value is None or isinstance(value, bool | int):
        return value
    raise UsageError("record of a report", found=type(value).__name__, allowed="texts, numbers, lists and tables")


def save(report: Report, path_html: str | Path) -> tuple[Path, Path]:
    """Write the page and, beside it with the suffix .json, the data; return both paths.

    Each file appears whole or not at all; missing folders are made. Raises UsageError if the path is not that of an
    HTML file, RecurraError if it cannot be written.
    """
    page = Path(path_html)
    if page.suffix.lower() not in (".html", ".htm") or page.is_dir():
        raise UsageError("path of a report", found=str(page), allowed="a file name that ends in .html")
    data = page.with_suffix(".json")
    # Both texts are made before the first is written: a report that cannot be made leaves no page without its data.
    for path, text in {page: to_html(report), data: to_json(report)}.items():
        write_atomically(path, text)
    return page, data
