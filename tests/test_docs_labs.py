"""The committed pages of the labs and the README's picture are today's: `make pages` makes them anew."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from recurra.labs.catalogue import FORMAT, read_lab_record, rendered
from recurra.labs.page import SheetHead
from recurra.report.page import to_html

ROOT = Path(__file__).parent.parent
RECORDS = [path for path in sorted((ROOT / "benchmarks" / "results").glob("lab-*.json"))
           if read_lab_record(path).get("format") == FORMAT]  # fmt: skip
PICTURE = ROOT / "docs" / "images" / "lab-next-value.png"
DRAWN = re.compile(r"<svg.*?</svg>|<style>.*?</style>", re.DOTALL)
"""What depends on the fonts at hand, or is no word."""


def words(html: str) -> str:
    return DRAWN.sub("", html)


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_committed_page_says_what_its_record_gives_today(record: Path) -> None:
    page = ROOT / "docs" / "labs" / f"{record.stem.removeprefix('lab-')}.html"
    committed = page.read_text("utf-8")
    assert words(committed) == words(to_html(rendered(record, SheetHead()))), "run `make pages`"
    assert len(committed.encode()) < 2_000_000
    assert "<script" not in committed and not re.search(r"(?:src|href)=\"(?!#)", committed)
    assert f"docs/labs/{page.name}" in (ROOT / "README.md").read_text("utf-8")


def test_the_readmes_picture_is_of_todays_page() -> None:
    stamp = json.loads(PICTURE.with_suffix(".json").read_text("utf-8"))
    page = ROOT / "docs" / "labs" / "next-value.html"
    assert stamp["page"] == hashlib.sha256(page.read_bytes()).hexdigest(), "run `make pages`"
    assert PICTURE.read_bytes().startswith(b"\x89PNG")
